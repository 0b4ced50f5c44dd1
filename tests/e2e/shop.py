"""A use case that any decent tuning gets promoted: weak signals under much noise, where defaults overfit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["later_rows", "write_shop"]

YAML = """\
name: shop
title: Will a visitor buy?
sources: {{visits: {{url: {url}}}}}
derive: {{per_visit: amount / visits}}
target: {{column: bought, positive: "yes"}}
time: at
id: row
split: {{train_until: 2024-04-01, gate_until: 2024-05-15}}
tune: {{trials: 5, threads: 1}}
gate: {{approval: {approval}}}
evaluate: {{resamples: 200}}
monitor: {{window: 7d}}
serve: {{reload_seconds: 0.2}}
"""
_START = "2024-01-01"


def rows(count: int, *, first: int = 0, seed: int = 3) -> pd.DataFrame:
    """One visit every 45 minutes from the year's start, numbered from ``first``."""
    random = np.random.default_rng((seed, first))
    frame = pd.DataFrame(
        {
            "row": np.arange(first, first + count),
            "at": pd.Timestamp(_START) + pd.to_timedelta(45 * np.arange(first, first + count), unit="min"),
            "amount": np.round(random.gamma(2, 50, count), 2),
            "visits": random.integers(1, 9, count),
            "region": random.choice(["north", "south", "east"], count),
        }
    )
    for number in range(10):
        frame[f"noise_{number}"] = np.round(random.normal(size=count), 4)
    signal = 1.3 * np.sin(frame["amount"] / 30) + np.where(frame["region"] == "north", 0.9, -0.3)
    frame["bought"] = np.where(random.uniform(size=count) < 1 / (1 + np.exp(-signal)), "yes", "no")
    frame.loc[random.uniform(size=count) < 0.05, "region"] = None
    return frame


def write_shop(project: Path, *, approval: str = "auto", url: str = "data.csv") -> Path:
    """Write ``usecases/shop`` into a project; gives its folder. The data ends with the gate's window."""
    folder = project / "usecases" / "shop"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(YAML.format(approval=approval, url=url))
    if "://" not in url:
        rows(4300).to_csv(folder / url, index=False)
    return folder


def later_rows(count: int = 500) -> pd.DataFrame:
    """Rows after the gate's window."""
    return rows(count, first=4400)
