"""Which settings are averaged: those that make the average better, and not in one stretch of time alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from tidemill.learning.bagging import choose_members
from tidemill.learning.trials import Trial

ROWS = 400
RANDOM = np.random.default_rng(6)
TARGETS = [RANDOM.normal(size=ROWS) for _ in range(3)]
NOISE = [[RANDOM.normal(size=ROWS) for _ in range(3)] for _ in range(2)]


def errors(*sizes: float, of: int) -> np.ndarray:
    """Predictions whose errors have this size in each fold, and nothing in common with another ``of``'s."""
    return np.concatenate([y + size * e for y, size, e in zip(TARGETS, sizes, NOISE[of], strict=True)])


def chosen(second: np.ndarray, *, of_times: bool) -> tuple[int, ...]:
    margins = {0: errors(1.0, 1.0, 1.0, of=0), 1: second}
    trials = [
        trial(number, float(np.sqrt(np.mean((margins[number] - np.concatenate(TARGETS)) ** 2)))) for number in margins
    ]
    picks = choose_members(trials, margins, TARGETS, "regression", "rmse", 5, of_times=of_times)
    return tuple(sorted(set(picks)))


def trial(number: int, value: float) -> Trial:
    return Trial(
        number=number,
        state="finished",
        parameters={},
        value=value,
        folds=(value,) * 3,
        rounds=1,
        ran=1,
        reported={},
        cut=False,
        seconds=1.0,
        began=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("of_times", [False, True])
def test_what_is_as_good_everywhere_is_averaged(of_times: bool) -> None:
    assert chosen(errors(1.1, 1.1, 1.1, of=1), of_times=of_times) == (0, 1)


@pytest.mark.parametrize("of_times", [False, True])
def test_what_is_worse_everywhere_is_not(of_times: bool) -> None:
    assert chosen(errors(4.0, 4.0, 4.0, of=1), of_times=of_times) == (0,)


def test_a_gain_in_one_stretch_of_time_alone_is_none() -> None:
    lucky = errors(1.9, 1.9, 0.3, of=1)
    assert chosen(lucky, of_times=False) == (0, 1)
    assert chosen(lucky, of_times=True) == (0,)
