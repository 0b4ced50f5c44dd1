"""A first suite from the data: what holds for it, with margins, in a file that a person then edits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
import yaml
from pandas.api import types

from tidemill.cleaning import declared_kinds, normalise
from tidemill.cleaning.inference import inferred_kinds
from tidemill.expressions import columns_of
from tidemill.usecase.schema import UseCase

__all__ = ["infer_suite"]

MOST_LEVELS = 20
MARGIN = 0.5


def infer_suite(use_case: UseCase, frame: pd.DataFrame) -> str:
    """The text of ``expectations/<name>.yaml`` for data like ``frame`` (raw rows of the use case).

    Ranges are those of 99 % of the values with half their width as margin on each side, shares of missing values
    get some slack, and sets of values are given where there are at most 20. Everything that a guess can get wrong is a
    warning; only what a model can't do without is critical.
    """
    declared = declared_kinds(use_case)
    tidy = normalise(frame, use_case.clean, declared)
    tidy = normalise(tidy, use_case.clean, inferred_kinds(tidy, use_case.clean, declared))
    blocks = [_head(use_case, len(tidy)), *_keys(use_case, tidy)]
    skipped = {*use_case.columns.forbid, *use_case.columns.ignore, *use_case.id, *_targets(use_case)}
    skipped |= {use_case.time} if use_case.time else set()
    for name in tidy.columns:
        if name not in skipped:
            blocks.append("\n".join(_column(str(name), tidy[name])))
    return "\n".join(blocks) + "\n"


def _head(use_case: UseCase, rows: int) -> str:
    entry = _entry(
        "expect_table_row_count_to_be_between",
        {"min_value": max(rows // 2, 2 * use_case.split.minimum_rows)},
        "critical",
        only="training",
        note="far fewer rows than when this was written means that a source is not whole",
    )
    return (
        f"# What the data of {use_case.name} must be, in Great Expectations' own terms. Written by `tidemill init`\n"
        f"# from {rows:,} rows: read it, and say what you know better. `critical` stops a run before anything is\n"
        "# trained, `warning` is reported, and `rows: refuse` sends the rows that fail to Quarantine.\n"
        f"name: {use_case.name}\nexpectations:\n{entry}"
    )


def _keys(use_case: UseCase, frame: pd.DataFrame) -> Iterator[str]:
    """What names, dates and labels a row."""
    if use_case.id:
        one = len(use_case.id) == 1
        kind = "expect_column_values_to_be_unique" if one else "expect_compound_columns_to_be_unique"
        kwargs = {"column": use_case.id[0]} if one else {"column_list": list(use_case.id)}
        yield _entry(kind, kwargs, "critical", note="it names a row")
    if use_case.time:
        yield _entry(
            "expect_column_values_to_not_be_null", {"column": use_case.time}, "critical",
            note="rows are split and watched by it",
        )  # fmt: skip
    for name in _targets(use_case):
        if name in frame:
            note = "the target is read from it"
            yield _entry("expect_column_to_exist", {"column": name}, "critical", only="training", note=note)


def _targets(use_case: UseCase) -> list[str]:
    target = use_case.target
    return sorted(columns_of(target.expression)) if target.expression else [str(target.column)]


def _column(name: str, column: pd.Series) -> Iterator[str]:
    yield f"  # {name}"
    missing = float(column.isna().mean())
    if missing == 1.0:
        yield _entry("expect_column_to_exist", {"column": name}, "critical")
        return
    slack = _floor(1 - min(1.0, missing * 1.5 + 0.02)) if missing else 0.99
    kwargs: dict[str, Any] = {"column": name, "mostly": slack}
    yield _entry("expect_column_values_to_not_be_null", kwargs, "warning")
    if types.is_bool_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype):
        return
    if types.is_numeric_dtype(column.dtype):
        low, high = _range(float(column.quantile(0.005)), float(column.quantile(0.995)))
        kwargs = {"column": name, "min_value": low, "max_value": high, "mostly": 0.99}
        yield _entry("expect_column_values_to_be_between", kwargs, "warning")
        return
    levels = sorted(column.dropna().unique())
    if len(levels) <= MOST_LEVELS:
        kwargs = {"column": name, "value_set": [str(level) for level in levels], "mostly": 0.99}
        yield _entry("expect_column_values_to_be_in_set", kwargs, "warning")


def _range(low: float, high: float) -> tuple[float | int, float | int]:
    """The range with its margin, rounded outward to two figures; what was never negative stays so."""
    margin = MARGIN * (high - low) or max(abs(high), 1.0) * MARGIN
    step = 10.0 ** (math.floor(math.log10(margin)) - 1)
    lowest = math.floor((low - margin) / step) * step
    highest = math.ceil((high + margin) / step) * step
    return _round(0.0 if low >= 0 > lowest else lowest), _round(0.0 if high <= 0 < highest else highest)


def _round(value: float) -> float | int:
    tidy = float(f"{value:.12g}")
    return int(tidy) if tidy.is_integer() else tidy


def _floor(share: float) -> float:
    return math.floor(share * 100) / 100


def _entry(kind: str, kwargs: dict[str, Any], severity: str, *, only: str = "", note: str = "") -> str:
    lines = [f"  - type: {kind}", f"    kwargs: {_flow(kwargs)}", f"    severity: {severity}"]
    if only:
        lines.append(f"    only: {only}")
    if note:
        lines.append(f"    note: {_flow(note)}")
    return "\n".join(lines)


def _flow(value: object) -> str:
    """``value`` as YAML on one line, quoted only where it has to be."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()
