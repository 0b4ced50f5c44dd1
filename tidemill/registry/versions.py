"""The versions of one use case as they are stored: found, written, and proved to be whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from tidemill.errors import DamagedError, UserError, did_you_mean
from tidemill.learning.stored import read_model
from tidemill.registry.records import ModelVersion, parsed
from tidemill.results import Evaluation, Lineage, RowBalance
from tidemill.store import Store

__all__ = ["Versions", "digest"]

_READERS = 16


class Versions:
    """Records of versions, one object each, written once."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._use_case = use_case

    def names(self) -> list[str]:
        """Every version's name, sorted."""
        keys = self._store.list(f"{self._use_case}/versions")
        return [key.rsplit("/", 1)[-1].removesuffix(".json") for key in keys]

    def all(self) -> list[ModelVersion]:
        """Every version, newest last. Raises DamagedError for one that can't be read."""
        names = self.names()
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(self.load, names)) if names else []
        return _by_age(found)

    def readable(self) -> tuple[list[ModelVersion], dict[str, str]]:
        """The versions that can be read, newest last, and of each other one what is wrong with it."""
        names = self.names()
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(self._tried, names)) if names else []
        wrong = {name: one for name, one in zip(names, found, strict=True) if isinstance(one, str)}
        return _by_age([one for one in found if isinstance(one, ModelVersion)]), wrong

    def latest(self, names: Sequence[str]) -> ModelVersion:
        """The newest of ``names``, which are sorted and not empty."""
        newest = [known for known in names if known[:8] == names[-1][:8]]
        return _by_age([self.load(name) for name in newest])[-1]

    def load(self, name: str, sha256: str | None = None) -> ModelVersion:
        """The version called ``name``. Raises DamagedError when it is missing, damaged, or not ``sha256``."""
        return self._parsed(name, self.read(name), sha256)

    def read(self, name: str) -> bytes:
        """The record's bytes. Raises DamagedError when there is none."""
        try:
            return self._store.read_bytes(self._key(name))
        except KeyError:
            where = self._store.url_of(self._key(name))
            raise DamagedError(f"{where} is missing: restore it from a backup, or promote another version") from None

    def found(self, lineage: Lineage) -> ModelVersion | None:
        """The version with the same model, the same evaluation and a proof with the same end, if there is one."""
        named = [name for name in self.names() if name[9:17] == lineage.model.id[:8]]
        for known in map(self.load, named):
            alike = known.lineage.evaluation == lineage.evaluation and _proven(known.lineage) == _proven(lineage)
            if known.model.id == lineage.model.id and alike:
                return known
        return None

    def written(self, lineage: Lineage, balance: RowBalance, excluded: dict[str, str]) -> ModelVersion:
        """A new version, named by day and model."""
        created = datetime.now(UTC)
        name = f"{created:%Y%m%d}-{lineage.model.id[:8]}"
        taken = 1
        while True:
            version = ModelVersion(
                use_case=self._use_case,
                version=name if taken == 1 else f"{name}-{taken}",
                created=created,
                lineage=lineage,
                balance=balance,
                excluded=excluded,
            )
            if self._store.create_json(self._key(version.version), version.model_dump(mode="json")):
                return version
            if (known := self.found(lineage)) is not None:
                return known
            taken += 1

    def whole(self, version: ModelVersion) -> None:
        """Return when every file of its Model is as it was written. Raises DamagedError when one is not."""
        read_model(self._store, version.model)

    def hashes(self, name: str, *, whole: bool = False, sha256: str | None = None) -> dict[str, str]:
        """The hashes of what a version is and was judged by; empty where the thing itself is not to be had.

        With ``whole`` raises DamagedError when a file of its Model, or its own record, is not as it was written.
        """
        data = self.read(name)
        lineage = self._parsed(name, data, sha256).lineage
        try:
            files = read_model(self._store, lineage.model).sha256
        except DamagedError:
            if whole:
                raise
            files = ""
        return {
            "code": lineage.code or "",
            "data": lineage.validation.snapshot.id,
            "evaluation": digest(lineage.evaluation),
            "evidence": self._evidence(lineage.evaluation),
            "files": files,
            "model": lineage.model.id,
            "usecase": hashlib.sha256(lineage.usecase.encode()).hexdigest(),
            "version": hashlib.sha256(data).hexdigest(),
        }

    def unknown(self, name: str, names: Sequence[str]) -> UserError:
        """What to say when there is no version called ``name``."""
        hint = did_you_mean(name, names)
        return UserError(f"`{self._use_case}` has no version `{name}`{hint}: {self.advice(names)}")

    def advice(self, names: Sequence[str] | None = None) -> str:
        """Which versions there are, or how to get one."""
        known = self.names() if names is None else names
        if not known:
            return f"train it first, with `tidemill train {self._use_case}`"
        return f"there {'is' if len(known) == 1 else 'are'} {', '.join(known[-5:])}"

    def _parsed(self, name: str, data: bytes, sha256: str | None) -> ModelVersion:
        where = self._store.url_of(self._key(name))
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedError(
                f"{where} was changed after the ledger named it: restore it from a backup, or promote another version"
            )
        return parsed(ModelVersion, data, where)

    def _tried(self, name: str) -> ModelVersion | str:
        try:
            return self.load(name)
        except UserError as error:
            return str(error)

    def _evidence(self, evaluation: Evaluation) -> str:
        try:
            return hashlib.sha256(self._store.read_bytes(evaluation.key)).hexdigest()
        except KeyError:
            return ""

    def _key(self, name: str) -> str:
        return f"{self._use_case}/versions/{name}.json"


def digest(evaluation: Evaluation) -> str:
    """The sha256 of an evaluation's record."""
    return hashlib.sha256(evaluation.model_dump_json().encode()).hexdigest()


def _proven(lineage: Lineage) -> bool:
    """Whether nothing speaks against the model's answering alike everywhere."""
    return lineage.proof is None or lineage.proof.passed


def _by_age(versions: list[ModelVersion]) -> list[ModelVersion]:
    return sorted(versions, key=lambda version: (version.created, version.version))
