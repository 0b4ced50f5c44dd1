"""Searches in a little shop: which of the offers that a search found is the best, by grades from 0 to 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["LISTS_YAML", "lists_frame", "write_lists"]

LISTS_YAML = """\
name: shop
title: Which offer should stand first?
sources: {offers: {url: offers.csv}}
target: grade
task: ranking
query: search
id: offer
tune: {trials: 3, threads: 1}
evaluate: {resamples: 100}
"""


def lists_frame(searches: int = 60, *, seed: int = 3, mixed: bool = True) -> pd.DataFrame:
    """3 to 14 offers a search. Cheap and well rated offers are graded best, which of the two more hangs on the season.

    The rows of a search lie apart from each other if ``mixed``. One search in twenty has no relevant offer.
    """
    random = np.random.default_rng(seed)
    sizes = random.integers(3, 15, searches)
    search = np.repeat(np.arange(searches), sizes)
    rows = len(search)
    frame = pd.DataFrame(
        {
            "offer": np.arange(rows),
            "search": [f"q{number}" for number in search],
            "at": pd.date_range("2024-01-01", periods=searches, freq="h", tz="UTC", unit="us")[search],
            "price": np.round(random.gamma(3, 20, rows), 2),
            "stars": random.integers(1, 6, rows),
            "brand": random.choice(["acme", "best", "cut"], rows),
            "season": random.choice(["summer", "winter"], searches)[search],
            "noise": np.round(random.normal(size=rows), 4),
        }
    )
    weight = np.where(frame["season"] == "summer", 1.0, 0.3)
    worth = weight * frame["stars"] - (1.2 - weight) * frame["price"] / 20 + random.normal(scale=0.4, size=rows)
    grade = np.digitize(worth - worth.groupby(search).transform("mean"), [-0.3, 0.8, 1.8])
    frame["grade"] = np.where(random.uniform(size=searches)[search] < 0.05, 0, grade)
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True) if mixed else frame


def write_lists(project: Path, searches: int = 60) -> Path:
    """Write ``usecases/shop`` into a project folder; gives the use case's folder."""
    folder = project / "usecases" / "shop"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(LISTS_YAML)
    lists_frame(searches).to_csv(folder / "offers.csv", index=False)
    return folder
