"""Which trials go into the Model together.

Averaging the raw scores of several good settings is steadier than the best one alone. They are chosen
greedily, with repeats, by what the average scores on the validation rows (Caruana et al., 2004).
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
) -> tuple[int, ...]:
    """Numbers of the chosen trials, the best first; a repeat is a larger weight.

    ``margins`` are out-of-fold scores by trial number, ``most`` limits how many different trials there
    may be, ``lists`` are the folds' where rows are ranked. Stops when no addition helps.
    """
    sign = 1.0 if higher_is_better(metric) else -1.0
    ranked = sorted(trials, key=lambda trial: (-sign * trial.value, trial.number))[:CANDIDATES]
    chosen = [ranked[0].number]
    total = margins[chosen[0]].astype(np.float64)
    best = sign * out_of_fold_score(total, targets, task, metric, weights, lists)
    while len(chosen) < PICKS:
        options = [trial.number for trial in ranked if trial.number in chosen or len(set(chosen)) < most]
        worth = {
            number: sign
            * out_of_fold_score((total + margins[number]) / (len(chosen) + 1), targets, task, metric, weights, lists)
            for number in options
        }
        pick = max(options, key=lambda number: worth[number])
        if worth[pick] <= best:
            break
        best = worth[pick]
        chosen.append(pick)
        total = total + margins[pick]
    return tuple(chosen)


def out_of_fold_score(
    margins: Doubles,
    targets: Sequence[Doubles],
    task: str,
    metric: str,
    weights: Sequence[Doubles | None] | None = None,
    lists: Sequence[Lists | None] | None = None,
) -> float:
    """The metric's mean over the folds; ``margins`` are all folds' check rows one after another."""
    ends = np.cumsum([len(target) for target in targets])[:-1]
    parts = np.split(margins, ends)
    nothing = [None] * len(parts)
    values = [
        score(metric, target, predictions(task, part), own, together)
        for target, part, own, together in zip(targets, parts, weights or nothing, lists or nothing, strict=True)
    ]
    return mean_defined(values)
