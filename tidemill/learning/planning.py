"""From trials to a plan of fits: which settings the Model averages, for how many rounds, from how many seeds.

A booster that is fitted again from another seed draws other rows and columns, and the mean of several is
steadier than one (bagging: Breiman, 1996). That is worth most where rows are few, and costs least there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidemill.learning.space import SLOWEST_RATE
from tidemill.learning.trials import Trial
from tidemill.results import Fit

__all__ = ["MOST_OF_THE_ROWS", "Limits", "fit_seconds", "lesser", "plan_fits", "rounds_on"]

FIT_MARGIN = 1.0
MORE_ROWS = 0.2
MORE_THAN_TRIED = 1.2
MOST_OF_THE_ROWS = 0.9
FASTEST_RATE = 0.3
MILLISECONDS_A_BOOSTER = 0.08
MILLISECONDS_A_TREE = 0.001
BYTES_A_LEAF = 120


@dataclass(frozen=True)
class Limits:
    """What the Model may be: ``boosters`` at most, and what one row's answer and its file may take (None: any)."""

    boosters: int
    milliseconds: float | None = None
    megabytes: float | None = None

    def allow(self, fits: Sequence[Fit], trials: Mapping[int, Trial], outputs: int) -> bool:
        """Whether the plan keeps within them, by what boosters and trees usually take."""
        boosters = sum(fit.seeds for fit in fits)
        trees = sum(fit.seeds * fit.rounds * outputs for fit in fits)
        leaves = sum(fit.seeds * fit.rounds * outputs * 2.0 ** _depth(trials[fit.trial]) for fit in fits)
        if boosters > self.boosters:
            return False
        taken = boosters * MILLISECONDS_A_BOOSTER + trees * MILLISECONDS_A_TREE
        if self.milliseconds is not None and taken > self.milliseconds:
            return False
        return self.megabytes is None or leaves * BYTES_A_LEAF / 1e6 <= self.megabytes


def rounds_on(trial: Trial, rows: int) -> int:
    """How many rounds the trial's setting is worth on ``rows`` rows: more of them bear some more trees."""
    more = max(rows * len(trial.folds) / trial.rows, 1.0) if trial.rows else 1.0
    return max(1, int(trial.rounds * more**MORE_ROWS + 0.5))


def fit_seconds(trial: Trial, rounds: int, rows: int) -> float:
    """What fitting the trial's setting on ``rows`` rows will take, by what its folds took together."""
    share = rows / (trial.rows or rows) * rounds / trial.ran
    return FIT_MARGIN * trial.seconds * share


def plan_fits(
    trials: Mapping[int, Trial],
    chosen: Sequence[int],
    *,
    rows: int,
    outputs: int,
    seeds: int,
    limits: Limits,
    seconds: float | None,
) -> tuple[Fit, ...]:
    """Fits of the ``chosen`` trials (the best first, repeats are weight) within ``seconds`` and the ``limits``.

    Each from up to ``seeds`` seeds. There is always a first fit, whatever it takes; if there is no time for it, and
    the trial grew it on nearly all rows, that booster is kept.
    """
    fits = [_fit(trials[number], weight, rows) for number, weight in Counter(chosen).items()]
    took = {fit.trial: fit_seconds(trials[fit.trial], fit.rounds, rows) for fit in fits}
    while len(fits) > 1 and not (_in_time(fits, took, seconds) and limits.allow(fits, trials, outputs)):
        fits.pop()
    best = trials[fits[0].trial]
    if not _in_time(fits, took, seconds) and len(best.folds) == 1 and (best.rows or 0) >= MOST_OF_THE_ROWS * rows:
        return (fits[0].model_copy(update={"rows": best.rows, "rounds": best.rounds, "kept": True}),)
    for more in range(2, seeds + 1):
        wider = [fit.model_copy(update={"seeds": more}) for fit in fits]
        if not (_in_time(wider, took, seconds) and limits.allow(wider, trials, outputs)):
            break
        fits = wider
    return tuple(fits)


def lesser(fit: Fit, trial: Trial, rows: int, share: float, *, may_be_sampled: bool) -> Fit:
    """The fit of ``trial`` in ``share`` of what it takes on all ``rows``, below 1.

    In fewer rounds that learn faster, as far as that goes. Beyond that on a sample, if it has more rows than the
    trial had; else what the trial grew is kept (of a single fold), or it is grown for as long as there is time.
    """
    quick = _hastened(fit, share)
    left = share * fit.rounds / quick.rounds
    if left >= 1.0:
        return quick
    tried = trial.rows // len(trial.folds) if trial.rows else rows
    affordable = int(rows * left)
    if may_be_sampled and affordable >= tried * MORE_THAN_TRIED:
        return quick.model_copy(update={"rows": affordable})
    if len(trial.folds) == 1:
        return fit.model_copy(update={"rows": min(tried, rows), "rounds": trial.rounds, "kept": True})
    return quick


def _hastened(fit: Fit, share: float) -> Fit:
    """The fit in ``share`` of its rounds, or in as many as XGBoost's own learning rate needs for the same progress."""
    rate = min(fit.learning_rate / max(share, 1e-6), max(FASTEST_RATE, fit.learning_rate))
    rounds = max(1, int(fit.rounds * fit.learning_rate / rate))
    return fit.model_copy(update={"rounds": rounds, "learning_rate": rate})


def _fit(trial: Trial, weight: int, rows: int) -> Fit:
    rate = float(trial.parameters.get("learning_rate") or SLOWEST_RATE)
    return Fit(trial=trial.number, weight=weight, rounds=rounds_on(trial, rows), seeds=1, learning_rate=rate)


def _in_time(fits: Sequence[Fit], took: Mapping[int, float], seconds: float | None) -> bool:
    return seconds is None or sum(fit.seeds * took[fit.trial] for fit in fits) <= seconds


def _depth(trial: Trial) -> float:
    return float(trial.parameters.get("max_depth") or 6)
