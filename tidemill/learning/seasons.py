"""Which parts of times carry over to later rows: the trend, and the slow parts of the calendar.

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
    with it; a part, of every column of times, is left out where the folds are on average better without it. Unchanged
    where folds or rows are too few to tell, where rows are ranked, and where nothing is read of the rows' own time.
    """
    time = data.recipe.reference
    known = any(one.column == time for one in data.recipe.features)
    if time is None or not known or len(folds) < 2 or len(folds[-1].fit) < FEWEST_ROWS or problem.task == "ranking":
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
        kept = _places_without(best.recipe.features, part)
        if len(kept) == len(best.recipe.features):
            continue
        fewer = best.keeping(kept)
        found = quick_values(fewer, some, problem)
        if (found - value).mean() > 0:
            best, value = fewer, found
    return best


def _places_without(features: Sequence[Feature], part: TimePart) -> list[int]:
    """Where the features are that are not this part of a time, or all that is read of one."""
    others = {one.column for one in features if one.part != part}
    return [place for place, one in enumerate(features) if one.part != part or one.column not in others]
