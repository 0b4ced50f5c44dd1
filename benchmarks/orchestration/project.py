"""The benchmark's project: one use case, any number of made-up rows with 30 columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["COLUMNS", "NAME", "write"]

NAME = "made_up"
COLUMNS = 30
_PART = 250_000

_YAML = """\
name: {name}
title: A made-up table of {rows} rows and {columns} columns
sources: {{rows: {{url: data/part-*.parquet}}}}
target: answer
time: at
id: row
tune: {{trials: {trials}, budget: 3600}}
evaluate: {{resamples: 100}}
"""


def write(project: Path, rows: int, trials: int, seed: int = 7) -> Path:
    """Write ``usecases/made_up`` into ``project``, which is made; gives the use case's folder.

    A row id, a time, 20 numbers, 5 categories, 2 booleans and a binary target that hangs on some of them:
    30 columns.
    """
    folder = project / "usecases" / NAME
    (folder / "data").mkdir(parents=True)
    (folder / "usecase.yaml").write_text(_YAML.format(name=NAME, rows=rows, columns=COLUMNS, trials=trials))
    random = np.random.default_rng(seed)
    for part, first in enumerate(range(0, rows, _PART)):
        frame = _rows(first, min(_PART, rows - first), random)
        frame.to_parquet(folder / "data" / f"part-{part:03d}.parquet", index=False)
    return folder


def _rows(first: int, count: int, random: np.random.Generator) -> pd.DataFrame:
    start = pd.Timestamp("2024-01-01", tz="UTC")
    made: dict[str, object] = {
        "row": np.arange(first, first + count),
        "at": start + pd.to_timedelta(np.arange(first, first + count) * 30, unit="s"),
    }
    numbers = {f"number_{i:02d}": random.normal(size=count).astype(np.float32) for i in range(20)}
    levels = {f"level_{i}": random.integers(0, 4 * (i + 1), count) for i in range(5)}
    flags = {f"flag_{i}": random.uniform(size=count) < 0.3 for i in range(2)}
    score = numbers["number_00"] - 0.7 * numbers["number_01"] * numbers["number_02"] + 0.4 * (levels["level_2"] % 3)
    score = score + np.where(flags["flag_0"], 0.5, -0.2)
    made |= numbers | {name: np.char.add("level ", codes.astype(str)) for name, codes in levels.items()} | flags
    made["answer"] = random.uniform(size=count) < 1 / (1 + np.exp(-score))
    return pd.DataFrame(made)
