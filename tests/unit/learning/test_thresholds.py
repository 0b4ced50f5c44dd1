"""Thresholds: no other cut serves better, and costs are what they were said to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tidemill.learning.thresholds import best_threshold, cheapest_threshold

AIMS = {
    "f1": metrics.f1_score,
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
}


@pytest.mark.parametrize("aim", AIMS)
@given(seed=st.integers(0, 500), weighted=st.booleans())
def test_no_other_cut_is_better(aim: str, seed: int, weighted: bool) -> None:
    random = np.random.default_rng(seed)
    shares = np.round(random.uniform(0.05, 1.0, size=40), 1)
    target = np.r_[1.0, 0.0, random.uniform(size=38) < shares[2:]].astype(np.float64)
    weights = random.uniform(0.1, 3.0, size=40) if weighted else None
    cut = best_threshold(aim, target, shares, weights)
    best = AIMS[aim](target, shares >= cut, sample_weight=weights)
    others = [AIMS[aim](target, shares >= other, sample_weight=weights) for other in np.unique(shares)]
    assert best >= max(others) - 1e-12


def folds(shift: float) -> list[tuple[np.ndarray, np.ndarray, None]]:
    """Three folds whose probabilities are off by ``shift`` in the log-odds."""
    random = np.random.default_rng(2)
    made = []
    for _ in range(3):
        odds = random.normal(-1.0, 1.5, 4000)
        target = (random.uniform(size=4000) < 1 / (1 + np.exp(-odds))).astype(np.float64)
        made.append((target, 1 / (1 + np.exp(-odds - shift)), None))
    return made


def test_right_probabilities_are_cut_where_theory_says() -> None:
    assert cheapest_threshold(9.0, 1.0, folds(0.0)) == pytest.approx(0.1)


def test_wrong_probabilities_are_cut_where_it_was_cheapest() -> None:
    cut = cheapest_threshold(9.0, 1.0, folds(2.0))
    known = 1 / (1 + np.exp(-(np.log(1 / 9) + 2.0)))
    assert abs(cut - known) < 0.1
