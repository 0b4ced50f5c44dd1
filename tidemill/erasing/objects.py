"""Rows taken out of what is neither a Snapshot nor a Model: predictions, answers, mended rows, and other texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.collecting.landed import Landing
from tidemill.collecting.replays import Replay
from tidemill.erasing.searching import Wanted
from tidemill.erasing.snapshots import manifests, without
from tidemill.erasing.texts import Names
from tidemill.errors import UserError
from tidemill.registry.records import parsed
from tidemill.results import TrainedRows
from tidemill.reviewing.answers import AnswerLog
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store, json_bytes
from tidemill.trained import forget

__all__ = [
    "LOGS",
    "answers_of",
    "forget_hashes",
    "forget_stages",
    "kind_of",
    "mend_replays",
    "renumber_landings",
    "rewrite_table",
    "rewrite_texts",
]


LOGS = frozenset({"versions", "ledger", "erased", "erasures", "snapshots", "landed", "replays", "answers"})
"""Folders whose objects are proved by hashes, or have a way of their own: they are looked through, not rewritten."""

_READERS = 8
_Gone = Callable[[pa.Table], npt.NDArray[np.bool_]]


def kind_of(key: str) -> str:
    """The folder of the use case that an object is in."""
    return key.split("/")[1]


def answers_of(store: Store, use_case: str, wanted: Wanted, rows: Iterable[str]) -> list[str]:
    """The keys of answers about the person's rows: by what they show of the row's `id`, or by the row's name."""
    named = set(rows)
    found = []
    for key, answer in AnswerLog(store, use_case).entries().items():
        shown = {name: value for name, value in answer.named.items() if value is not None}
        table = pa.table({name: pa.array([value]) for name, value in shown.items()})
        if answer.row in named or (shown and wanted.mask(table).any()):
            found.append(key)
    return found


def mend_replays(store: Store, use_case: str, wanted: Wanted) -> None:
    """Take the rows out of what was brought back from Quarantine: a record says of each row what it stands for.

    The record then names a Snapshot of the rows that are left, in one write; the old Snapshot is redacted as any other.
    """
    for key in store.list(f"{use_case}/replays"):
        replay = parsed(Replay, store.read_bytes(key), store.url_of(key))
        tables = list(replay.snapshot.tables(store))
        stays = np.concatenate([~wanted.mask(table) for table in tables])
        if stays.all():
            continue
        if not stays.any():
            store.delete(key)
            continue
        writer, start = SnapshotWriter(store, use_case, replay.snapshot.kind), 0
        for table in tables:
            writer.add_table(without(table, ~stays[start : start + table.num_rows]))
            start += table.num_rows
        rows = tuple(row for row, kept in zip(replay.rows, stays, strict=True) if kept)
        made = replay.model_copy(update={"snapshot": writer.close(), "rows": rows})
        store.write_json(key, made.model_dump(mode="json"))


def renumber_landings(store: Store, use_case: str) -> None:
    """Let the records of what was fetched count the rows that are left. Their watermarks stay where they are."""
    known = manifests(store, use_case)
    for key in store.list(f"{use_case}/landed"):
        landing = parsed(Landing, store.read_bytes(key), store.url_of(key))
        manifest = known.get(landing.snapshot.id)
        if manifest is not None and manifest.redactions and manifest.rows != landing.snapshot.rows:
            snapshot = landing.snapshot.model_copy(update={"rows": manifest.rows})
            store.write_json(key, landing.model_copy(update={"snapshot": snapshot}).model_dump(mode="json"))


def forget_hashes(store: Store, use_case: str, snapshots: set[str]) -> list[str]:
    """Take the rows out of what train rows are known by (:mod:`tidemill.trained`), for ``snapshots`` that lost some.

    Gives the keys that were written again.
    """
    found = set()
    for key in (*store.list(f"{use_case}/stages/split"), *store.list(f"{use_case}/versions")):
        try:
            said = store.read_json(key)
            split = said["lineage"]["split"] if "lineage" in said else said["result"]
            theirs = bool(split.get("trained")) and split["train"]["id"] in snapshots
        except (UserError, KeyError, TypeError):  # damaged: the proof names it
            continue
        if theirs:
            trained = TrainedRows.model_validate(split["trained"])
            if forget(store, Snapshot.model_validate(split["train"]), trained):
                found.add(trained.key)
    return sorted(found)


def forget_stages(store: Store, use_case: str) -> None:
    """Remove the memories of stages, and of samples, that speak of a Snapshot which erasures took rows from."""
    redacted = [name.encode() for name, manifest in manifests(store, use_case).items() if manifest.redactions]

    def speaks(key: str) -> bool:
        data = store.read_bytes(key)
        return any(name in data or name in key.encode() for name in redacted)

    keys = [*store.list(f"{use_case}/stages"), *store.list(f"{use_case}/samples")]
    with ThreadPoolExecutor(_READERS) as pool:
        for key, gone in zip(keys, pool.map(speaks, keys), strict=True):
            if gone:
                store.delete(key)


def rewrite_table(store: Store, key: str, gone: _Gone) -> int:
    """Write a Parquet file of the lake again without the rows that ``gone`` marks; gives how many those were.

    Row group by row group, so memory is for one of them. The old file is there until the new one is whole.
    """
    rows = 0
    with store.open(key) as file:
        parquet = pq.ParquetFile(file)
        with store.writer(key) as sink, pq.ParquetWriter(sink, parquet.schema_arrow, compression="zstd") as writer:
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group)
                mask = gone(table)
                rows += int(mask.sum())
                writer.write_table(without(table, mask) if mask.any() else table)
    return rows


def rewrite_texts(store: Store, use_case: str, names: Names, *, keep: bool) -> list[str]:
    """Put a mark where JSON and other texts name somebody; gives their keys. ``keep`` only looks.

    Logs are left alone (:data:`LOGS`), and so are Models, which have a way of their own. Data Docs whose results show
    the values show marks in their pages, too.
    """

    keys = [key for key in store.list(use_case) if _is_text(key)]
    with ThreadPoolExecutor(_READERS) as pool:
        made = [(key, one) for key, one in pool.map(lambda key: (key, _rewritten(store, key, names)), keys) if one]
    found = dict(made)
    folders = {key.rsplit("/", 1)[0] for key in found if key.endswith("/validation.json")}
    for key in keys:
        if key.endswith(".html") and key.rsplit("/", 1)[0] in folders:
            page = found.get(key) or store.read_bytes(key)
            found[key] = names.out_of_page(page.decode()).encode()
    for key, data in sorted(found.items()) if not keep else ():
        store.write_bytes(key, data)
    return sorted(found)


def _is_text(key: str) -> bool:
    whole = kind_of(key) in LOGS or key.endswith(("/model.json", "/redacted.json", ".parquet", ".ubj", ".npy"))
    return not whole


def _rewritten(store: Store, key: str, names: Names) -> bytes | None:
    """The object without what names somebody; None where nothing does, or nothing is there any more."""
    try:
        text = store.read_bytes(key).decode()
    except (KeyError, UnicodeDecodeError):
        return None
    if not key.endswith(".json"):
        return names.out_of_text(text).encode() if names.in_text(text) else None
    try:
        said = json.loads(text)
    except ValueError:
        return None  # damaged: the proof names it
    return json_bytes(names.out_of_json(said)) if names.in_json(said) else None
