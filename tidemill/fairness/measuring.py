"""What is measured of a group: shares of its rows as fairlearn has them, each with draws of our bootstrap.

fairlearn's ``MetricFrame`` resamples whole tables, some seconds each where rows are many. So it is given what
it counts anyway, rows by group, truth and decision with their weights, and the intervals come from
:mod:`tidemill.evaluation.resampling`. Of several classes its values are left out, which take seconds then; they are
the same. Groups of one column share no row, so their resamples are independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.evaluation.field import Field
from tidemill.evaluation.resampling import Doubles, Draws, Ratio, resample
from tidemill.fairness.grouping import Group
from tidemill.learning.orders import Lists

__all__ = ["Key", "Measured", "measure"]

_CLASSES = 5
_SUCCESSES = 2.0

Key = tuple[str, str | None]
"""A measure, and the class that it is of; None where there is one question only."""


@dataclass(frozen=True)
class Measured:
    """One measure of one group: its draws, the ``rows`` that it is a mean over, and its least ``spread``.

    A share of few rows that is 0 in all of them is 0 in every resample, too: ``spread`` is the standard error that
    it has at least (Agresti and Coull, 1998).
    """

    draws: Draws
    rows: int
    spread: float


@dataclass(frozen=True)
class _Question:
    """One class against the rest: which rows are of it, for which it is said, and with what probability."""

    label: str | None
    truth: NDArray[np.bool_]
    said: NDArray[np.bool_]
    shares: Doubles


@dataclass(frozen=True)
class _Mean:
    """A measure as a mean of ``values`` over the rows where ``among`` is true."""

    values: Doubles
    among: NDArray[np.bool_]
    share: bool


def measure(
    field: Field, labels: Sequence[str], groups: Sequence[Group], *, resamples: int, seed: int
) -> list[dict[Key, Measured]]:
    """Every measure of every group, in the groups' order."""
    means = _means(field, labels)
    if field.lists is not None:
        return _of_lists(field, field.lists, means, groups, resamples=resamples, seed=seed)
    found = []
    for place, group in enumerate(groups):
        weights = None if field.weights is None else field.weights[group.rows]
        own = {key: _Mean(one.values[group.rows], one.among[group.rows], one.share) for key, one in means.items()}
        statistics = {_name(key): _ratio(one.values, one.among) for key, one in own.items()}
        drawn = resample(statistics, len(group.rows), resamples=resamples, seed=seed + place, weights=weights)
        found.append({key: _measured(one, drawn[_name(key)]) for key, one in own.items()})
    if field.task == "binary":
        _by_fairlearn(field, groups, found)
    return found


def _means(field: Field, labels: Sequence[str]) -> dict[Key, _Mean]:
    answers, every = field.challenger.answers, np.ones(len(field.target), dtype=bool)
    if field.lists is not None:
        return {("exposure", None): _Mean(_exposure(answers, field.lists), every, share=False)}
    found: dict[Key, _Mean] = {}
    if field.task not in ("binary", "multiclass"):
        found["calibration", None] = _Mean(answers - field.target, every, share=False)
        found["error", None] = _Mean(np.abs(answers - field.target), every, share=False)
        return found
    for one in _questions(field, labels):
        said = one.said.astype(np.float64)
        found["selection_rate", one.label] = _Mean(said, every, share=True)
        found["tpr", one.label] = _Mean(said, one.truth, share=True)
        found["fpr", one.label] = _Mean(said, ~one.truth, share=True)
        found["calibration", one.label] = _Mean(one.shares - one.truth, every, share=False)
    found["error", None] = _Mean(_wrong(field).astype(np.float64), every, share=True)
    return found


def _questions(field: Field, labels: Sequence[str]) -> list[_Question]:
    """The positive class; of several classes each of the most frequent five against the rest."""
    target, answers = field.target, field.challenger.answers
    if answers.ndim == 1:
        return [_Question(None, target == 1, answers >= field.challenger.threshold, answers)]
    said = answers.argmax(axis=1)
    often = np.argsort(-np.bincount(target.astype(np.intp), minlength=len(labels)), kind="stable")[:_CLASSES]
    return [_Question(labels[code], target == code, said == code, answers[:, code]) for code in sorted(often)]


def _wrong(field: Field) -> NDArray[np.bool_]:
    answers = field.challenger.answers
    if answers.ndim == 1:
        return np.asarray((answers >= field.challenger.threshold) != (field.target == 1))
    return np.asarray(answers.argmax(axis=1) != field.target)


def _exposure(scores: Doubles, lists: Lists) -> Doubles:
    """How near to the top each row stands, over its list's mean: 1 / log2(1 + place) (Singh and Joachims, 2018).

    Equal scores share the mean of their places' worth, as in the metrics of lists.
    """
    frame = pd.DataFrame({"query": lists.queries.codes, "score": scores})
    place = frame.groupby("query")["score"].rank(method="first", ascending=False)
    frame["worth"] = 1.0 / np.log2(1.0 + place)
    worth = frame.groupby(["query", "score"])["worth"].transform("mean")
    return np.asarray(worth / worth.groupby(frame["query"]).transform("mean"), dtype=np.float64)


def _ratio(values: Doubles, among: Doubles | NDArray[np.bool_]) -> Ratio:
    if among.all():
        return Ratio(values[:, np.newaxis], lambda means: means[..., 0])
    columns = np.column_stack([values * among, among]).astype(np.float64)
    return Ratio(columns, lambda means: means[..., 0] / means[..., 1])


def _measured(mean: _Mean, draws: Draws) -> Measured:
    rows = int(mean.among.sum())
    spread = 0.0
    if mean.share:
        near = (float(mean.values[mean.among].sum()) + _SUCCESSES) / (rows + 2.0 * _SUCCESSES)
        spread = float(np.sqrt(near * (1.0 - near) / (rows + 2.0 * _SUCCESSES)))
    return Measured(draws, rows, spread)


def _of_lists(
    field: Field, lists: Lists, means: Mapping[Key, _Mean], groups: Sequence[Group], *, resamples: int, seed: int
) -> list[dict[Key, Measured]]:
    """Sums over the rows of a query, so that it is whole queries that are resampled, for all groups together."""
    statistics = {}
    for place, group in enumerate(groups):
        codes = lists.queries.codes[group.rows]
        counts = np.bincount(codes, minlength=lists.queries.count).astype(np.float64)
        for key, one in means.items():
            sums = np.bincount(codes, one.values[group.rows], minlength=lists.queries.count)
            statistics[f"{place} {_name(key)}"] = Ratio(
                np.column_stack([sums, counts]), lambda both: both[..., 0] / both[..., 1]
            )
    drawn = resample(statistics, lists.queries.count, resamples=resamples, seed=seed, weights=field.drawn_weights)
    return [
        {key: Measured(drawn[f"{place} {_name(key)}"], len(group.rows), 0.0) for key in means}
        for place, group in enumerate(groups)
    ]


def _by_fairlearn(field: Field, groups: Sequence[Group], found: list[dict[Key, Measured]]) -> None:
    """Put fairlearn's values of the rates in the place of ours."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    weights = np.ones(len(field.target)) if field.weights is None else field.weights
    truth, said = field.target == 1, field.challenger.answers >= field.challenger.threshold
    cells = pd.DataFrame(
        {"group": place, "truth": one, "said": other, "weight": float(weights[group.rows][chosen].sum())}
        for place, group in enumerate(groups)
        for one in (0, 1)
        for other in (0, 1)
        for chosen in [(truth[group.rows] == one) & (said[group.rows] == other)]
        if chosen.any()
    )
    metrics = {"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    told = MetricFrame(
        metrics=metrics,
        y_true=cells["truth"],
        y_pred=cells["said"],
        sensitive_features=cells["group"],
        sample_params={name: {"sample_weight": cells["weight"]} for name in metrics},
    ).by_group
    for place, rates in told.iterrows():
        for name in metrics:
            ours = found[int(place)][name, None]
            if ours.rows:  # where there is no such row fairlearn says 0, and we nothing
                draws = Draws(float(rates[name]), ours.draws.draws)
                found[int(place)][name, None] = Measured(draws, ours.rows, ours.spread)


def _name(key: Key) -> str:
    return f"{key[0]} {key[1] or ''}"
