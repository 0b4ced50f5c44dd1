"""Counter-checks of what drives a Model: what it loses when a column's values are shuffled, and by leaving some out.

Shuffling (permutation importance: Breiman, 2001; Fisher, Rudin and Dominici, 2019) asks what the Model's answers lose
without what the column tells, on gate rows. Columns that nearly repeat each other are shuffled together, or each would
stand in for the other. What loses nothing might be left out: that is tried, by fitting anew without all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tidemill.evaluation.evidence import LeftOut, Shuffled
from tidemill.evaluation.explaining import sample
from tidemill.evaluation.field import Field, Racer
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.resampling import Doubles, Draws, Statistic, interval, resample
from tidemill.learning.features import Matrix, Recipe
from tidemill.learning.leaving_out import Refitting
from tidemill.learning.model import Model
from tidemill.learning.scores import higher_is_better
from tidemill.results import Interval
from tidemill.usecase.schema import UseCase

__all__ = ["left_out", "looked_at", "shuffled", "taken"]

MOST_TREE_ROWS = 120e6
MOST_ROWS = 5_000
FEWEST_ROWS = 300
STRONGEST = 10
WEAKEST = 20
RESAMPLES = 200
ALIKE = 0.9


def looked_at(model: Model, field: Field, columns: int, seed: int) -> NDArray[np.intp]:
    """The places of the gate rows to check on: so many that it takes seconds, whole queries where rows are ranked."""
    units = min(columns, STRONGEST + WEAKEST) + 1
    trees = sum(member.rounds for member in model.description.members) * max(len(model.classes) - 1, 1)
    most = int(max(min(MOST_TREE_ROWS / (units * max(trees, 1)), MOST_ROWS), FEWEST_ROWS))
    if field.lists is None:
        return sample(len(field.target), most, seed)
    queries = field.lists.queries
    some = sample(queries.count, max(most * queries.count // len(field.target), 20), seed)
    return np.flatnonzero(np.isin(queries.codes, some))


def taken(field: Field, rows: NDArray[np.intp]) -> Field:
    """The challenger and the truth on some of the rows."""
    own = field.challenger
    return replace(
        field,
        target=field.target[rows],
        racers=(Racer(own.name, own.role, own.answers[rows], own.threshold),),
        weights=None if field.weights is None else field.weights[rows],
        lists=None if field.lists is None else field.lists.taken(rows),
    )


def shuffled(
    use_case: UseCase, model: Model, field: Field, matrix: Matrix, ranked: Sequence[str]
) -> tuple[Shuffled, ...]:
    """What the deciding metric loses when columns are shuffled, paired, the most first.

    ``matrix`` is what the Model reads of the field's rows; ``ranked`` are its columns, the strongest first: the ten
    strongest and the twenty weakest are looked at, each with those that repeat it.
    """
    recipe = model.description.recipe
    units = _alike(recipe, matrix, ranked)
    units = units if len(units) <= STRONGEST + WEAKEST else [*units[:STRONGEST], *units[-WEAKEST:]]
    order = np.random.default_rng(use_case.seed).permutation(len(matrix))
    answers = []
    for unit in units:
        places = [place for place, one in enumerate(recipe.features) if not unit.isdisjoint(recipe.reads(one))]
        other = matrix.copy()
        other[:, places] = matrix[order][:, places]
        answers.append(model.numbers(other))
    losses = _losses(use_case, field, field.challenger.answers, answers)
    found = [
        Shuffled(columns=tuple(name for name in ranked if name in unit), loss=loss)
        for unit, loss in zip(units, losses, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: -one.loss.value))


def left_out(
    use_case: UseCase, model: Model, field: Field, matrix: Matrix, found: Sequence[Shuffled], refitting: Refitting
) -> LeftOut | None:
    """How the metric changes without all the columns whose shuffling loses nothing that is more than chance."""
    idle = tuple(name for one in found if one.loss.low <= 0 for name in one.columns)
    if not idle or len(idle) == sum(len(one.columns) for one in found):
        return None
    pair = refitting.pair(model.description.recipe, frozenset(idle), matrix)
    if pair is None:
        return None
    whole, fewer, rows = pair
    (loss,) = _losses(use_case, field, whole, [fewer])
    return LeftOut(columns=idle, loss=loss, rows=rows)


def _losses(use_case: UseCase, field: Field, whole: Doubles, others: Sequence[Doubles]) -> list[Interval]:
    sign = 1.0 if higher_is_better(field.metric) else -1.0
    cut = field.challenger.threshold
    statistics: dict[str, Statistic] = {
        str(place): statistic(field.metric, field.target, values, cut, field.lists)
        for place, values in enumerate([whole, *others])
    }
    drawn: dict[str, Draws] = resample(
        statistics,
        field.drawn,
        resamples=min(use_case.evaluate.resamples, RESAMPLES),
        seed=use_case.seed,
        weights=field.drawn_weights,
    )
    return [
        interval(field.metric, drawn["0"].minus(drawn[str(place)], sign), use_case.evaluate.confidence)
        for place in range(1, len(others) + 1)
    ]


def _alike(recipe: Recipe, matrix: Matrix, ranked: Sequence[str]) -> list[set[str]]:
    """The columns, each with those whose ranks go with its own; the strongest first."""
    places = {name: [at for at, one in enumerate(recipe.features) if one.column == name] for name in ranked}
    units: list[set[str]] = []
    leaders: list[Doubles | None] = []
    for name in ranked:
        own = _ranks(matrix[:, places[name][0]]) if len(places[name]) == 1 else None
        for unit, leader in zip(units, leaders, strict=True):
            if own is not None and leader is not None and abs(float(own @ leader)) >= ALIKE:
                unit.add(name)
                break
        else:
            units.append({name})
            leaders.append(own)
    return units


def _ranks(values: NDArray[np.float32]) -> Doubles | None:
    """Ranks with mean 0 and length 1, so that a product of two is Spearman's correlation; None for a constant."""
    from scipy.stats import rankdata

    known = ~np.isnan(values)
    if not known.any() or values[known].min() == values[known].max():
        return None
    ranks = rankdata(np.where(known, values, np.median(values[known])))
    centred = ranks - ranks.mean()
    return np.asarray(centred / np.linalg.norm(centred), dtype=np.float64)
