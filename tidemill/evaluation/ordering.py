"""What the orders that a ranking model gives look like: which grades stand at the top, beside plain orders."""

from __future__ import annotations

import numpy as np

from tidemill.evaluation.curves import rounded
from tidemill.evaluation.evidence import Histogram, Ranking
from tidemill.evaluation.resampling import Doubles
from tidemill.learning.orders import Lists, grades_by_place, of_each_query

__all__ = ["ranking_shapes"]

_PLACES = 10


def ranking_shapes(metric: str, target: Doubles, scores: Doubles, baseline: Doubles, lists: Lists) -> Ranking:
    """``target`` are grades, ``scores`` the model's answers and ``baseline`` those of the strongest plain model."""
    queries = lists.queries
    lowest, highest = np.full(queries.count, np.inf), np.full(queries.count, -np.inf)
    np.minimum.at(lowest, queries.codes, target)
    np.maximum.at(highest, queries.codes, target)
    telling = np.flatnonzero((lowest < highest)[queries.codes])
    inner = queries.taken(telling)
    best = (target == highest[queries.codes])[telling].astype(np.float64)
    flat = np.zeros(len(target))
    shown = {"model": scores, "baseline": baseline, "ideal": target, "shuffled": flat}
    edges = np.linspace(0.0, 1.0, 21)
    each = of_each_query(metric, target, scores, lists)
    counts = np.histogram(each[~np.isnan(each)], edges)[0]
    return Ranking(
        gain=lists.gain,
        queries=queries.count,
        undefined=int(np.isnan(each).sum()),
        alike=queries.count - int((lowest < highest).sum()),
        rows_of_a_query=float(np.median(queries.sizes)),
        longest=int(queries.sizes.max()),
        grades={name: rounded(grades_by_place(target, by, queries, _PLACES)) for name, by in shown.items()},
        first_is_best={
            name: float(grades_by_place(best, by[telling], inner, 1)[0]) if len(telling) else 1.0
            for name, by in shown.items()
        },
        spread=Histogram(edges=rounded(edges), counts={"queries": tuple(int(count) for count in counts)}),
    )
