"""The ends of intervals within the budget: how long they will take, and how many rounds of them there is time for.

A round of the ends grows two trees, whose leaves are quantiles of their rows and not means, and that are not pruned:
how much dearer that is than a round of the point prediction is known once the best setting is.
"""

from __future__ import annotations

from tidemill.learning.planning import fit_seconds
from tidemill.learning.preparing import Prepared
from tidemill.learning.quantiles import QuantileSetting, seconds_of_ends
from tidemill.learning.trials import Trial

__all__ = ["Ends"]

COST = 3.5
MOST_SHARE = 0.15


class Ends:
    """The ends that will be boosted for intervals of ``coverage``, in a share of ``budget`` (seconds) at most.

    ``rounds`` is how many there is time for; None until :meth:`bound`.
    """

    def __init__(self, prepared: Prepared, coverage: float, budget: float) -> None:
        self._prepared = prepared
        self._coverage = coverage
        self._most = MOST_SHARE * budget
        self._seconds: float | None = None
        self.rounds: int | None = None

    def seconds(self, best: Trial | None) -> float:
        """What they will take by the setting of the ``best`` trial so far: a guess, until they are bound."""
        if self._seconds is not None:
            return self._seconds
        if best is None:
            return 0.0
        on_all = fit_seconds(best, best.rounds, self._prepared.data.rows)
        return min(COST * (best.seconds * best.rounds / best.ran + on_all), self._most)

    def bound(self, best: Trial) -> None:
        """Measure what a round takes by the setting that the Model goes by."""
        setting = QuantileSetting(best.parameters, best.rounds, self._coverage)
        taking = seconds_of_ends(self._prepared.data, self._prepared.problem, self._prepared.folds, setting)
        share = min(1.0, self._most / taking)
        self.rounds = max(1, int(best.rounds * share))
        self._seconds = share * taking
