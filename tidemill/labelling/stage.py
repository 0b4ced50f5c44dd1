"""The stage: each tidy row gets its target, waits for it, or is refused because it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.errors import TidemillError, UserError
from tidemill.labelling.classes import Coding, check_grades, coding_as, coding_of
from tidemill.labelling.functions import function_inputs
from tidemill.labelling.targets import INFINITE, KEPT, RARE, UNKNOWN, WAITS, Targets, raw_targets
from tidemill.labelling.weak import label_by_functions, typed
from tidemill.learning.weights import row_weights
from tidemill.progress import Note, emit
from tidemill.provenance import code_version
from tidemill.results import Cleaned, LabelArrivals, Labelled
from tidemill.reviewing.answers import Value
from tidemill.reviewing.correcting import correct
from tidemill.said import to_tell
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Json, Store
from tidemill.task import Task, is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["label", "label_inputs", "ripening"]


def label(
    store: Store,
    use_case: UseCase,
    cleaned: Cleaned,
    *,
    labels: Snapshot | None = None,
    now: datetime | None = None,
    like: Labelled | None = None,
    answers: Mapping[str, Value] | None = None,
) -> Labelled:
    """Attach the target to the rows of ``cleaned``, as it is known at ``now`` (left out: the clock's).

    ``labels`` are the rows of the use case's label source, if it has one. A row whose time is less than
    the label's maturity before ``now`` waits: it is in neither Snapshot. A row without a target goes to
    Quarantine with the reason. Rows go by part by part; the targets of all of them are held in memory.

    ``like`` gives task and classes: rows that come later, such as a monitoring window's, are coded
    as a model's training rows were, and a class that those did not have is refused with a reason.

    ``answers`` are people's labels by the row's name (:mod:`tidemill.reviewing.rows`): they stand in place of
    what the data says, also of rows that would wait or be refused.

    Raises :exc:`UserError` when the target is missing, all null, constant, or does not fit the task.
    """
    targets = raw_targets(store, use_case, cleaned.snapshot, labels, now or datetime.now(UTC))
    corrected = _answered(store, use_case, cleaned, targets, answers or {}, told=like is None)
    voting = label_by_functions(store, use_case, cleaned.snapshot, targets, like)
    coding = _coding(use_case, targets, like)
    codes, coding = _coded(use_case, targets, coding, first=like is None)
    classes = coding.counts(codes[targets.fate == KEPT]) if is_classification(coding.task) else ()
    if like is None:
        _check_weights(store, use_case, cleaned, targets)
    written = _write(store, use_case, cleaned, codes, targets)
    _tell(targets.arrivals)
    return Labelled(
        snapshot=written.labelled,
        quarantine=written.quarantine,
        refused=written.refused,
        waiting=targets.count(WAITS),
        task=coding.task,
        gain=coding.gain,
        classes=classes,
        arrivals=targets.arrivals,
        corrected=corrected,
        voting=voting,
        why=coding.why,
    )


def ripening(
    store: Store, use_case: UseCase, snapshot: Snapshot, now: datetime, labels: Snapshot | None = None
) -> datetime | None:
    """The moment that labelling ``snapshot`` depends on: ``now`` while some labels ripen, None once all have.

    ``labels`` ripen too: one that was not known at ``now`` will be, later.
    """
    if labels is not None:
        latest = labels.manifest(store).watermark
        if latest is None or latest > now:
            return now
    if not use_case.maturity or not use_case.time:
        return None
    newest = snapshot.manifest(store).watermark
    return None if newest is not None and newest + use_case.maturity <= now else now


def label_inputs(use_case: UseCase, labels: Snapshot | None) -> Json:
    """What labels hang on beside the rows, for a stage's key: a label source, people's own Python."""
    join = use_case.label_join
    source = None
    if join is not None and labels is not None:
        said = {"snapshot": labels.id, "join": join.model_dump(mode="json")}
        source = {**said, "reading": use_case.fingerprint("clean", "columns")}
    return {"source": source, "functions": function_inputs(use_case)}


def _answered(
    store: Store, use_case: UseCase, cleaned: Cleaned, targets: Targets, answers: Mapping[str, Value], *, told: bool
) -> int:
    """Put people's answers into ``targets``; gives how many rows got another label by that, or a first one.

    Tells of answers that change nothing because their row is gone, or because the target can't say them.
    """
    targets.values = typed(use_case, targets.values)
    made = correct(store, use_case, cleaned.snapshot, targets.values, answers)
    targets.values = made.values
    targets.fate[made.answered] = KEPT
    for count, what in (
        (made.gone, "of people's answers are of rows that are not in the data any more"),
        (made.unfit, f"of people's answers are nothing that the target `{use_case.target_name}` can be"),
    ):
        if count and told:
            emit(Note(f"label: {count:,} {what}"))
    return made.corrected


def _coding(use_case: UseCase, targets: Targets, like: Labelled | None) -> Coding:
    """Task and classes: those of ``like``, or what the targets are. Infinite targets are refused."""
    if targets.values.dtype.kind == "f":
        targets.fate[(targets.fate == KEPT) & np.isinf(targets.values.to_numpy(dtype=np.float64))] = INFINITE
    if like is not None:
        return coding_as(use_case, like)
    if targets.known.empty:
        raise UserError(_no_target(use_case, targets))
    return coding_of(use_case, targets.known)


def _coded(use_case: UseCase, targets: Targets, coding: Coding, *, first: bool) -> tuple[npt.NDArray[Any], Coding]:
    """Each row's number or the code of its class, and the classes that are left.

    Rows of classes that the model does not know are refused, and ``first``, where no model knows any yet, those of
    classes that are too rare.
    """
    if not is_classification(coding.task):
        if coding.task == "ranking":
            check_grades(use_case, targets.values.astype("float64")[targets.fate == KEPT])
        return targets.values.astype("float64").to_numpy(), coding
    places = coding.codes(targets.values)
    targets.fate[(targets.fate == KEPT) & (places < 0)] = UNKNOWN
    return _without_rare(use_case, places, coding, targets) if first else (places, coding)


def _check_weights(store: Store, use_case: UseCase, cleaned: Cleaned, targets: Targets) -> None:
    """Raise UserError for rows without a weight now, and not when the gate rows are judged."""
    name = use_case.weight
    if name is None:
        return
    there = [column.name for column in cleaned.snapshot.manifest(store).columns]
    read = cleaned.snapshot.read(store, [name]) if name in there else pd.DataFrame(columns=there)
    row_weights(use_case, read[targets.fate == KEPT] if name in there else read)


def _without_rare(
    use_case: UseCase, places: npt.NDArray[np.int64], coding: Coding, targets: Targets
) -> tuple[npt.NDArray[np.int64], Coding]:
    """Refuse the rows of classes that the use case calls too rare; the classes that are left get the codes anew."""
    least = use_case.target.minimum_class_rows
    rows = np.bincount(places[targets.fate == KEPT], minlength=len(coding.labels))
    if not least or (rows >= least).all():
        return places, coding
    kept = np.flatnonzero(rows >= least)
    if len(kept) < 2:
        most = ", ".join(f"{label} {int(count):,}" for label, count in zip(coding.labels, rows, strict=True))
        raise UserError(
            f"target.minimum_class_rows: {least:,} rows a class leave fewer than two classes ({most[:200]}): lower it"
        )
    codes = np.full(len(coding.labels) + 1, -1)
    codes[kept] = np.arange(len(kept))
    targets.fate[(targets.fate == KEPT) & (codes[places] < 0)] = RARE
    words = {text: int(codes[place]) for text, place in coding.words.items() if codes[place] >= 0}
    task: Task = "binary" if len(kept) == 2 else coding.task
    return codes[places], Coding(task, words, tuple(coding.labels[place] for place in kept), coding.why)


@dataclass
class _Written:
    labelled: Snapshot
    quarantine: Snapshot | None
    refused: dict[str, int]


def _write(
    store: Store, use_case: UseCase, cleaned: Cleaned, codes: npt.NDArray[np.generic], targets: Targets
) -> _Written:
    """Send each row where it belongs, part by part."""
    unknown = to_tell("`{target}` is a class that the model does not know", target=use_case.target_name)
    name, least = use_case.target_name, use_case.target.minimum_class_rows
    reasons = {
        **targets.reasons,
        UNKNOWN: ("target", unknown),
        INFINITE: ("target", to_tell("`{target}` is infinite", target=name)),
        RARE: (
            "target.minimum_class_rows",
            to_tell("`{target}` is a class of fewer than {least:,} rows", target=name, least=least),
        ),
    }
    parents, code, fate = (cleaned.snapshot.id,), code_version(), targets.fate
    kept = SnapshotWriter(store, use_case.name, "labelled", parents=parents, code=code)
    refused = SnapshotWriter(store, use_case.name, "quarantine", parents=parents, code=code)
    start = 0
    for frame in cleaned.snapshot.frames(store):
        here = slice(start, start + len(frame))
        start += len(frame)
        keep = fate[here] == KEPT
        kept.add(frame[keep].assign(**{use_case.target_name: codes[here][keep]}))
        for why, (rule, reason) in reasons.items():
            hit = fate[here] == why
            if hit.any():
                refused.add(frame[hit].assign(_rule=rule, _reason=reason))
    if start != len(fate):
        raise TidemillError(f"rows do not balance in labelling: {len(fate)} targets for {start} rows")
    counts = {reason: targets.count(why) for why, (_, reason) in reasons.items()}
    counts = {reason: rows for reason, rows in counts.items() if rows}
    return _Written(kept.close(), refused.close() if counts else None, counts)


def _tell(arrivals: LabelArrivals | None) -> None:
    """What a person should look at before they trust the labels of a label source."""
    if arrivals is None:
        return
    source = f"the label source `{arrivals.source}`"
    if arrivals.rows > arrivals.later + arrivals.unreadable and not arrivals.used:
        emit(Note(f"no label of {source} found a row: do its keys match the rows'?"))
    for count, what in (
        (arrivals.early, "rows with a label known before their own time: is `known_at` when it was reported, in UTC?"),
        (arrivals.tied, "keys with different labels of one moment: the last in order counts"),
        (arrivals.unreadable, "labels that have no key, or no moment that can be read: they count for nothing"),
    ):
        if count:
            emit(Note(f"{source} has {count:,} {what}"))


def _no_target(use_case: UseCase, targets: Targets) -> str:
    waiting, rows = targets.count(WAITS), len(targets.fate)
    source = use_case.label_source
    field = "monitor.label_delay" if source is None else f"sources.{source}.labels.maturity"
    if waiting:
        return (
            f"no row has a label yet: {waiting:,} of {rows:,} wait for theirs ({field}), and "
            f"the others have none. Wait, or shorten it"
        )
    most = max(targets.reasons, key=targets.count)
    return f"{targets.reasons[most][1]} in any of {rows:,} rows: mend `target`, or collect rows that have one"
