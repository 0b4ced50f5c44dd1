"""Where two ways of answering the same rows disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidemill.learning.scores import Doubles

__all__ = ["TOLERANCE", "Answers", "Disagreement", "compare"]

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Answers:
    """What one way answered. ``refused`` says of which rows, and why, it gave no answer where others did.

    ``table`` has a row for each row that was asked, with its number as the index; what was refused is not in it.
    ``untold`` are columns that can't be told when asked like this, such as the rank of a row alone.
    """

    way: str
    table: pd.DataFrame
    refused: dict[int, str]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disagreement:
    """One row that ``way`` answers otherwise: which column, both values, and by how much they differ.

    Differences of numbers beyond 1 are relative. It is infinite where a value is no number or is not there.
    """

    way: str
    row: int
    column: str
    expected: str
    found: str
    difference: float


def compare(
    expected: pd.DataFrame, answers: Answers, labels: Sequence[object], threshold: float | None
) -> tuple[float, list[Disagreement]]:
    """The largest difference that is none, and those that are one, the largest first.

    ``labels`` are the classes in the order of their probabilities, empty where numbers are predicted. A class that
    is decided by less than the tolerance may be the other one: its probability is what must agree.
    """
    found = [
        Disagreement(answers.way, row, "any", "an answer", f"a refusal: {why}", np.inf)
        for row, why in answers.refused.items()
    ]
    largest = 0.0
    theirs = answers.table
    if theirs.empty:
        return largest, found
    wanted = expected.loc[theirs.index]
    for name in expected.columns.drop(list(answers.untold), errors="ignore"):
        if name not in theirs.columns:
            found.append(Disagreement(answers.way, int(theirs.index[0]), str(name), "a column", "none", np.inf))
            continue
        is_class = name == "prediction" and bool(labels)
        gaps = _unlike(wanted, theirs, labels, threshold) if is_class else _gaps(wanted[name], theirs[name])
        for place in np.flatnonzero(~(gaps <= TOLERANCE)).tolist():
            ours, other = (_shown(one[name].iloc[place]) for one in (wanted, theirs))
            row, gap = int(theirs.index[place]), float(gaps[place])
            found.append(Disagreement(answers.way, row, str(name), ours, other, gap))
        agreed = gaps[gaps <= TOLERANCE]
        largest = max(largest, float(agreed.max(initial=0.0)))
    return largest, sorted(found, key=lambda one: -one.difference)


def _gaps(expected: pd.Series, found: pd.Series) -> Doubles:
    """Absolute differences of numbers up to 1, relative ones beyond; infinite where only one of them is there."""
    ours, theirs = (one.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) for one in (expected, found))
    with np.errstate(invalid="ignore"):
        gaps = np.abs(ours - theirs) / np.maximum(1.0, np.abs(ours))
    alike = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return np.asarray(np.where(alike, 0.0, np.where(np.isnan(gaps), np.inf, gaps)))


def _unlike(expected: pd.DataFrame, found: pd.DataFrame, labels: Sequence[object], threshold: float | None) -> Doubles:
    """Infinite where another class is predicted, and not by a hair's breadth."""
    pairs = zip(expected["prediction"].tolist(), found["prediction"].tolist(), strict=True)
    other = np.array([ours != theirs for ours, theirs in pairs])
    shares = expected[[name for name in expected.columns if str(name).startswith("probability_")]].to_numpy(float)
    if len(labels) == 2:
        margin = np.abs(shares[:, 1] - (0.5 if threshold is None else threshold))
    else:
        ordered = np.sort(shares, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
    return np.asarray(np.where(other & (margin > TOLERANCE), np.inf, 0.0))


def _shown(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else "nothing" if pd.isna(value) else str(value)  # type: ignore[call-overload]
