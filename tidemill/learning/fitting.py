"""Fitting the feature recipe: which columns a model may read, as what, and why the others are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.cleaning import Kind, declared_kinds, normalise
from tidemill.errors import UserError
from tidemill.expressions import columns_of
from tidemill.learning.columns import TimePart, kind_of
from tidemill.learning.encoding import Encoding
from tidemill.learning.features import ColumnContract, Feature, Matrix, Recipe
from tidemill.learning.folds import Fold
from tidemill.learning.levels import (
    Found,
    Known,
    category_features,
    coded_number_features,
    looks_like,
    pixel_features,
)
from tidemill.learning.queries import NOT_A_FEATURE
from tidemill.said import to_say, to_tell
from tidemill.usecase.schema import UseCase

__all__ = ["fit_recipe", "returning_features"]

SAID = 10
WIDE = 200
GONE_SHARE = 0.9
MOST_TIMES = 4
TIME_PARTS: tuple[TimePart, ...] = ("hour", "weekday", "day of month", "day of year")


def fit_recipe(
    frame: pd.DataFrame, use_case: UseCase, excluded: Mapping[str, str], known: Known | None = None
) -> tuple[Recipe, Matrix]:
    """The recipe fitted on the training rows ``frame``, and their matrix as :meth:`Recipe.coded` gives it.

    ``known`` says more of the target than the frame does; None for a target that is a number, or one of two.
    ``excluded`` maps columns that must stay out to the reason. Columns that say nothing (all missing,
    constant, the same as another one, text that is different in nearly every row) are left out too.
    Raises UserError when no column is left.
    """
    reasons = {**_not_features(frame, use_case), **excluded}
    tidy = normalise(frame, use_case.clean, declared_kinds(use_case))
    known = known or Known(frame[use_case.target_name].to_numpy(dtype=np.float64))
    features: list[Feature] = []
    encodings: dict[str, Encoding] = {}
    pixels: dict[str, int] = {}
    for name in map(str, frame.columns):
        if name in reasons:
            continue
        if _holds_pixels(tidy[name], use_case.columns.types.get(name)):
            found, pixels[name], reason = pixel_features(tidy[name], name)
            encoding = None
        else:
            found, encoding, reason = _features_of(tidy[name], name, use_case, known, wide=len(tidy.columns) > WIDE)
        features += found
        if encoding:
            encodings[name] = encoding
        if reason:
            reasons[name] = reason
    features += _spans(features, use_case)
    kinds = {name: kind_of(tidy[name]) for name in map(str, tidy.columns)}
    recipe = Recipe(
        features=tuple(features),
        columns=_contracts(kinds, features, use_case, pixels),
        derive=dict(use_case.derive),
        kinds=kinds,
        clean=use_case.clean,
        reference=use_case.time,
        excluded={
            name: reason for name, reason in reasons.items() if name in frame.columns and name != use_case.target_name
        },
        encodings=encodings,
        pixels=pixels,
    )
    recipe, matrix = _without_duplicates(recipe, recipe.coded(frame))
    if not recipe.features:
        said = "; ".join(f"`{name}`: {reason}" for name, reason in list(recipe.excluded.items())[:SAID])
        raise UserError(f"no column is left to learn from ({said}): bring columns that say something of the target")
    return recipe, matrix


def returning_features(recipe: Recipe, matrix: Matrix, folds: Sequence[Fold]) -> tuple[Recipe, Matrix]:
    """Leave out features whose later values were never there before, in any forward fold.

    A row number, a date, the month within one year: in every fold nine tenths of the later rows lie
    outside all that the earlier rows showed. A tree can only learn the past's accidents from such a
    feature, and it will be as blind on the rows that it is asked for next.
    """
    kept = [
        position
        for position, feature in enumerate(recipe.features)
        if not folds or not _never_returns(feature, matrix[:, position], folds)
    ]
    if not kept or len(kept) == len(recipe.features):
        return recipe, matrix
    reasons = _lost_columns(
        recipe, kept, to_say("its values never come back in time, so nothing learnt from it carries over")
    )
    return recipe.keeping([recipe.features[position].name for position in kept], reasons), matrix[:, kept]


def _not_features(frame: pd.DataFrame, use_case: UseCase) -> dict[str, str]:
    reasons: dict[str, str] = {use_case.target_name: to_say("the target")}
    if use_case.target.column:
        reasons[use_case.target.column] = to_say("the target")
    reasons |= dict.fromkeys(_target_inputs(use_case), to_say("the target is made from it"))
    if len(use_case.id) == 1:
        reasons[use_case.id[0]] = to_say("it names a row")
    if use_case.weight:
        reasons[use_case.weight] = to_say("it says how much a row counts")
    if use_case.query is not None:
        reasons[use_case.query] = NOT_A_FEATURE
    reasons |= dict.fromkeys(use_case.columns.ignore, to_say("ignored by the use case"))
    reasons |= dict.fromkeys(use_case.columns.forbid, to_say("forbidden by the use case"))
    banned = {*use_case.columns.forbid, use_case.target_name, *_target_inputs(use_case)}
    made = _made_from(banned, use_case.derive)
    return {**dict.fromkeys(made, to_say("made from a column that the model must not see")), **reasons}


def _target_inputs(use_case: UseCase) -> frozenset[str]:
    """The columns that the target is made from, but for those that the use case allows all the same."""
    expression = use_case.target.expression
    return columns_of(expression) - set(use_case.columns.allow) if expression else frozenset()


def _made_from(banned: Set[str], derive: Mapping[str, str]) -> set[str]:
    """The derived columns that read a banned one, directly or through other derived columns."""
    found: set[str] = set()
    while more := {name for name, said in derive.items() if columns_of(said) & (banned | found)} - found:
        found |= more
    return found


def _features_of(column: pd.Series, name: str, use_case: UseCase, known: Known, *, wide: bool) -> Found:
    """The features of one tidy column and the encoding that they read, or why it has none.

    In a ``wide`` table numbers are not looked at as codes: one that is, is hardly missed among so many.
    """
    kind = kind_of(column)
    if column.isna().all():
        return [], None, to_say("empty in every training row")
    if _never_changes(column):
        return [], None, to_say("the same value in every training row")
    if kind == "category":
        return category_features(column, name, known, use_case.columns.types.get(name))
    if kind == "time":
        return _times(name, use_case.time), None, None
    coded, encoding = coded_number_features(column, name, known) if kind == "number" and not wide else ([], None)
    return [Feature(name=name, column=name, kind=kind), *coded], encoding, None


def _times(name: str, reference: str | None) -> list[Feature]:
    """The parts of a time, and how long before the use case's own it was or, without one, the date itself."""
    more: TimePart = "hours before" if reference else "days since 1970"
    parts = TIME_PARTS if name == reference else (*TIME_PARTS, more)
    return [Feature(name=f"{name}: {part}", column=name, kind="time", part=part) for part in parts]


def _spans(features: Sequence[Feature], use_case: UseCase) -> list[Feature]:
    """How long one time is before another, for each two of a few columns of times other than the use case's own."""
    names = list(dict.fromkeys(feature.column for feature in features if feature.part and not feature.until))
    others = [name for name in names if name != use_case.time][:MOST_TIMES]
    return [
        Feature(name=f"{one}: hours before {other}", column=one, kind="time", part="hours before", until=other)
        for one, other in combinations(others, 2)
    ]


def _holds_pixels(column: pd.Series, declared: str | None) -> bool:
    """Whether a tidy column's cells are lists of numbers, by what is declared or by how they look."""
    if declared is not None or kind_of(column) != "category":
        return declared == "pixels" and bool(column.notna().any())
    return looks_like(column) == "pixels"


def _contracts(
    kinds: Mapping[str, Kind], features: Sequence[Feature], use_case: UseCase, pixels: Mapping[str, int]
) -> tuple[ColumnContract, ...]:
    """What a row must bring: every raw column behind a feature. Those only read to derive are not required."""
    read = {feature.column: feature for feature in reversed(features)}
    inputs = {name for expression in use_case.derive.values() for name in columns_of(expression)}
    brought = {*read, *inputs, *(feature.until for feature in features), use_case.time} - set(use_case.derive)
    return tuple(
        ColumnContract(
            name=name,
            kind=kind,
            required=name in read,
            levels=read[name].levels if name in read else (),
            pixels=pixels.get(name, 0),
        )
        for name, kind in kinds.items()
        if name in brought
    )


def _without_duplicates(recipe: Recipe, matrix: Matrix) -> tuple[Recipe, Matrix]:
    first: dict[tuple[str, int | None, bytes], int] = {}
    reasons: dict[str, str] = {}
    kept = []
    for position, feature in enumerate(recipe.features):
        values = np.ascontiguousarray(matrix[:, position])
        if feature.part and _constant(values):
            continue
        if feature.words and feature.encoded is not None:  # filled in by what words other rows have
            kept.append(position)
            continue
        levels = feature.kind == "category" or feature.encoded is not None
        if levels:  # the same levels by other names: numbered as they first come, they are alike
            values = pd.factorize(values)[0].astype(np.float32)
        key = (feature.kind, feature.encoded, hashlib.sha256(values.tobytes()).digest())
        same = first.setdefault(key, position)
        if same == position:
            kept.append(position)
        else:
            other = recipe.features[same].column
            if levels:
                reasons[feature.column] = to_tell("one to one with `{column}`", column=other)
            else:
                reasons[feature.column] = to_tell("the same in every training row as `{column}`", column=other)
    constant = to_say("its time never changes")
    lost = {name: reasons.get(name, why) for name, why in _lost_columns(recipe, kept, constant).items()}
    return recipe.keeping([recipe.features[position].name for position in kept], lost), matrix[:, kept]


def _lost_columns(recipe: Recipe, kept: Sequence[int], reason: str) -> dict[str, str]:
    left = {recipe.features[position].column for position in kept}
    return {feature.column: reason for feature in recipe.features if feature.column not in left}


def _never_changes(column: pd.Series) -> bool:
    first = column.iloc[0]
    return bool(not pd.isna(first) and column.iloc[-1] == first and (column == first).all())


def _constant(values: NDArray[np.float32]) -> bool:
    return bool(np.isnan(values).all() or (values == values[0]).all())


def _never_returns(feature: Feature, values: NDArray[np.float32], folds: Sequence[Fold]) -> bool:
    return all(_gone_share(feature, values[fold.fit], values[fold.check]) >= GONE_SHARE for fold in folds)


def _gone_share(feature: Feature, before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Share of the later values that are beyond what the earlier rows showed."""
    before, after = before[~np.isnan(before)], after[~np.isnan(after)]
    if not len(before) or not len(after):
        return 0.0
    if feature.kind == "category" or feature.encoded is not None:
        return float((~np.isin(after, before) | (after == 0.0)).mean())
    return float(((after < before.min()) | (after > before.max())).mean())
