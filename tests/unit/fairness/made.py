"""Answers of made-up models on made-up rows of a few groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tidemill.evaluation.field import Field, Racer
from tidemill.fairness.grouping import Group, groups_of
from tidemill.fairness.measuring import Key, Measured, measure
from tidemill.fairness.records import Gap
from tidemill.fairness.testing import adjusted, gap_of, pairs

__all__ = ["as_two_classes", "binary_field", "by_level", "gaps", "measured_of"]


def by_level(values: np.ndarray) -> tuple[Group, ...]:
    """One group a level."""
    return groups_of(pd.Series(values), (), fewest=1, masked=False)


def binary_field(groups: np.ndarray, rates: dict[str, float], seed: int, *, weights: bool = False) -> Field:
    """Truth is the same in every group, and the answer is a one as often as ``rates`` says."""
    random = np.random.default_rng(seed)
    truth = (random.uniform(size=len(groups)) < 0.4).astype(np.float64)
    said = random.uniform(size=len(groups)) < np.array([rates[group] for group in groups])
    answers = np.where(said, random.uniform(0.5, 1.0, len(groups)), random.uniform(0.0, 0.5, len(groups)))
    own = random.integers(1, 4, len(groups)).astype(np.float64) if weights else None
    return Field("binary", "auc", truth, (Racer("this model", "challenger", answers, 0.5),), own)


def as_two_classes(field: Field) -> Field:
    """The same answers as probabilities of each of two classes, as models of several classes give them."""
    shares = field.challenger.answers
    racer = Racer("this model", "challenger", np.column_stack([1 - shares, shares]))
    return Field("multiclass", field.metric, field.target, (racer,), field.weights)


def gaps(
    measured: list[dict[Key, Measured]], groups: tuple[Group, ...], limits: dict[str, float], fewest: int = 20
) -> dict[Key, Gap]:
    """The largest gap of each measure."""
    found = adjusted(pairs("sex", groups, measured, limits, fewest))
    keys = dict.fromkeys(pair.key for pair in found)
    return {key: gap_of([pair for pair in found if pair.key == key], 0.95) for key in keys}


def measured_of(field: Field, groups: tuple[Group, ...], resamples: int = 200) -> list[dict[Key, Measured]]:
    """Every measure of every group."""
    return measure(field, ["no", "yes"], groups, resamples=resamples, seed=5)
