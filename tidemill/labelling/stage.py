"""The stage: each tidy row gets its target, waits for it, or is refused because it has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.errors import TidemillError, UserError, did_you_mean
from tidemill.expressions import columns_of, evaluate
from tidemill.labelling.classes import coding_as, coding_of
from tidemill.provenance import code_version
from tidemill.results import ClassCount, Cleaned, Labelled
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["label", "ripening"]

_KEPT, _WAITS, _NO_TARGET, _UNKNOWN = range(4)
_Codes = npt.NDArray[np.int64]


def label(
    store: Store, use_case: UseCase, cleaned: Cleaned, *, now: datetime | None = None, like: Labelled | None = None
) -> Labelled:
    """Attach the target to the rows of ``cleaned``.

    A row whose time is less than ``monitor.label_delay`` before ``now`` (left out: the clock's) waits:
    it is in neither Snapshot. A row without a target goes to Quarantine with the reason.

    ``like`` gives task and classes: rows that come later, such as a monitoring window's, are coded
    as a model's training rows were, and a class that those did not have is refused with a reason.

    Raises :exc:`UserError` when the target is missing, all null, constant, or does not fit the task.
    """
    values, fate = _target_values(store, use_case, cleaned, now or datetime.now(UTC))
    known = values[fate == _KEPT]
    if like is None:
        if known.empty:
            raise UserError(_no_target(use_case, fate))
        coding = coding_of(use_case, known)
    else:
        coding = coding_as(use_case, like)
    target: npt.NDArray[np.generic]
    classes: tuple[ClassCount, ...] = ()
    if coding.task == "regression":
        target = values.astype("float64").to_numpy()
    else:
        codes = coding.codes(values)
        fate[(fate == _KEPT) & (codes < 0)] = _UNKNOWN
        target, classes = codes, coding.counts(codes[fate == _KEPT])
    written = _write(store, use_case, cleaned, target, fate)
    return Labelled(
        snapshot=written.labelled,
        quarantine=written.quarantine,
        refused=written.refused,
        waiting=int((fate == _WAITS).sum()),
        task=coding.task,
        classes=classes,
    )


def ripening(store: Store, use_case: UseCase, snapshot: Snapshot, now: datetime) -> datetime | None:
    """The moment that labelling ``snapshot`` depends on: ``now`` while some labels ripen, None once all have."""
    delay = use_case.monitor.label_delay
    if not delay or not use_case.time:
        return None
    newest = snapshot.manifest(store).watermark
    return None if newest is not None and newest + delay <= now else now


def _target_values(store: Store, use_case: UseCase, cleaned: Cleaned, now: datetime) -> tuple[pd.Series, _Codes]:
    """The raw target of every row (a plain index), and what becomes of the row."""
    target, delay = use_case.target, use_case.monitor.label_delay
    present = [column.name for column in cleaned.snapshot.manifest(store).columns]
    asked = columns_of(target.expression) if target.expression else {str(target.column)}
    for name in sorted(asked):
        if name not in present:
            raise UserError(f"target: there is no column `{name}` in the data{did_you_mean(name, present)}")
    if target.expression and use_case.target_name in present:
        raise UserError(f"target.name: the data has a column `{target.name}` already. Give the target another name")
    timed = bool(delay and use_case.time)
    columns = sorted({*asked, *([str(use_case.time)] if timed else [])})
    frame = cleaned.snapshot.read(store, columns).reset_index(drop=True)
    values = evaluate(target.expression, frame) if target.expression else frame[str(target.column)]
    fate = np.where(values.notna().to_numpy(), _KEPT, _NO_TARGET)
    if timed:
        young = (frame[str(use_case.time)] + delay > pd.Timestamp(now)).to_numpy()
        fate[young] = _WAITS
    return values, fate


@dataclass
class _Written:
    labelled: Snapshot
    quarantine: Snapshot | None
    refused: dict[str, int]


def _write(
    store: Store, use_case: UseCase, cleaned: Cleaned, target: npt.NDArray[np.generic], fate: _Codes
) -> _Written:
    """Send each row where it belongs, part by part."""
    reasons = {
        _NO_TARGET: _why_none(use_case),
        _UNKNOWN: f"`{use_case.target_name}` is a class that the model does not know",
    }
    parents, code = (cleaned.snapshot.id,), code_version()
    kept = SnapshotWriter(store, use_case.name, "labelled", parents=parents, code=code)
    refused = SnapshotWriter(store, use_case.name, "quarantine", parents=parents, code=code)
    start = 0
    for frame in cleaned.snapshot.frames(store):
        here = slice(start, start + len(frame))
        start += len(frame)
        keep = fate[here] == _KEPT
        kept.add(frame[keep].assign(**{use_case.target_name: target[here][keep]}))
        for why, reason in reasons.items():
            hit = fate[here] == why
            if hit.any():
                refused.add(frame[hit].assign(_rule="target", _reason=reason))
    if start != len(fate):
        raise TidemillError(f"rows do not balance in labelling: {len(fate)} targets for {start} rows")
    counts = {reason: int((fate == why).sum()) for why, reason in reasons.items()}
    counts = {reason: rows for reason, rows in counts.items() if rows}
    return _Written(kept.close(), refused.close() if counts else None, counts)


def _why_none(use_case: UseCase) -> str:
    target = use_case.target
    made = f" ({target.expression})" if target.expression else ""
    return f"the target `{use_case.target_name}`{made} has no value"


def _no_target(use_case: UseCase, fate: _Codes) -> str:
    waiting = int((fate == _WAITS).sum())
    if waiting:
        return (
            f"no row has a label yet: {waiting:,} of {len(fate):,} wait for theirs (monitor.label_delay), and "
            f"the others have none. Wait, or shorten the delay"
        )
    return f"{_why_none(use_case)} in any of {len(fate):,} rows: mend `target`, or collect rows that have one"
