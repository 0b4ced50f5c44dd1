"""Why a row is refused: rules as masks, each with a reason that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from tidemill.cleaning.measures import units_in
from tidemill.cleaning.mending import beyond, held_by
from tidemill.cleaning.normalising import Kind, unreadable
from tidemill.cleaning.texts import arrow_text
from tidemill.errors import UserError, did_you_mean
from tidemill.said import to_say, to_tell
from tidemill.usecase.cleaning import Bounds
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = ["Refusal", "Refused", "judged", "refusals"]

_WORDS: Mapping[Kind, str] = {
    "number": to_say("`{column}` is not a number"),
    "time": to_say("`{column}` is not a time"),
    "boolean": to_say("`{column}` is not true or false"),
    "category": to_say("`{column}` is not text"),
}
_DATE = r"^\s*\d{1,4}[./ -](?:\d{1,2}|[A-Za-z]{3,9})[./ -]\d{1,4}\b"


@dataclass(frozen=True)
class Refusal:
    """Rows that one rule refuses (a boolean mask over the frame), and why."""

    rule: str
    reason: str
    rows: pd.Series


def refusals(use_case: UseCase, raw: pd.DataFrame, tidy: pd.DataFrame, kinds: Mapping[str, Kind]) -> Iterator[Refusal]:
    """Every rule that refuses at least one row, in the order in which they count.

    Raises :exc:`UserError` for a rule about a column that is not there or is not a number.
    """
    rules = use_case.clean
    _check_named(use_case, tidy)
    for name, kind in kinds.items():
        if name in tidy:
            yield from _unread(name, kind, raw[name], unreadable(raw[name], tidy[name], rules), rules)
    needed = dict.fromkeys([*filter(None, (use_case.time, use_case.query)), *use_case.id, *rules.required])
    for name in needed:
        lost = tidy[name].isna() & ~unreadable(raw[name], tidy[name], rules)
        yield from _some(f"required:{name}", to_tell("`{column}` is missing", column=name), lost)
    for name, (low, high) in rules.ranges.items():
        values = tidy[name]
        if low is not None:
            yield from _some(
                f"range:{name}", to_tell("`{column}` is below {low:g}", column=name, low=low), values < low
            )
        if high is not None:
            yield from _some(
                f"range:{name}", to_tell("`{column}` is above {high:g}", column=name, high=high), values > high
            )
    for name, bounds in (rules.fitted.bounds if rules.fitted else {}).items():
        if bounds.then == "refuse" and name in tidy and held_by(tidy[name]) == "number":
            reason = to_tell("`{column}` is an outlier: {told}", column=name, told=_beyond(bounds))
            yield from _some(f"outlier:{name}", reason, pd.Series(beyond(tidy[name], bounds), index=tidy.index))


def _unread(name: str, kind: Kind, raw: pd.Series, lost: pd.Series, rules: CleanRules) -> Iterator[Refusal]:
    """Values that can't be read as what their column is, by why not."""
    if not lost.any():
        return
    texts = arrow_text(raw[lost].map(str).astype("str"))
    odd = np.zeros(len(texts), dtype=bool)
    why = ""
    if name in rules.units:
        odd = units_in(texts).is_valid().to_numpy(zero_copy_only=False)
        why = to_tell("`{column}` is a number in a unit that can't be made {unit}", column=name, unit=rules.units[name])
    elif kind == "time":
        odd = pc.match_substring_regex(texts, _DATE).to_numpy(zero_copy_only=False)
        why = to_tell(
            "`{column}` is a date in a form that is not declared: add it to `clean.time_formats`", column=name
        )
    mask = lost.copy()
    mask[lost] = odd
    yield from _some(f"type:{name}", why, mask)
    yield from _some(f"type:{name}", to_tell(_WORDS[kind], column=name), lost & ~mask)


def _beyond(bounds: Bounds) -> str:
    if bounds.low is not None and bounds.high is not None:
        return to_tell("below {low:.6g} or above {high:.6g}", low=bounds.low, high=bounds.high)
    return (
        to_tell("below {low:.6g}", low=bounds.low)
        if bounds.high is None
        else to_tell("above {high:.6g}", high=bounds.high)
    )


@dataclass(frozen=True)
class Refused:
    """The rows that were refused: a mask over the frame, the rows as they came with `_rule` and `_reason`,
    and how many count for each reason."""

    mask: pd.Series
    rows: pd.DataFrame
    counts: dict[str, int]


def judged(raw: pd.DataFrame, found: Iterable[Refusal]) -> Refused:
    """Bring the rules together. A row that several refuse counts for the first and tells all of them."""
    rule = np.full(len(raw), "", dtype=object)
    reason = np.full(len(raw), "", dtype=object)
    counts: dict[str, int] = {}
    for refusal in found:
        hit = refusal.rows.to_numpy()
        first = hit & (rule == "")
        more = hit & ~first
        if first.any():
            counts[refusal.reason] = counts.get(refusal.reason, 0) + int(first.sum())
        rule[first], reason[first] = refusal.rule, refusal.reason
        reason[more] = reason[more] + f"; {refusal.reason}"
    mask = rule != ""
    rows = raw[mask].reset_index(drop=True)
    rows = rows.assign(_rule=pd.Series(rule[mask], dtype="str"), _reason=pd.Series(reason[mask], dtype="str"))
    return Refused(pd.Series(mask, index=raw.index), rows, counts)


def _some(rule: str, reason: str, rows: pd.Series) -> Iterator[Refusal]:
    mask = rows.fillna(False).astype(bool)
    if mask.any():
        yield Refusal(rule, reason, mask)


def _check_named(use_case: UseCase, frame: pd.DataFrame) -> None:
    rules = use_case.clean
    for where, names in (("clean.required", rules.required), ("clean.ranges", rules.ranges), ("id", use_case.id)):
        for name in names:
            if name not in frame:
                raise UserError(f"{where}: there is no column `{name}`{did_you_mean(name, frame.columns)}")
    for where, single in (("time", use_case.time), ("query", use_case.query)):
        if single is not None and single not in frame:
            raise UserError(f"{where}: there is no column `{single}`{did_you_mean(single, frame.columns)}")
    for name in rules.ranges:
        if frame[name].dtype.kind not in "iuf":
            raise UserError(
                f"clean.ranges.{name}: the column does not hold numbers. Say `{name}: number` under `columns.types`, "
                f"or drop the range"
            )
