"""The files of a stored Model, and whether they are as they were written. Imports neither XGBoost nor pandas.

``model.json`` names every other file with its sha256, and the Model's id is a hash of ``model.json``: so one
flipped bit in any of them is found, by whoever loads the Model and by the registry before it makes it champion.
An erasure that takes a person's name out of ``model.json`` writes beside it which ids it has after that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidemill.errors import DamagedError, UserError
from tidemill.results import ModelReference
from tidemill.store import Json, Store, json_bytes

__all__ = ["DESCRIPTION", "ENDS", "FORMAT", "REDACTED", "StoredModel", "files_of", "id_of", "read_model"]

FORMAT = 1
DESCRIPTION = "model.json"
ENDS = "ends.ubj"
REDACTED = "redacted.json"


@dataclass(frozen=True)
class StoredModel:
    """What was read: ``description`` is the parsed ``model.json``, ``files`` are the others' bytes, in their order."""

    description: dict[str, Any]
    files: dict[str, bytes]

    @property
    def description_sha256(self) -> str:
        """The sha256 of ``model.json``."""
        return _sha256(json_bytes(self.description))

    @property
    def sha256(self) -> str:
        """The sha256 of what ``sha256sum`` would print for all its files, by name."""
        hashes = {**files_of(self.description), DESCRIPTION: self.description_sha256}
        return _sha256("".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode())


def read_model(store: Store, reference: ModelReference) -> StoredModel:
    """Every file of a stored Model, proved to be as written.

    Raises DamagedError when one is missing or was changed, and UserError when it is of a newer format.
    """
    key = f"{reference.prefix}/{DESCRIPTION}"
    try:
        said = _description(store, key, reference.id)
        files = {file: store.read_bytes(f"{reference.prefix}/{file}") for file in files_of(said)}
    except KeyError as missing:
        raise DamagedError(
            f"the model {reference.id} is not whole in this lake ({store.url_of(reference.prefix)}): "
            f"{missing.args[0]} is missing. Restore it from a backup, or train again"
        ) from None
    for file, sha256 in files_of(said).items():
        if _sha256(files[file]) != sha256:
            raise _changed(store, f"{reference.prefix}/{file}")
    return StoredModel(said, files)


def files_of(description: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of each file that ``model.json`` names: the members' in their order, the intervals' ends, a
    forecast's memory."""
    found = {member["file"]: member["sha256"] for member in description["members"]}
    if description.get("ends") is not None:
        found[ENDS] = description["ends"]
    memory = (description.get("forecast") or {}).get("memory")
    if memory is not None:
        found[memory["file"]] = memory["sha256"]
    return found


def id_of(description: Json) -> str:
    """The Model's id: the first 16 hex digits of the sha256 of its description, which holds its files' own hashes."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _description(store: Store, key: str, identity: str) -> dict[str, Any]:
    data = store.read_bytes(key)
    try:
        said = json.loads(data)
    except ValueError:
        raise _changed(store, key) from None
    if not isinstance(said, dict):
        raise _changed(store, key)
    as_written = json_bytes(said) == data and (id_of(said) == identity or id_of(said) in _redacted(store, key))
    stored = said.get("format", 0)
    if isinstance(stored, int) and stored > FORMAT:
        newer = f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade it"
        raise UserError(newer) if as_written else DamagedError(f"{newer}, or restore the file from a backup")
    if not as_written:
        raise _changed(store, key)
    return said  # as it was stored: what was added to descriptions since is not part of its id


def _redacted(store: Store, key: str) -> list[str]:
    """The ids of what erasures made of the description at ``key``."""
    try:
        said = store.read_json(key.replace(DESCRIPTION, REDACTED))
    except KeyError:
        return []
    return [str(one) for one in said.get("ids", [])] if isinstance(said, dict) else []


def _changed(store: Store, key: str) -> DamagedError:
    return DamagedError(
        f"{store.url_of(key)} was changed after it was written: restore it from a backup, or train again"
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
