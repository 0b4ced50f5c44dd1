"""What the use case says of its columns' effect, as XGBoost's constraints on the features made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from tidemill.errors import UserError, did_you_mean
from tidemill.learning.features import Feature, Matrix, Recipe
from tidemill.said import to_tell
from tidemill.usecase.schema import UseCase

__all__ = ["constraints_of", "directed"]

_SIGNS = {"increasing": 1, "decreasing": -1}


def directed(use_case: UseCase, recipe: Recipe, matrix: Matrix) -> tuple[Recipe, Matrix]:
    """Leave out what would let a monotone column act in a direction that nobody vouches for.

    A column derived from a monotone one could undo what the constraint holds, unless it has a direction too; so could
    the target's mean by the column's values, and a difference or ratio with another column.
    """
    asked = use_case.columns.monotone
    reasons = {}
    kept = []
    for place, feature in enumerate(recipe.features):
        bound = sorted(_behind(recipe, feature) & set(asked))
        if bound and feature.column not in asked and not feature.combined:
            text = "it is made from `{column}`, which is under `columns.monotone`, and has no direction there itself"
            reasons[feature.column] = to_tell(text, column=bound[0])
        elif not (bound and feature.combined) and not _by_target(recipe, feature, asked):
            kept.append(place)
    if len(kept) == len(recipe.features) or not kept:
        return recipe, matrix
    return recipe.keeping([recipe.features[place].name for place in kept], reasons), matrix[:, kept]


def _by_target(recipe: Recipe, feature: Feature, asked: Mapping[str, str]) -> bool:
    """Whether it reads a monotone number by the target's mean."""
    return feature.encoded is not None and feature.column in asked and recipe.kinds[feature.column] == "number"


def constraints_of(use_case: UseCase, recipe: Recipe) -> dict[str, str]:
    """XGBoost's settings for the recipe's features: nothing where the use case asks for nothing.

    Raises UserError for a column that is not there, or that has no more and no less.
    """
    rules = use_case.columns
    known = {*recipe.kinds, *recipe.excluded}
    _check_there("columns.monotone", rules.monotone, known)
    settings = {}
    if rules.monotone:
        signs = [_sign(rules.monotone, recipe, feature) for feature in recipe.features]
        settings["monotone_constraints"] = f"({','.join(map(str, signs))})"
    if rules.interactions:
        _check_there("columns.interactions", (name for group in rules.interactions for name in group), known)
        settings["interaction_constraints"] = json.dumps(_groups(rules.interactions, recipe))
    return settings


def _sign(asked: Mapping[str, str], recipe: Recipe, feature: Feature) -> int:
    if feature.column not in asked:
        return 0
    kind = "category" if feature.encoded is not None else recipe.kinds[feature.column]
    if kind not in ("number", "boolean"):
        raise UserError(
            f"columns.monotone: `{feature.column}` is a {kind}, which has no more and no less: leave it out "
            f"there, or make it a number under `columns.types`",
            column=feature.column,
        )
    return _SIGNS[asked[feature.column]]


def _groups(asked: Sequence[Sequence[str]], recipe: Recipe) -> list[list[int]]:
    """The places of the features that may act together; a column in no group has one of its own."""
    groups = []
    placed = set()
    for names in asked:
        inside = [place for place, feature in enumerate(recipe.features) if _within(recipe, feature, set(names))]
        placed.update(inside)
        groups.append(inside)
    alone: dict[str, list[int]] = {}
    for place, feature in enumerate(recipe.features):
        if place not in placed:
            alone.setdefault(feature.column, []).append(place)
    return [group for group in (*groups, *alone.values()) if group]


def _within(recipe: Recipe, feature: Feature, names: set[str]) -> bool:
    """Whether all that the feature is made of is among ``names``."""
    return (feature.column in names and feature.until is None) or _behind(recipe, feature) <= names


def _behind(recipe: Recipe, feature: Feature) -> set[str]:
    return recipe.sources([feature.column, *([feature.until] if feature.until else [])])


def _check_there(field: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise UserError(f"{field}: there is no column `{name}` in the data{did_you_mean(name, known)}", column=name)
