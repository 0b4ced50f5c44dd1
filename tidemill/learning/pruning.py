"""When a setting is hopeless beside the others that were tried: as Optuna's pruner.

Imports optuna, so it is reached through functions.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from optuna.pruners import BasePruner, MedianPruner
from optuna.study import StudyDirection
from optuna.trial import TrialState

from tidemill.learning.scores import ORDERS

if TYPE_CHECKING:
    import optuna

__all__ = ["Pruner"]

UNPRUNED_TRIALS = 4
LATE = 4


class Pruner(BasePruner):
    """Gives up what is worse than the median at the same progress (rounds times the learning rate).

    From progress 4 on that is the median of the trials that finished. What is told before counts only where the metric
    hangs on the order of the scores alone: at 1 they have gone some two thirds of their way, so their order says what
    it will be, and their size how fast a setting learns. It is held beside all that were tried, the given up among
    them: else each that stays would raise the bar, until only what begins best could pass.
    """

    def __init__(self, metric: str) -> None:
        self._early = metric.split("@")[0] in ORDERS
        self._late = MedianPruner(UNPRUNED_TRIALS, LATE)

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether the trial is hopeless by its newest value."""
        step = trial.last_step
        if step is None or step >= LATE:
            return self._late.prune(study, trial)
        others = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        finished = sum(one.state is TrialState.COMPLETE for one in others)
        known = [one.intermediate_values[step] for one in others if step in one.intermediate_values]
        if not self._early or finished < UNPRUNED_TRIALS or not known:
            return False
        sign = 1.0 if study.direction is StudyDirection.MAXIMIZE else -1.0
        return sign * trial.intermediate_values[step] < sign * statistics.median(known)
