"""An erasure from end to end: refused from now on, found, removed, and proved to be gone.

Every step can be done again: a killed erasure is finished by the same command, and one that is done finds nothing.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tidemill.erasing.models import redact_models
from tidemill.erasing.objects import (
    answers_of,
    forget_hashes,
    forget_stages,
    kind_of,
    mend_replays,
    renumber_landings,
    rewrite_table,
    rewrite_texts,
)
from tidemill.erasing.outside import erase_outside
from tidemill.erasing.proving import prove
from tidemill.erasing.records import AffectedVersion, Erasure, Lifted, Removed, Unscanned
from tidemill.erasing.searching import Found, Wanted, search
from tidemill.erasing.snapshots import manifests, redact
from tidemill.erasing.subjects import Subjects, subjects_of
from tidemill.erasing.tombstones import Entry, ErasedLog, Link, Tombstones, standing
from tidemill.erasing.values import hashed
from tidemill.errors import UserError
from tidemill.progress import Note, emit
from tidemill.registry.ledger import Ledger
from tidemill.registry.standing import standing as standing_of
from tidemill.reporting.since import mark, mark_windows
from tidemill.snapshot import Manifest
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Request", "erase", "lift", "preview"]


@dataclass(frozen=True)
class Request:
    """Who is to be erased: ``values`` of ``column`` (None: the use case's one `id`); who asks, and why."""

    values: tuple[str, ...]
    column: str | None = None
    who: str = ""
    why: str = ""


def preview(store: Store, use_case: UseCase, request: Request) -> Erasure:
    """What :func:`erase` would remove, with nothing changed."""
    started, log = time.perf_counter(), ErasedLog(store, use_case.name)
    known = manifests(store, use_case.name)
    people = subjects_of(use_case, request.column, request.values, known, log.salt())
    wanted = people.wanted
    found = search(store, _tables(store, use_case), wanted, people.linking)
    wanted = replace(wanted, links=found.links)
    elsewhere, missed = erase_outside(store, use_case.name, wanted, keep=True)
    removed = [
        *_by_snapshot(found, known),
        *_predictions({**found.rows, **elsewhere}),
        *_answers(store, use_case, wanted, found, delete=False),
        *_models(redact_models(store, use_case.name, people.names, "", keep=True)),
    ]
    made = _record(store, use_case, people, request, "", datetime.now(UTC), removed)
    rewritten = rewrite_texts(store, use_case.name, people.names, keep=True)
    seconds = round(time.perf_counter() - started, 3)
    return made.model_copy(update={"rewritten": tuple(rewritten), "outside": tuple(missed), "seconds": seconds})


def erase(store: Store, use_case: UseCase, request: Request) -> Erasure:
    """Refuse the people's rows from now on, take them out of the lake, and look through all of it for them.

    Raises UserError for a column that is nowhere, a value that is empty, and a log or manifest that is damaged:
    nothing is removed then. What can't be read as a table is left, and named in the proof, which fails.
    """
    started, log = time.perf_counter(), ErasedLog(store, use_case.name)
    known = manifests(store, use_case.name)
    people = subjects_of(use_case, request.column, request.values, known, log.salt())
    people.check_reason(request.why)
    begun = _begun(log, people, request, store)
    emit(Note("the list of the erased is written: collecting refuses them from now on"))
    wanted = replace(people.wanted, known=_links_of(log, begun))
    found = search(store, _tables(store, use_case), wanted, people.linking)
    wanted = replace(wanted, links=found.links)
    _keep_links(log, begun, people, found)
    elsewhere, missed = erase_outside(store, use_case.name, wanted, keep=False)
    answers = _answers(store, use_case, wanted, found, delete=True)
    removed = [*_predictions({**found.rows, **elsewhere}), *answers]
    lost = _remove(store, use_case, wanted, found, begun)
    removed += _models(redact_models(store, use_case.name, people.names, begun.erasure, keep=False))
    removed = [*_redacted(store, use_case, begun.erasure), *removed]
    hashes = forget_hashes(store, use_case.name, {one.name for one in removed})
    rewritten = [*rewrite_texts(store, use_case.name, people.names, keep=False), *hashes]
    made = _record(store, use_case, people, request, begun.erasure, begun.when, removed)
    rewritten += _say_so(store, made)
    emit(Note(f"{sum(one.rows for one in removed):,} rows are removed: looking through all that is left"))
    proof = prove(store, use_case.name, wanted, people.names)
    unscanned = (*proof.unscanned, *(Unscanned(key=key, why=why) for key, why in lost.items()))
    proof = proof.model_copy(update={"unscanned": unscanned})
    made = made.model_copy(
        update={
            "rewritten": tuple(dict.fromkeys(rewritten)),
            "outside": tuple(missed),
            "proof": proof,
            "seconds": round(time.perf_counter() - started, 3),
        }
    )
    store.write_json(f"{use_case.name}/erasures/{begun.erasure}.json", made.model_dump(mode="json"))
    return made


def lift(store: Store, use_case: UseCase, request: Request) -> Lifted:
    """Let people who were erased be known again: collecting takes their rows from now on, what is gone stays gone.

    What the lake remembers of stages that read or made redacted Snapshots is forgotten, or the next training would
    find the same sources, and take what is left of those Snapshots for all that they hold.
    """
    log = ErasedLog(store, use_case.name)
    people = subjects_of(use_case, request.column, request.values, manifests(store, use_case.name), log.salt())
    people.check_reason(request.why)
    now = standing(log.entries()).groups
    erased = {one for group, hashes in now.items() if group.columns == (people.column,) for one in hashes}
    mine = tuple(one for one in people.tombstones if one.hash in erased)
    if mine:
        forget_stages(store, use_case.name)
        log.add(_entry(use_case, people, request, "lift", _new_id()).model_copy(update={"subjects": mine}))
    return Lifted(use_case=use_case.name, column=people.column, subjects=len(people.values), lifted=len(mine))


def _say_so(store: Store, made: Erasure) -> list[str]:
    """Let the pages of versions and of monitoring say what was erased; gives the keys of those."""
    told = []
    with suppress(UserError):  # a damaged ledger is no reason to keep anybody's rows
        told += mark(store, made.use_case, [version.version for version in made.versions], more=[made])
    with suppress(UserError):  # so is a damaged record of monitoring, which the proof names
        told += mark_windows(store, made.use_case, made)
    return told


def _begun(log: ErasedLog, people: Subjects, request: Request, store: Store) -> Entry:
    """The entry of this erasure: one of the same people that was broken off, else a new one."""
    mine = {one.hash for one in people.tombstones}
    for entry in log.entries().values():
        done = store.exists(f"{people.use_case.name}/erasures/{entry.erasure}.json")
        same = entry.action == "erase" and {one.hash for one in entry.subjects} == mine
        if same and not done and all(one.hash in _hashes(log.standing()) for one in entry.subjects):
            return entry
    entry = _entry(people.use_case, people, request, "erase", _new_id())
    log.add(entry)
    return entry


def _entry(use_case: UseCase, people: Subjects, request: Request, action: str, erasure: str) -> Entry:
    return Entry.model_validate(
        {
            "use_case": use_case.name,
            "erasure": erasure,
            "action": action,
            "salt": people.salt,
            "subjects": people.tombstones,
            "who": request.who or "unknown",
            "when": datetime.now(UTC),
            "why": request.why,
        }
    )


def _new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d}-{uuid.uuid4().hex[:8]}"


def _hashes(now: Tombstones) -> set[str]:
    return {one for hashes in now.groups.values() for one in hashes}


def _links_of(log: ErasedLog, begun: Entry) -> Tombstones:
    """What an erasure of this name had found to name the rows, before it was broken off."""
    entries = {key: entry for key, entry in log.entries().items() if entry.erasure == begun.erasure}
    return Tombstones({group: hashes for group, hashes in standing(entries).groups.items() if group.unless})


def _keep_links(log: ErasedLog, begun: Entry, people: Subjects, found: Found) -> None:
    """Write what names the rows in other tables, before the rows that tell it are gone."""
    links = tuple(
        Link(columns=columns, hashes=tuple(sorted(hashed(people.salt, columns, one) for one in tuples)))
        for columns, tuples in found.links.items()
    )
    if links:
        first = begun.subjects[0].model_copy(update={"links": links})
        log.add(begun.model_copy(update={"subjects": (first,), "when": datetime.now(UTC)}))


def _tables(store: Store, use_case: UseCase) -> list[str]:
    """Every table of rows: not the memories of forecasts, nor the hashes of train rows."""
    keys = (key for key in store.list(use_case.name) if key.endswith(".parquet"))
    return [key for key in keys if kind_of(key) not in ("models", "snapshots")]


def _remove(store: Store, use_case: UseCase, wanted: Wanted, found: Found, begun: Entry) -> dict[str, str]:
    """Take the rows out of every table. Gives the parts that were damaged, and why they are as they were."""
    mend_replays(store, use_case.name, wanted)
    prefix = f"{use_case.name}/parts/"
    parts = [key.removeprefix(prefix).removesuffix(".parquet") for key in found.rows if key.startswith(prefix)]
    lost = redact(store, use_case.name, parts, wanted.mask, begun.erasure, begun.when)
    renumber_landings(store, use_case.name)
    for key in found.rows:
        if not key.startswith(prefix):
            rewrite_table(store, key, wanted.mask)
    return lost


def _by_snapshot(found: Found, known: Mapping[str, Manifest]) -> list[Removed]:
    """Rows by Snapshot, as they are now."""
    counts: Counter[tuple[str, str]] = Counter()
    for manifest in known.values():
        for key in manifest.part_keys():
            counts[manifest.kind, manifest.id] += found.rows.get(key, 0)
    return [Removed(kind=kind, name=name, rows=rows) for (kind, name), rows in sorted(counts.items()) if rows]


def _redacted(store: Store, use_case: UseCase, erasure: str) -> list[Removed]:
    """Rows by Snapshot, as their manifests say that this erasure took them."""
    found = []
    for manifest in manifests(store, use_case.name).values():
        rows = sum(one.rows for one in manifest.redactions if one.erasure == erasure)
        if rows:
            found.append(Removed(kind=manifest.kind, name=manifest.id, rows=rows))
    return sorted(found, key=lambda one: (one.kind, one.name))


def _predictions(rows: Mapping[str, int]) -> list[Removed]:
    """Rows by the key, or the URL, of the table, of all that are no parts of Snapshots."""
    tables = {key: count for key, count in rows.items() if "/parts/" not in key and count}
    return [Removed(kind="predictions", name=key, rows=count) for key, count in sorted(tables.items())]


def _answers(store: Store, use_case: UseCase, wanted: Wanted, found: Found, *, delete: bool) -> list[Removed]:
    keys = answers_of(store, use_case.name, wanted, _row_names(store, use_case, wanted, found))
    for key in keys if delete else ():
        store.delete(key)
    return [Removed(kind="label answers", name=f"{use_case.name}/answers", rows=len(keys))] if keys else []


def _row_names(store: Store, use_case: UseCase, wanted: Wanted, found: Found) -> set[str]:
    """What answers call the rows, in a use case without an `id`: a hash of all that a row holds."""
    if use_case.id or not store.list(f"{use_case.name}/answers"):
        return set()
    import pyarrow.parquet as pq

    from tidemill.reviewing.rows import naming_columns, row_keys

    names: set[str] = set()
    for key in found.rows:
        with store.open(key) as file:
            table = pq.ParquetFile(file).read()
        frame = table.filter(wanted.mask(table)).to_pandas()
        names |= set(row_keys(use_case, frame[naming_columns(use_case, list(frame.columns))]))
    return names


def _models(found: Mapping[str, int]) -> list[Removed]:
    return [Removed(kind="model", name=name, rows=rows) for name, rows in sorted(found.items())]


def _record(
    store: Store,
    use_case: UseCase,
    people: Subjects,
    request: Request,
    erasure: str,
    when: datetime,
    removed: Sequence[Removed],
) -> Erasure:
    return Erasure(
        use_case=use_case.name,
        id=erasure,
        column=people.column,
        subjects=tuple(one.hash for one in people.tombstones),
        who=request.who or "unknown",
        when=when,
        why=request.why,
        removed=tuple(removed),
        rewritten=(),
        versions=_versions(store, use_case.name, {one.name: one.rows for one in removed}),
    )


def _versions(store: Store, use_case: str, rows: Mapping[str, int]) -> tuple[AffectedVersion, ...]:
    """The versions that learnt from, or were judged on, Snapshots that held rows; oldest first."""
    try:
        live = standing_of(Ledger(store, use_case).entries()).champion
    except UserError:  # a damaged ledger is no reason to keep anybody's rows
        live = None
    found = []
    for key in store.list(f"{use_case}/versions"):
        name = key.rsplit("/", 1)[-1].removesuffix(".json")
        try:
            split = store.read_json(key)["lineage"]["split"]
            train, gate = (rows.get(split[part]["id"], 0) for part in ("train", "gate"))
        except (UserError, KeyError, TypeError):  # damaged: the proof names it
            continue
        if train or gate:
            found.append(AffectedVersion(version=name, champion=name == live, train_rows=train, gate_rows=gate))
    return tuple(found)
