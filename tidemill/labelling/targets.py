"""The raw target of every row, before it is coded: from the row's own columns, or from labels that came later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.normalising import FALSE_WORDS, TRUE_WORDS, text_of
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import evaluate
from tidemill.labelling.arrived import Arrived, arrived
from tidemill.results import LabelArrivals
from tidemill.said import to_say, to_tell
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import duration_text

__all__ = ["INFINITE", "KEPT", "NO_LABEL", "NO_TARGET", "RARE", "UNKNOWN", "WAITS", "Targets", "fitting", "raw_targets"]

KEPT, WAITS, NO_TARGET, NO_LABEL, NO_KEY, UNKNOWN, INFINITE, RARE = range(8)
_ABSENT = -1

_Fates = npt.NDArray[np.int8]


@dataclass
class Targets:
    """The target of each cleaned row, in order, and what becomes of the row.

    ``values`` has a plain index and is null where there is no target; ``fate`` says why a row is not
    kept. ``reasons`` are the rule and the sentence of each fate that refuses. Whatever comes to know
    better (a person's answer) changes ``values`` and ``fate`` before they are coded.
    """

    values: pd.Series
    fate: _Fates
    reasons: dict[int, tuple[str, str]]
    arrivals: LabelArrivals | None = None

    @property
    def known(self) -> pd.Series:
        """The values of the rows that are kept."""
        known: pd.Series = self.values[self.fate == KEPT]
        return known

    def count(self, fate: int) -> int:
        """How many rows have this fate."""
        return int((self.fate == fate).sum())


def raw_targets(store: Store, use_case: UseCase, cleaned: Snapshot, labels: Snapshot | None, now: datetime) -> Targets:
    """The target of each row of ``cleaned`` as it is known at ``now``, part by part.

    A row waits while its time is less than the label's maturity before ``now``, whether or not a label
    is there: labels that come early are not like those that come late. Memory holds the values and
    fates of all rows, one part, and the labels of a label source. Raises :exc:`UserError` for columns
    of the target that are not there.
    """
    target = use_case.target
    present = [column.name for column in cleaned.manifest(store).columns]
    asked = target.inputs
    book = _book(store, use_case, labels, cleaned, asked, now)
    brought = [] if book is None else [str(name) for name in book.values.columns]
    for name in sorted(asked):
        if name not in (*present, *brought):
            known = [*present, *brought]
            raise UserError(f"target: there is no column `{name}` in the data{did_you_mean(name, known)}")
    if use_case.target_name in present and (target.column is None or book is not None):
        where = "target.name" if target.column is None else "target"
        raise UserError(
            f"{where}: the data has a column `{use_case.target_name}` already. Give the target another name"
        )
    timed = bool(use_case.time and (use_case.maturity or book is not None))
    columns = {*(asked - set(brought)), *([str(use_case.time)] if timed else []), *(book.on if book else ())}
    tally = _Tally(np.zeros(0 if book is None else len(book.values), dtype=bool))
    values: list[pd.Series] = []
    fates: list[_Fates] = []
    for frame in cleaned.frames(store, sorted(columns) or present[:1]):
        made, fate = _part(use_case, frame.reset_index(drop=True), book, tally, now)
        values.append(made)
        fates.append(fate)
    joined, fate = _joined(values), np.concatenate(fates)
    absent = fate == _ABSENT
    joined = _with_absent(use_case, joined, absent)
    fate[absent] = KEPT
    arrivals = None if book is None else _arrivals(use_case, book, tally, int(absent.sum()), now)
    return Targets(joined, fate, _reasons(use_case), arrivals)


@dataclass
class _Tally:
    """Which labels rows have asked for, and how many rows got one that was known before their own time."""

    used: npt.NDArray[np.bool_]
    early: int = 0


def _book(
    store: Store,
    use_case: UseCase,
    labels: Snapshot | None,
    cleaned: Snapshot,
    asked: frozenset[str],
    now: datetime,
) -> Arrived | None:
    join = use_case.label_join
    if join is None or labels is None:
        return None
    there = [column.name for column in labels.manifest(store).columns]
    return arrived(store, use_case, labels, cleaned, sorted((asked & set(there)) - set(join.on)), now)


def _part(
    use_case: UseCase, frame: pd.DataFrame, book: Arrived | None, tally: _Tally, now: datetime
) -> tuple[pd.Series, _Fates]:
    """Target and fate of one part's rows (a plain index)."""
    target = use_case.target
    young = np.zeros(len(frame), dtype=bool)
    if use_case.time in frame and use_case.maturity:
        young = (frame[use_case.time] + use_case.maturity > pd.Timestamp(now)).to_numpy()
    places = None
    if book is not None:
        places = book.places(frame)
        frame = pd.concat([frame, book.values.reindex(places).set_axis(frame.index)], axis=1)
    if target.expression:
        values = evaluate(target.expression, frame)
    else:
        values = pd.Series(None, index=frame.index, dtype="float64") if target.column is None else frame[target.column]
    fate = np.where(values.notna().to_numpy(), KEPT, NO_TARGET).astype(np.int8)
    if book is not None and places is not None:
        absent = use_case.label_join is not None and use_case.label_join.absent is not None
        fate[places == -1] = _ABSENT if absent else NO_LABEL
        fate[places == -2] = NO_KEY
        found = np.flatnonzero(places >= 0)
        tally.used[places[found]] = True
        moments = frame[str(use_case.time)].to_numpy(dtype="datetime64[us]").view("int64")
        tally.early += int((book.known[places[found]] < moments[found]).sum())
    fate[young] = WAITS
    return values, fate


def _joined(parts: Sequence[pd.Series]) -> pd.Series:
    """The parts one after another; a part without any value takes the type of the others."""
    typed = next((part for part in parts if part.notna().any()), parts[0])
    fitting = [
        part if part.notna().any() or part.dtype == typed.dtype else typed.iloc[:0].reindex(range(len(part)))
        for part in parts
    ]
    return pd.concat(fitting, ignore_index=True)


def _with_absent(use_case: UseCase, values: pd.Series, absent: npt.NDArray[np.bool_]) -> pd.Series:
    """``values`` with what the use case says of rows whose label never came. Raises UserError when it does not fit."""
    join = use_case.label_join
    if join is None or join.absent is None or not absent.any():
        return values
    if not values.notna().any():
        values = pd.Series([join.absent]).convert_dtypes().iloc[:0].reindex(range(len(values)))
    value = fitting(join.absent, values)
    if value is None:
        raise UserError(
            f"sources.{use_case.label_source}.labels.absent: `{text_of(join.absent)}` is not like the target's other "
            f"values, such as `{text_of(values.dropna().iloc[0])}`: write it in their way"
        )
    wide = values.astype("boolean") if values.dtype.kind == "b" else values
    return wide.mask(absent, value)


def fitting(label: str | int | float | bool, values: pd.Series) -> object | None:
    """``label`` as a value of the column; None when it can't be one."""
    kind, text = values.dtype.kind, text_of(label)
    if kind == "b":
        word = text.lower()
        return word in TRUE_WORDS if word in (*TRUE_WORDS, *FALSE_WORDS) else None
    if kind in "iuf":
        try:
            return float(label)
        except ValueError:
            return None
    return None if kind in "mM" else text


def _reasons(use_case: UseCase) -> dict[int, tuple[str, str]]:
    target, join = use_case.target, use_case.label_join
    nothing = (
        to_tell(
            "the target `{target}` ({expression}) has no value",
            target=use_case.target_name,
            expression=target.expression,
        )
        if target.expression
        else to_tell("the target `{target}` has no value", target=use_case.target_name)
    )
    reasons = {NO_TARGET: ("target", nothing)}
    if join is not None:
        late = (
            to_tell("no label came within {within} of its time", within=duration_text(join.maturity))
            if join.maturity
            else to_say("no label came")
        )
        text = (
            "{keys} is missing, so that no label can be found"
            if len(join.on) == 1
            else "one of {keys} is missing, so that no label can be found"
        )
        reasons[NO_LABEL] = ("target", late)
        reasons[NO_KEY] = ("label:key", to_tell(text, keys=", ".join(f"`{name}`" for name in join.on)))
    return reasons


def _arrivals(use_case: UseCase, book: Arrived, tally: _Tally, absent: int, now: datetime) -> LabelArrivals:
    used = int(tally.used.sum())
    return LabelArrivals(
        source=str(use_case.label_source),
        now=now,
        rows=book.rows,
        later=book.later,
        unreadable=book.unreadable,
        superseded=book.superseded,
        orphans=len(book.values) - used,
        used=used,
        tied=book.tied,
        absent=absent,
        early=tally.early,
    )
