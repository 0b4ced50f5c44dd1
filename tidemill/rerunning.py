"""Decisions of the gate made again from what the lake kept of them, and the hashes that they were made on checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import ValidationError

from tidemill.errors import TidemillError, UserError
from tidemill.gate import decide
from tidemill.learning.stored import id_of, read_model
from tidemill.provenance import code_version
from tidemill.registry import LedgerEntry, Line, ModelVersion, Registry, sentence_of
from tidemill.results import Record
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Rerun", "rerun"]

_REDACTED = "redacted by an erasure"
Outcome = Literal["same", "differs", "not re-runnable", "a person's", "no decision"]


class Rerun(Record):
    """What came of one entry: the gate's own decision is made again, a person's is not.

    ``said`` is what the gate says now, or why it could not be asked. ``problems`` are hashes that no longer fit.
    """

    number: int
    action: str
    version: str
    outcome: Outcome
    said: str = ""
    problems: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing speaks against the entry."""
        return self.outcome != "differs" and not self.problems


class _Unknown(Exception):  # noqa: N818 - no error: it says why a decision can't be made again
    """Something that the decision was made on is not to be had."""


def rerun(store: Store, use_case: str, lines: Sequence[Line]) -> list[Rerun]:
    """Each entry checked, and decided again where the gate decided. Reads no rows, and no model more than once."""
    bench = _Bench(store, use_case)
    return [bench.rerun(line.entry) for line in lines]


class _Bench:
    """What is stored of each version, read once."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._use_case = use_case
        self._registry = Registry(store, use_case)
        self._versions: dict[str, ModelVersion | str] = {}
        self._found: dict[str, dict[str, str]] = {}
        self._hint = " (an erasure may have done that)" if store.list(f"{use_case}/erasures") else ""

    def rerun(self, entry: LedgerEntry) -> Rerun:
        """One entry."""
        base = Rerun(
            number=entry.number,
            action=entry.action,
            version=entry.version,
            outcome="no decision" if entry.action == "register" else "a person's",
            problems=tuple(self._problems(entry)),
        )
        if not entry.automatic or entry.action not in ("promote", "refuse", "wait"):
            return base
        try:
            action, said = self._decided(entry)
        except _Unknown as why:
            return base.model_copy(update={"outcome": "not re-runnable", "said": str(why)})
        if (action, said) == (entry.action, sentence_of(entry)):
            return base.model_copy(update={"outcome": "same", "said": said})
        if entry.format == 1 and not self._version(entry.version).lineage.evaluation.findings:
            lacks = "it was judged by an earlier Tidemill, whose evaluation does not hold what the gate goes by"
            return base.model_copy(update={"outcome": "not re-runnable", "said": lacks})
        by, here = entry.hashes.get("gate"), code_version()
        code = f" (the gate that decided was {by}, this is {here})" if by and by != here else ""
        return base.model_copy(update={"outcome": "differs", "said": f"{action}: {said}{code}"})

    def _decided(self, entry: LedgerEntry) -> tuple[str, str]:
        version = self._version(entry.version)
        against = entry.against if entry.format > 1 else entry.previous
        champion = None if against is None else self._version(against)
        try:
            return decide(self._usecase(entry, version), version.lineage.evaluation, champion, version.lineage.proof)
        except TidemillError as error:
            raise _Unknown(str(error)) from None

    def _version(self, name: str) -> ModelVersion:
        if name not in self._versions:
            try:
                self._versions[name] = self._registry.version(name)
            except UserError as error:
                self._versions[name] = str(error)
        found = self._versions[name]
        if isinstance(found, str):
            raise _Unknown(found)
        return found

    def _usecase(self, entry: LedgerEntry, version: ModelVersion) -> UseCase:
        """The use case as it was then: the version's own, or the one that was kept with the decision."""
        text, wanted = version.lineage.usecase, entry.hashes.get("usecase")
        if wanted and _sha256(text.encode()) != wanted:
            key = f"{self._use_case}/decided/{wanted}.json"
            try:
                data = self._store.read_bytes(key)
            except KeyError:
                raise _Unknown(f"{self._store.url_of(key)}, the use case as it was then, is missing") from None
            if _sha256(data) != wanted:
                raise _Unknown(f"{self._store.url_of(key)} was changed after it was written")
            text = data.decode()
        try:
            return UseCase.model_validate_json(text)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "it"
            raise _Unknown(f"the use case as it was then can't be read: {where}: {error.errors()[0]['msg']}") from None

    def _problems(self, entry: LedgerEntry) -> list[str]:
        """The hashes of the entry that what is stored no longer has."""
        if entry.version not in self._found:
            self._found[entry.version] = self._hashes(entry.version)
        found = self._found[entry.version]
        checked = {"version": "its record", "files": "its model", "evidence": "its stored evaluation"}
        return [
            f"{what} is {found[key] or 'missing'}, and was {entry.hashes[key]}{self._hint}"
            if len(found[key]) in (0, 64)
            else found[key]
            for key, what in checked.items()
            if entry.hashes.get(key) and found[key] not in (entry.hashes[key], _REDACTED)
        ]

    def _hashes(self, name: str) -> dict[str, str]:
        """What is stored now: a sha256, nothing where it is missing, or a sentence where it can't be read.

        A Model that an erasure redacted, and that says so itself, is no problem.
        """
        key = f"{self._use_case}/versions/{name}.json"
        found = {"version": self._sha256_of(key), "files": "", "evidence": ""}
        try:
            version = self._version(name)
            found["evidence"] = self._sha256_of(version.lineage.evaluation.key)
            stored = read_model(self._store, version.model)
            redacted = id_of(stored.description) != version.model.id
            found["files"] = _REDACTED if redacted else stored.sha256
        except _Unknown:
            pass
        except UserError as error:
            found["files"] = str(error)
        return found

    def _sha256_of(self, key: str) -> str:
        try:
            return _sha256(self._store.read_bytes(key))
        except KeyError:
            return ""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
