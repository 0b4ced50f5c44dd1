"""Which pairs of columns act together: exact interaction values of the trees (Lundberg et al., 2018).

They cost twice the features of what contributions cost, so rows are few and, of a Model of many trees, so are the
rounds: those that come first and weigh most. The work is bounded by what it costs, never by a clock, so that it
repeats exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidemill.learning.description import ModelDescription
from tidemill.learning.features import Matrix
from tidemill.learning.scores import Doubles

__all__ = ["Interactions", "interactions_of", "tree_cost"]

MOST_COST = 150e6
MOST_FEATURES = 80
MOST_ROWS = 200
FEWEST_ROWS = 40
FEWEST_ROUNDS = 10


@dataclass(frozen=True)
class Interactions:
    """For each pair of columns the mean absolute interaction, over ``rows`` rows and ``share`` of the Model's trees."""

    pairs: dict[tuple[str, str], float]
    rows: int
    share: float


def tree_cost(booster: Any, features: int = 0) -> float:
    """What explaining a row by a booster costs, in units of which a core does some hundred million a second.

    The leaves times their depth squared, as if trees were balanced; with ``features``, what their interactions cost.
    """
    trees = max(booster.num_boosted_rounds() * _trees_a_round(booster), 1)
    leaves = sum(booster.get_score(importance_type="weight").values()) + trees
    return float(leaves * (np.log2(leaves / trees) + 1.0) ** 2 * max(2 * features, 1))


def interactions_of(
    description: ModelDescription,
    boosters: Sequence[Any],
    matrix: Matrix,
    chosen: NDArray[np.int64],
    columns: Mapping[str, Doubles],
) -> Interactions | None:
    """Interactions of the first rows of ``matrix``; None where they would cost too much: many features, deep trees.

    ``chosen`` is the output that is explained of each row, ``columns`` what share of each feature is whose.
    """
    features = matrix.shape[1]
    if features > MOST_FEATURES or len(matrix) < FEWEST_ROWS or len(columns) < 2:
        return None
    weights = np.array([member.weight for member in description.members], dtype=np.float64)
    costs = np.array([tree_cost(booster, features) for booster in boosters])
    rows = int(min(MOST_COST / costs.sum(), MOST_ROWS, len(matrix)))
    if rows >= FEWEST_ROWS:
        return _summed(
            matrix[:rows], chosen[:rows], columns, description, list(zip(boosters, weights, strict=True)), 1.0
        )
    first = int(weights.argmax())
    whole = boosters[first].num_boosted_rounds()
    rounds = min(int(whole * MOST_COST / (costs[first] * FEWEST_ROWS)), whole)
    if rounds < min(FEWEST_ROUNDS, whole):
        return None
    share = rounds / sum(booster.num_boosted_rounds() for booster in boosters)
    some = [(boosters[first][:rounds], 1.0)]
    return _summed(matrix[:FEWEST_ROWS], chosen[:FEWEST_ROWS], columns, description, some, share)


def _summed(
    matrix: Matrix,
    chosen: NDArray[np.int64],
    columns: Mapping[str, Doubles],
    description: ModelDescription,
    boosters: Sequence[tuple[Any, float]],
    share: float,
) -> Interactions:
    import xgboost

    rows = xgboost.DMatrix(matrix, feature_types=description.recipe.feature_types, enable_categorical=True)
    places, whole = np.arange(len(matrix)), sum(weight for _, weight in boosters)
    if share == 1.0 and description.line is not None:
        whole += float(description.line.weight)
    total = np.zeros((len(matrix), matrix.shape[1], matrix.shape[1]))
    for booster, weight in boosters:
        found = booster.predict(rows, pred_interactions=True, strict_shape=True)
        total += weight / whole * found[places, chosen, :-1, :-1]
    owned = np.column_stack(list(columns.values()))
    together = owned.T @ total @ owned * description.calibration.slope
    strength = np.abs(together + together.transpose(0, 2, 1)).mean(axis=0)
    names = list(columns)
    pairs = {
        (names[one], names[other]): float(strength[one, other]) for one, other in combinations(range(len(names)), 2)
    }
    ordered = dict(sorted(pairs.items(), key=lambda pair: -pair[1]))
    return Interactions(ordered, len(matrix), share)


def _trees_a_round(booster: Any) -> int:
    import json

    learner = json.loads(booster.save_config())["learner"]
    return max(int(learner["learner_model_param"]["num_class"]), 1)
