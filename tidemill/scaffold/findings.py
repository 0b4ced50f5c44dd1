"""What rows of a source suggest about the use case: kinds of columns, leaks, ids, ranges, a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from tidemill.cleaning import Kind, declared_kinds, normalise
from tidemill.cleaning.inference import inferred_kinds
from tidemill.cleaning.normalising import text_of
from tidemill.errors import UserError
from tidemill.labelling.classes import Coding, coding_of
from tidemill.leaks import find_leaks
from tidemill.learning.levels import looks_like
from tidemill.personal import find_personal
from tidemill.usecase.schema import UseCase

__all__ = ["Findings", "Hint", "look_at"]

_CODE_WORDS = ("code", "id", "zip", "postcode", "key", "type", "class", "kind", "group", "number", "no")
_MOST_CODES = 1_000
_FEWEST_TIMES = 0.5
_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
_WINDOWS_IN_DATA = 6


@dataclass(frozen=True)
class Hint:
    """Something about a column, with the reason; ``value`` is what to write for it, where its name is not enough."""

    column: str
    why: str
    value: str = ""


@dataclass(frozen=True)
class Findings:
    """What was found. ``types`` is certain; the other hints are for a person to judge."""

    rows: int
    unlabelled: int
    coding: Coding | None
    trouble: str
    classes: tuple[tuple[str, int], ...]
    types: tuple[Hint, ...]
    codes: tuple[Hint, ...]
    forbid: tuple[Hint, ...]
    ignore: tuple[Hint, ...]
    personal: tuple[Hint, ...]
    ranges: tuple[Hint, ...]
    times: tuple[Hint, ...]
    ids: tuple[Hint, ...]
    repeated_ids: int
    boundary: datetime | None
    window: timedelta | None


def look_at(use_case: UseCase, frame: pd.DataFrame) -> Findings:
    """Look at raw rows. Raises UserError when the column that is to be the time holds none."""
    raw = frame.set_axis([str(name) for name in frame.columns], axis="columns").reset_index(drop=True)
    declared = declared_kinds(use_case)
    tidy = normalise(raw, use_case.clean, declared)
    kinds = inferred_kinds(tidy, use_case.clean, declared)
    tidy = normalise(tidy, use_case.clean, kinds)
    target = str(use_case.target.column)
    coding, trouble = _coding(use_case, tidy[target].dropna())
    named = {target, *use_case.id, *filter(None, (use_case.time, use_case.group))}
    features = tidy.drop(columns=list(named))
    read = tuple(_texts_and_pixels(features))
    ignore = tuple(_useless(features.drop(columns=[one.column for one in read])))
    personal = find_personal(tidy, skip={target, *filter(None, (use_case.time,))})
    moments = None if use_case.time is None else _moments(use_case, raw, tidy[use_case.time])
    return Findings(
        rows=len(tidy),
        unlabelled=int(tidy[target].isna().sum()),
        coding=coding,
        trouble=trouble,
        classes=_classes(tidy[target], coding),
        types=(*_types(raw, kinds, target), *read),
        codes=tuple(_codes(features)),
        forbid=_leaks(use_case, tidy, target, coding, {hint.column for hint in ignore}),
        ignore=ignore,
        personal=tuple(Hint(one.column, one.evidence) for one in personal),
        ranges=tuple(_ranges(features.drop(columns=[one.column for one in personal], errors="ignore"))),
        times=tuple(Hint(name, "it holds times") for name, column in _named(features) if column.dtype.kind == "M"),
        ids=() if use_case.id else tuple(_ids(features)),
        repeated_ids=int(tidy.duplicated(list(use_case.id)).sum()) if use_case.id else 0,
        boundary=None if moments is None else _boundary(moments, use_case.split.gate_share),
        window=None if moments is None else _window(moments.max() - moments.min()),
    )


def _coding(use_case: UseCase, values: pd.Series) -> tuple[Coding | None, str]:
    """The target's coding, or why there is none in these rows: others may well have what is missing in them."""
    if values.empty:
        return None, f"`{use_case.target.column}` has no value in any of these rows"
    try:
        return coding_of(use_case, values), ""
    except UserError as problem:
        return None, str(problem)


def _classes(values: pd.Series, coding: Coding | None) -> tuple[tuple[str, int], ...]:
    if coding is None or not coding.labels:
        return ()
    return tuple((text_of(one.label), one.rows) for one in coding.counts(coding.codes(values)))


def _types(raw: pd.DataFrame, kinds: dict[str, Kind], target: str) -> Iterator[Hint]:
    """Text columns that hold something else, by nearly all of their values."""
    for name, kind in kinds.items():
        if name != target:
            filled = int(raw[name].notna().sum())
            yield Hint(name, f"text in the file, and nearly all of its {filled:,} values are {kind}s", kind)


def _texts_and_pixels(features: pd.DataFrame) -> Iterator[Hint]:
    """Columns of sentences, and of lists of numbers."""
    for name, column in _named(features):
        said = looks_like(column) if _is_text(column) else None
        if said == "text":
            yield Hint(name, "sentences: the model reads their words", said)
        elif said == "pixels":
            yield Hint(name, "a list of numbers in each cell, such as an image", said)


def _codes(features: pd.DataFrame) -> Iterator[Hint]:
    """Whole numbers that may be names rather than amounts."""
    for name, column in _named(features):
        words = name.lower().replace("-", "_").split("_")
        if (
            column.dtype.kind == "i"
            and words[-1] in _CODE_WORDS
            and 2 < column.nunique() <= min(_MOST_CODES, len(column) // 2)
        ):
            yield Hint(name, f"{column.nunique():,} whole numbers: if they are names and not amounts", "category")


def _useless(features: pd.DataFrame) -> Iterator[Hint]:
    for name, column in _named(features):
        levels, filled = column.nunique(), int(column.notna().sum())
        if not filled:
            yield Hint(name, "it is empty in all of these rows")
        elif levels == 1 and filled == len(column):
            yield Hint(name, "it has one value in all of these rows")
        elif _is_text(column) and levels > 50 and levels > 0.9 * filled:
            yield Hint(name, f"text that is different in {levels / filled:.0%} of the rows: a name, or prose")


def _ids(features: pd.DataFrame) -> Iterator[Hint]:
    for name, column in _named(features):
        if (_is_text(column) or column.dtype.kind == "i") and column.notna().all() and column.is_unique:
            yield Hint(name, "different in every row")


def _ranges(features: pd.DataFrame) -> Iterator[Hint]:
    for name, column in _named(features):
        if column.dtype.kind in "if" and column.nunique() > 2:
            low, high = column.min(), column.max()
            bounds = (int(low), int(high)) if column.dtype.kind == "i" else (float(low), float(high))
            yield Hint(name, "", str(list(bounds)))


def _leaks(
    use_case: UseCase, tidy: pd.DataFrame, target: str, coding: Coding | None, useless: set[str]
) -> tuple[Hint, ...]:
    """Columns that know the answer, by the same check that training runs."""
    if coding is None:
        return ()
    labelled = tidy[target].notna()
    rows = tidy[labelled].drop(columns=list(useless)).reset_index(drop=True)
    rows[target] = coding.codes(rows[target]) if coding.labels else rows[target].astype("float64")
    unlabelled = tidy[~labelled] if not labelled.all() else None
    leaks = find_leaks(use_case, rows, unlabelled, target, coding.task)
    return tuple(Hint(leak.column, leak.evidence) for leak in leaks)


def _moments(use_case: UseCase, raw: pd.DataFrame, times: pd.Series) -> pd.Series:
    readable = times.dropna()
    if len(readable) < _FEWEST_TIMES * len(times):
        held = raw[str(use_case.time)].dropna()
        example = f", such as `{held.iloc[0]}`" if len(held) else ""
        raise UserError(
            f"`{use_case.time}` can't be the time: {len(times) - len(readable):,} of its {len(times):,} values are no "
            f"times{example}. Times are written like 2013-10-01 06:00; derive one, or name another column"
        )
    return readable


def _boundary(moments: pd.Series, gate_share: float) -> datetime:
    """The moment from which the gate would judge these rows."""
    ordered = moments.sort_values(ignore_index=True)
    moment: pd.Timestamp = ordered.iloc[min(len(ordered) - 1, round(len(ordered) * (1 - gate_share)))]
    return moment.to_pydatetime()


def _window(span: timedelta) -> timedelta:
    """The longest of the usual windows of which the data holds some."""
    fitting = [window for window in _WINDOWS if window * _WINDOWS_IN_DATA <= span]
    return max(fitting, default=_WINDOWS[0])


def _named(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    for name, column in frame.items():
        yield str(name), column


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)
