"""Which trials go into the Model together.

Averaging the raw scores of several good settings is steadier than the best one alone. They are chosen
greedily, with repeats, by what the average scores on the validation rows (Caruana et al., 2004).

Folds of different times are not alike: what the mean of them gains may be gained in one, which will not come again.
There a gain must be more than its own standard error over the folds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidemill.learning.margins import Margins
from tidemill.learning.objectives import predictions
from tidemill.learning.orders import Lists
from tidemill.learning.scores import Doubles, higher_is_better, mean_defined, score
from tidemill.learning.trials import Trial

__all__ = ["choose_members", "out_of_fold_score"]

CANDIDATES = 12
PICKS = 10


def choose_members(
    trials: Sequence[Trial],
    margins: dict[int, Margins],
    targets: Sequence[Doubles],
    task: str,
    metric: str,
    most: int,
    weights: Sequence[Doubles | None] | None = None,
    lists: Sequence[Lists | None] | None = None,
    *,
    of_times: bool = False,
) -> tuple[int, ...]:
    """Numbers of the chosen trials, the best first; a repeat is a larger weight.

    ``margins`` are out-of-fold scores by trial number, ``most`` limits how many different trials there
    may be, ``lists`` are the folds' where rows are ranked, ``of_times`` says that folds are of different times. Stops
    when no addition helps.
    """
    sign = 1.0 if higher_is_better(metric) else -1.0
    ranked = sorted(trials, key=lambda trial: (-sign * trial.value, trial.number))[:CANDIDATES]
    chosen = [ranked[0].number]
    total = margins[chosen[0]].astype(np.float64)
    best = sign * _fold_scores(total, targets, task, metric, weights, lists)
    while len(chosen) < PICKS:
        options = [trial.number for trial in ranked if trial.number in chosen or len(set(chosen)) < most]
        found = {
            number: sign
            * _fold_scores((total + margins[number]) / (len(chosen) + 1), targets, task, metric, weights, lists)
            for number in options
        }
        gains = {number: _gain(values - best, of_times=of_times) for number, values in found.items()}
        pick = max(options, key=lambda number: gains[number])
        if gains[pick] <= 0:
            break
        best = found[pick]
        chosen.append(pick)
        total = total + margins[pick]
    return tuple(chosen)


def _gain(better: Doubles, *, of_times: bool) -> float:
    """By how much folds are better, on average; of different times, by how much at least they are likely to be."""
    known = better[~np.isnan(better)]
    error = known.std(ddof=1) / np.sqrt(len(known)) if of_times and len(known) > 1 else 0.0
    return mean_defined(better.tolist()) - float(error)


def out_of_fold_score(
    margins: Doubles,
    targets: Sequence[Doubles],
    task: str,
    metric: str,
    weights: Sequence[Doubles | None] | None = None,
    lists: Sequence[Lists | None] | None = None,
) -> float:
    """The metric's mean over the folds; ``margins`` are all folds' check rows one after another."""
    return mean_defined(_fold_scores(margins, targets, task, metric, weights, lists).tolist())


def _fold_scores(
    margins: Doubles,
    targets: Sequence[Doubles],
    task: str,
    metric: str,
    weights: Sequence[Doubles | None] | None,
    lists: Sequence[Lists | None] | None,
) -> Doubles:
    """The metric of each fold, shape ``(folds,)``."""
    ends = np.cumsum([len(target) for target in targets])[:-1]
    parts = np.split(margins, ends)
    nothing = [None] * len(parts)
    return np.array(
        [
            score(metric, target, predictions(task, part), own, together)
            for target, part, own, together in zip(targets, parts, weights or nothing, lists or nothing, strict=True)
        ]
    )
