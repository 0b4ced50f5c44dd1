"""The judging of groups: measures, gaps and proxies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from tidemill.errors import UserError, did_you_mean
from tidemill.evaluation.explaining import sample
from tidemill.evaluation.field import Field
from tidemill.evaluation.resampling import interval
from tidemill.fairness.grouping import Group, groups_of
from tidemill.fairness.measuring import Key, Measured, measure
from tidemill.fairness.proxies import MOST_ROWS, coded, proxies_of, together
from tidemill.fairness.records import Fairness, GroupedBy, GroupOfRows, Rate
from tidemill.fairness.testing import Pair, adjusted, gap_of, pairs
from tidemill.learning.model import Model
from tidemill.usecase.schema import UseCase

__all__ = ["judge"]

_RESAMPLES = 200
_SEEDS = 1_000


def judge(
    use_case: UseCase, model: Model, field: Field, frame: pd.DataFrame, masked: Mapping[str, str]
) -> Fairness | None:
    """Measure the groups that the use case names; None if it names none.

    ``frame`` is the gate rows in the field's order, all columns of them. Raises UserError for a column that is not
    there.
    """
    rules = use_case.fairness
    if not rules.groups:
        return None
    labels = [str(label).lower() if isinstance(label, bool) else str(label) for label in model.classes]
    groups = {name: _groups(use_case, frame, name, masked) for name in rules.groups}
    resamples = min(use_case.evaluate.resamples, _RESAMPLES)
    measured = {
        name: measure(field, labels, own, resamples=resamples, seed=use_case.seed + _SEEDS * place)
        for place, (name, own) in enumerate(groups.items(), start=1)
    }
    tested = adjusted(
        [
            pair
            for name, own in groups.items()
            for pair in pairs(name, own, measured[name], rules.limits.given, rules.minimum_rows)
        ]
    )
    chosen = sample(len(frame), MOST_ROWS, use_case.seed)
    columns = [
        _column(
            use_case, model, frame, name, own, measured[name], [pair for pair in tested if pair.column == name], chosen
        )
        for name, own in groups.items()
    ]
    return Fairness(
        columns=tuple(columns),
        refuses=rules.beyond == "refuse",
        minimum_rows=rules.minimum_rows,
        proxy_rows=len(chosen),
    )


def _groups(use_case: UseCase, frame: pd.DataFrame, name: str, masked: Mapping[str, str]) -> tuple[Group, ...]:
    if name not in frame.columns:
        raise UserError(f"fairness.groups: there is no column `{name}` in the data{did_you_mean(name, frame.columns)}")
    rules = use_case.fairness
    return groups_of(frame[name], rules.bands.get(name, ()), fewest=rules.minimum_rows, masked=name in masked)


def _column(
    use_case: UseCase,
    model: Model,
    frame: pd.DataFrame,
    name: str,
    groups: tuple[Group, ...],
    measured: Sequence[Mapping[Key, Measured]],
    tested: Sequence[Pair],
    chosen: np.ndarray,
) -> GroupedBy:
    fewest, confidence = use_case.fairness.minimum_rows, use_case.evaluate.confidence
    keys = list(dict.fromkeys(pair.key for pair in tested))
    codes = coded(groups, chosen, len(frame))
    some, known = frame.iloc[chosen[codes >= 0]], codes[codes >= 0]
    telling = len(np.unique(known)) > 1
    recipe = model.description.recipe
    return GroupedBy(
        column=name,
        read=any(name in recipe.reads(one) for one in recipe.features),
        groups=tuple(
            GroupOfRows(
                value=group.value,
                rows=len(group.rows),
                rates=tuple(_rate(key, one, fewest, confidence) for key, one in own.items()),
            )
            for group, own in zip(groups, measured, strict=True)
        ),
        gaps=tuple(gap_of([pair for pair in tested if pair.key == key], confidence) for key in keys),
        unjudged=tuple(sorted(set(use_case.fairness.limits.given) - {key[0] for key in keys})),
        proxies=proxies_of(model, some, name, known, use_case.seed) if telling else (),
        together=together(model, some, name, known, seed=use_case.seed, threads=use_case.tune.threads)
        if telling
        else None,
    )


def _rate(key: Key, one: Measured, fewest: int, confidence: float) -> Rate:
    measure_name, label = key
    if one.rows < fewest or not np.isfinite(one.draws.value):
        return Rate(measure=measure_name, label=label, rows=one.rows, value=None, low=None, high=None)
    found = interval(measure_name, one.draws, confidence)
    low, high = found.low, found.high
    if low == high and one.spread:  # all rows alike: so is every resample of them
        reach = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * one.spread
        low, high = max(low - reach, 0.0), min(high + reach, 1.0)
    return Rate(measure=measure_name, label=label, rows=one.rows, value=found.value, low=low, high=high)
