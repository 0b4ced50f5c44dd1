"""Which parts of the use case's own time carry over to later rows: the trend, and the slow parts of the calendar.

How far in time a row is (the trend) has no value twice: a tree learns the past's accidents from it, or else that the
level has moved, and reads later rows by the newest level. And a few months show each day of the month a few times:
what stands out then is often what else happened on those days. No rule tells the one from the other, so quick
boosters do: they train on the past, and are checked on the window after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tidemill.learning.boosting import Data, Problem
from tidemill.learning.columns import TimePart, time_part
from tidemill.learning.features import Feature
from tidemill.learning.folds import Fold
from tidemill.learning.quick import FEWEST_ROWS, pays, quick_values, sampled

__all__ = ["with_seasons"]

MOST_CELLS = 200_000
SLOW: tuple[TimePart, ...] = ("day of year", "day of month")
TREND: TimePart = "days since 1970"


def with_seasons(data: Data, folds: Sequence[Fold], problem: Problem, at: pd.Series) -> Data:
    """The same rows with the trend if it pays, and without the slow parts of the calendar that do harm.

    ``folds`` look forward in time, and ``at`` are the rows' own times. The trend comes in where every fold is better
    with it, a part is left out where the folds are on average better without it. Unchanged where folds or rows are too
    few to tell, where rows are ranked, and where nothing is read of the time.
    """
    time = data.recipe.reference
    own = [one.part for one in data.recipe.features if one.column == time]
    if time is None or not own or len(folds) < 2 or len(folds[-1].fit) < FEWEST_ROWS or problem.task == "ranking":
        return data
    cells = len(data.recipe.features) * problem.outputs
    some = sampled(folds, max(FEWEST_ROWS, MOST_CELLS // cells), problem.seed)
    best, value = data, quick_values(data, some, problem)
    trend = Feature(name=f"{time}: {TREND}", column=time, kind="time", part=TREND)
    more = data.adding([trend], [time_part(TREND, at, None)])
    found = quick_values(more, some, problem)
    if pays(found - value):
        best, value = more, found
    for part in SLOW:
        if part not in own or len(own) == 1:
            continue
        fewer = best.keeping([place for place, one in enumerate(best.recipe.features) if not _is(one, time, part)])
        found = quick_values(fewer, some, problem)
        if (found - value).mean() > 0:
            best, value = fewer, found
            own.remove(part)
    return best


def _is(feature: Feature, time: str, part: TimePart) -> bool:
    return feature.column == time and feature.part == part
