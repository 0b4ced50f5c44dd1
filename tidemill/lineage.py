"""Which data made a version: its lineage, with what the lake still holds of each part and the hashes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tidemill.errors import TidemillError, UserError
from tidemill.learning.stored import DESCRIPTION, files_of, read_model
from tidemill.registry import Line, ModelVersion
from tidemill.results import Lineage, Record
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["SourceFile", "TracedModel", "TracedRefusal", "TracedSnapshot", "TracedSource", "TracedVersion", "trace"]


class SourceFile(Record):
    """A file as it was when it was read: ``version`` is the storage's own (an ETag, a time), and changes with it."""

    name: str
    size: int | None
    version: str


class TracedSource(Record):
    """What was read of a source. ``read`` are its files; of what is no file, ``landed`` Snapshots hold the rows."""

    name: str
    url: str
    rows: int
    files: int
    refused: int
    unmatched: int
    notes: tuple[str, ...] = ()
    read: tuple[SourceFile, ...] = ()


class TracedSnapshot(Record):
    """One table of the way. ``parts`` are sha256 of its Parquet files. What is not stored any more is not ``here``.

    ``rows`` are those that were written, ``erased`` those that erasures took out since, the last time ``redacted``.
    """

    stage: str
    id: str
    rows: int
    here: bool
    erased: int = 0
    redacted: datetime | None = None
    watermark: datetime | None = None
    created: datetime | None = None
    parents: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    code: str | None = None


class TracedRefusal(Record):
    """Rows that a stage put into Quarantine, by reason, and the Snapshot that holds them."""

    stage: str
    rows: int
    reasons: dict[str, int]
    snapshot: str | None


class TracedModel(Record):
    """The Model's files by name, each with its sha256; ``problem`` says what is wrong with them, if anything is."""

    id: str
    files: dict[str, str]
    sha256: str
    problem: str | None = None


class TracedVersion(Record):
    """Everything that a version was made of and judged on. ``hashes`` are those that the ledger has of it."""

    use_case: str
    version: str
    created: datetime
    sources: tuple[TracedSource, ...]
    snapshots: tuple[TracedSnapshot, ...]
    refused: tuple[TracedRefusal, ...]
    deduplicated: int
    waiting: int
    used: int
    study: dict[str, Any]
    model: TracedModel
    evaluation: dict[str, Any]
    hashes: dict[str, str]
    code: str | None


def trace(store: Store, version: ModelVersion, lines: list[Line]) -> TracedVersion:
    """Follow a version back to its sources. Reads manifests and the Model's files, and no rows."""
    lineage, study = version.lineage, version.lineage.study
    judged = lineage.evaluation
    hashes = next((line.entry.hashes for line in lines if line.entry.version == version.version), {})
    return TracedVersion(
        use_case=version.use_case,
        version=version.version,
        created=version.created,
        sources=tuple(_sources(store, version)),
        snapshots=tuple(_snapshots(store, lineage)),
        refused=tuple(_refusals(lineage)),
        deduplicated=version.balance.deduplicated,
        waiting=version.balance.waiting,
        used=version.balance.used,
        study={"id": study.id, "trials": study.trials, "metric": study.metric, "best": study.best_value},
        model=_model(store, version),
        evaluation={
            "key": judged.key,
            "metric": judged.metric.model_dump(mode="json"),
            "rows": judged.rows,
            "compared_with": judged.champion.name if judged.champion else None,
        },
        hashes=hashes,
        code=lineage.code,
    )


def _sources(store: Store, version: ModelVersion) -> Iterator[TracedSource]:
    files = _files_read(store, version)
    for one in version.lineage.collected.sources:
        yield TracedSource(
            name=one.name,
            url=one.url,
            rows=one.rows,
            files=one.files,
            refused=one.refused,
            unmatched=one.unmatched,
            notes=one.notes,
            read=tuple(_file(*file) for file in files.get(one.name, [])),
        )


def _file(name: str, size: int | None, version: object) -> SourceFile:
    return SourceFile(name=name, size=size, version=str(version))


def _files_read(store: Store, version: ModelVersion) -> Mapping[str, list[list[Any]]]:
    """The files by source, from the record of the collecting that made the version's raw Snapshot, if it is there."""
    newest: tuple[str, Mapping[str, list[list[Any]]]] = ("", {})
    wanted = version.lineage.collected.snapshot.id
    for key in store.list(f"{version.use_case}/stages/collect"):
        try:
            said = store.read_json(key)
            made, at = said["result"]["snapshot"]["id"], str(said["created"])
            files = said["inputs"]["sources"]["files"]
        except (KeyError, TypeError, TidemillError):
            continue
        if made == wanted and newest[0] < at <= version.created.isoformat():
            newest = (at, files)
    return newest[1]


def _snapshots(store: Store, lineage: Lineage) -> Iterator[TracedSnapshot]:
    stages = {
        "collect": lineage.collected.snapshot,
        "labels": lineage.collected.labels,
        "clean": lineage.cleaned.snapshot,
        "label": lineage.labelled.snapshot,
        "validate": lineage.validation.snapshot,
        "train": lineage.split.train,
        "gate": lineage.split.gate,
    }
    for stage, snapshot in stages.items():
        if snapshot is not None:
            yield _traced(store, stage, snapshot)


def _traced(store: Store, stage: str, snapshot: Snapshot) -> TracedSnapshot:
    try:
        manifest = snapshot.manifest(store)
    except UserError:
        return TracedSnapshot(stage=stage, id=snapshot.id, rows=snapshot.rows, here=False)
    return TracedSnapshot(
        stage=stage,
        id=snapshot.id,
        rows=snapshot.rows,
        here=True,
        erased=sum(one.rows for one in manifest.redactions),
        redacted=max((one.when for one in manifest.redactions), default=None),
        watermark=manifest.watermark,
        created=manifest.created,
        parents=manifest.parents,
        parts=tuple(part.name for part in manifest.parts),
        code=manifest.code,
    )


def _refusals(lineage: Lineage) -> Iterator[TracedRefusal]:
    validation = lineage.validation
    by_rule = {one.expectation: one.refused_rows for one in validation.results if one.refused_rows}
    stages = {
        "collect": (lineage.collected.quarantine, lineage.collected.refused),
        "clean": (lineage.cleaned.quarantine, lineage.cleaned.refused),
        "label": (lineage.labelled.quarantine, lineage.labelled.refused),
        "validate": (validation.quarantine, by_rule),
    }
    for stage, (held, reasons) in stages.items():
        if held is not None or reasons:
            rows = held.rows if held is not None else sum(reasons.values())
            yield TracedRefusal(stage=stage, rows=rows, reasons=dict(reasons), snapshot=held.id if held else None)


def _model(store: Store, version: ModelVersion) -> TracedModel:
    try:
        stored = read_model(store, version.model)
    except UserError as error:
        return TracedModel(id=version.model.id, files={}, sha256="", problem=str(error))
    files = {**files_of(stored.description), DESCRIPTION: stored.description_sha256}
    return TracedModel(id=version.model.id, files=files, sha256=stored.sha256)
