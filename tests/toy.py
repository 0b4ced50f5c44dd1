"""The tiny use case that tests share: will a visitor buy? 1,200 rows, some of them bad on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["TOY_YAML", "toy_frame", "toy_rows", "write_toy"]

TOY_YAML = """\
name: toy
title: Will a visitor buy?
owner: tests
sources:
  visits: {url: data.csv}
target: {column: bought, positive: "yes"}
time: at
id: row
columns:
  types: {amount: number}
clean:
  ranges: {age: [0, 120]}
split:
  train_until: 2024-01-31
  gate_until: 2024-02-20
tune: {trials: 3}
evaluate: {resamples: 100}
monitor: {window: 10d}
"""


def toy_rows(rows: int, *, seed: int = 5, start: str = "2024-01-01", first: int = 0) -> pd.DataFrame:
    """Good rows, one an hour from ``start``, numbered from ``first``.

    `bought` hangs on `age` and `amount` together (which no line separates) and on `region`; the rest is noise.
    About one value in twenty of `region` and `channel` is missing, and one in thirty of `visits`.
    """
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "row": np.arange(first, first + rows),
            "at": pd.date_range(start, periods=rows, freq="h"),
            "age": random.integers(18, 80, rows),
            "amount": np.round(random.gamma(2, 50, rows), 2),
            "visits": pd.array(random.poisson(3, rows), dtype="Int64"),
            "region": random.choice(["north", "south", "east", "west"], rows),
            "channel": random.choice(["web", "shop", "phone"], rows),
            "member": random.uniform(size=rows) < 0.4,
        }
    )
    for number in range(4):
        frame[f"noise_{number}"] = np.round(random.normal(size=rows), 4)
    signal = np.where((frame["age"] > 50) == (frame["amount"] > 85), 1.4, -1.4)
    signal = signal + np.where(frame["region"] == "north", 0.6, -0.2)
    frame["bought"] = np.where(random.uniform(size=rows) < 1 / (1 + np.exp(-signal)), "yes", "no")
    for name, share in {"region": 0.05, "channel": 0.05, "visits": 0.03}.items():
        frame.loc[random.uniform(size=rows) < share, name] = None
    return frame


def toy_frame() -> pd.DataFrame:
    """The 1,200 rows of ``data.csv``, as text where a bad value makes them text.

    5 rows are there twice, 3 have no label, 3 an `amount` that is no number, 2 an `at` that is no time
    and 2 an impossible `age`: 1,185 are good.
    """
    good = toy_rows(1195).astype({"at": object, "amount": object, "bought": object})
    good["at"] = [moment.isoformat(sep=" ") for moment in good["at"]]
    good.loc[[100, 200, 300], "bought"] = None
    good.loc[[110, 210, 310], "amount"] = "many"
    good.loc[[120, 220], "at"] = "soon"
    good.loc[[130, 230], "age"] = [-5, 400]
    return pd.concat([good, good.loc[[10, 20, 30, 40, 50]]], ignore_index=True)


def write_toy(project: Path) -> Path:
    """Write ``usecases/toy`` into a project folder; gives the use case's folder."""
    folder = project / "usecases" / "toy"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(TOY_YAML)
    toy_frame().to_csv(folder / "data.csv", index=False)
    return folder
