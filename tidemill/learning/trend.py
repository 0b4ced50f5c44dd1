"""How far in time a row is, where that carries over to later rows.

The trend has no value twice: a tree learns the past's accidents from it, or else that the level has moved, and reads
later rows by the newest level. No rule tells the one from the other, so quick boosters do: they train on the past,
and are checked on the window after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.columns import TimePart, time_part
from tidemill.learning.features import Feature
from tidemill.learning.folds import Fold
from tidemill.learning.quick import FEWEST_ROWS, pays, quick_values, sampled

__all__ = ["with_trend"]

MOST_CELLS = 200_000
TREND: TimePart = "days since 1970"


def with_trend(data: Data, folds: Sequence[Fold], problem: Problem, at: pd.Series) -> Data:
    """The same rows with the days since 1970 of ``at``, their own times, if that pays in every fold.

    ``folds`` look forward in time. Unchanged where folds or rows are too few to tell, where rows are ranked, and where
    nothing is read of the rows' own time.
    """
    time = data.recipe.reference
    known = any(one.column == time for one in data.recipe.features)
    if time is None or not known or len(folds) < 2 or len(folds[-1].fit) < FEWEST_ROWS or problem.task == "ranking":
        return data
    cells = len(data.recipe.features) * problem.outputs
    some = sampled(folds, max(FEWEST_ROWS, MOST_CELLS // cells), problem.seed)
    trend = Feature(name=f"{time}: {TREND}", column=time, kind="time", part=TREND)
    more = data.adding([trend], [time_part(TREND, at, None)])
    before, after = (quick_values(one, some, problem) for one in (data, more))
    return more if pays(after - before) else data
