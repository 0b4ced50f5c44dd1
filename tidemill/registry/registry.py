"""The registry of one use case: versions, the champion, and the decisions about them."""

from __future__ import annotations

import getpass
import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Literal

from tidemill.errors import UserError, did_you_mean
from tidemill.registry.ledger import Forked, Ledger, Written
from tidemill.registry.records import Action, LedgerEntry, ModelVersion, parsed
from tidemill.registry.standing import Standing, changes_champion, standing
from tidemill.results import Evaluation, Lineage, RowBalance
from tidemill.store import Store

__all__ = ["Registry"]

_AUTOMATIC = ("promote", "refuse", "wait")
_READERS = 16
_SETTLE_SECONDS = 1.0


class Registry:
    """Versions and ledger of ``use_case`` in ``store``. Safe between threads and processes.

    Every change is one ledger entry; who is champion follows from the entries alone.
    """

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._use_case = use_case
        self._ledger = Ledger(store, use_case)

    def register(self, lineage: Lineage, balance: RowBalance, excluded: dict[str, str]) -> ModelVersion:
        """Write a version, or find the one with the same model, the same evaluation, and a proof with the same end."""
        made = self._registered(lineage) or self._written(lineage, balance, excluded)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            known = _first(before, lambda entry: entry.action == "register" and entry.version == made.version)
            return known or self._entry(
                standing(before), "register", made.version, "a model was trained", "prefect", automatic=True
            )

        self._ledger.append(draft)
        return made

    def versions(self) -> list[ModelVersion]:
        """Every version, newest last."""
        names = self._names()
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(self._load, names)) if names else []
        return sorted(found, key=lambda version: (version.created, version.version))

    def version(self, name: str) -> ModelVersion:
        """The version called ``name``; ``champion`` and ``latest`` are understood.

        Raises UserError when there is none, with what there is.
        """
        if name == "champion":
            champion = self.champion()
            if champion is None:
                raise UserError(f"`{self._use_case}` has no champion yet: {self._advice()}")
            return champion
        names = self._names()
        if name == "latest" and names:
            newest = [known for known in names if known[:8] == names[-1][:8]]
            return max(map(self._load, newest), key=lambda version: (version.created, version.version))
        if name not in names:
            raise UserError(
                f"`{self._use_case}` has no version `{name}`{did_you_mean(name, names)}: {self._advice(names)}"
            )
        return self._load(name)

    def champion(self) -> ModelVersion | None:
        """The version that is live, or None. Asks for a listing and, as a rule, for the last entries only."""
        name = self._champion()
        return None if name is None else self._load(name)

    def ledger(self) -> list[LedgerEntry]:
        """Every decision, oldest first, proved to be as written."""
        return [written.entry for written in self._ledger.entries()]

    def waiting(self) -> list[str]:
        """Versions that wait for a person, oldest first."""
        status = standing(self._ledger.entries()).status
        return [version for version, word in status.items() if word == "waiting"]

    def live_at(self, moment: datetime) -> str | None:
        """The version that was champion at ``moment`` (aware), or None."""
        until = moment.astimezone(UTC)
        return standing(written for written in self._ledger.entries() if written.entry.when <= until).champion

    def decide(
        self, version: str, action: Literal["promote", "refuse", "wait"], why: str, who: str | None = None
    ) -> LedgerEntry:
        """Record the gate's decision. A repeat of its last decision on ``version`` writes nothing new."""
        made = self.version(version).version

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            last = _last(before, lambda entry: entry.version == made and entry.automatic and entry.action in _AUTOMATIC)
            if last is not None and last.entry.action == action:
                return last
            return self._entry(standing(before), action, made, why, who or "prefect", automatic=True)

        return self._ledger.append(draft).entry

    def promote(self, version: str, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Make ``version`` the champion, by a person's word. Writes nothing when it is already."""
        made = self.version(version).version

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            if now.champion == made and (last := _last(before, changes_champion)) is not None:
                return last
            return self._entry(now, "promote", made, why or "a person promoted it", who)

        return self._ledger.append(draft).entry

    def approve(self, version: str, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Make a waiting ``version`` the champion. Raises UserError when it does not wait."""
        return self._answered("approve", version, who, why or "a person approved it")

    def reject(self, version: str, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Turn a waiting ``version`` down. Raises UserError when it does not wait."""
        return self._answered("reject", version, who, why or "a person rejected it")

    def rollback(self, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Make the champion before the present one champion again; again goes one further back.

        Reads no file of the version that is left, so it works when those are damaged. Raises UserError
        when there is nothing before, or when somebody else changed the champion meanwhile.
        """
        seen: list[str | None] = []

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            seen.append(now.champion)
            if seen[0] != now.champion:
                raise UserError(
                    f"the champion of `{self._use_case}` changed meanwhile from {seen[0]} to {now.champion}: "
                    "look at it, and roll back again if need be"
                )
            if len(now.live) < 2:
                has = f"{now.champion} is its first champion" if now.champion else "it has no champion"
                raise UserError(f"`{self._use_case}` can't be rolled back: {has}")
            self._load(now.live[-2])
            return self._entry(now, "rollback", now.live[-2], why or "a person rolled back", who)

        return self._effective(self._ledger.append(draft))

    def _answered(self, action: Literal["approve", "reject"], version: str, who: str | None, why: str) -> LedgerEntry:
        made = self.version(version).version

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            if now.status.get(made) != "waiting":
                raise UserError(f"{made} does not wait for approval: {_told(now, made)}")
            return self._entry(now, action, made, why, who)

        return self._effective(self._ledger.append(draft))

    def _effective(self, written: Written) -> LedgerEntry:
        """The entry, if it holds. Where writers can meet on one number, the later in order may be void.

        There, another's entry of the same number may still be on its way: it is waited for.
        """
        if self._store.conditional:
            return written.entry
        time.sleep(_SETTLE_SECONDS)
        if written.key in standing(self._ledger.entries()).void:
            raise UserError(
                f"somebody else decided on `{self._use_case}` at the same moment and came first: "
                f"this {written.entry.action} of {written.entry.version} has no effect. Look at `tidemill models`"
            )
        return written.entry

    def _entry(
        self,
        now: Standing,
        action: Action,
        version: str,
        why: str,
        who: str | None,
        *,
        automatic: bool = False,
    ) -> LedgerEntry:
        changes = action in ("promote", "approve", "rollback")
        return LedgerEntry(
            number=0,
            action=action,
            version=version,
            previous=now.champion,
            champion=version if changes else now.champion,
            who=who or _user(),
            when=datetime.now(UTC),
            why=why,
            automatic=automatic,
            hashes=self._hashes(version),
            parent="",
        )

    def _hashes(self, version: str) -> dict[str, str]:
        data = self._bytes(version)
        lineage = parsed(ModelVersion, data, self._store.url_of(self._key(version))).lineage
        return {
            "code": lineage.code or "",
            "data": lineage.validation.snapshot.id,
            "evaluation": _digest(lineage.evaluation),
            "model": lineage.model.id,
            "version": hashlib.sha256(data).hexdigest(),
        }

    def _champion(self) -> str | None:
        try:
            last = self._ledger.newest(changes_champion)
        except Forked:
            return standing(self._ledger.entries()).champion
        return None if last is None else last.champion

    def _registered(self, lineage: Lineage) -> ModelVersion | None:
        named = [name for name in self._names() if name[9:17] == lineage.model.id[:8]]
        for known in map(self._load, named):
            alike = known.lineage.evaluation == lineage.evaluation and _proven(known.lineage) == _proven(lineage)
            if known.model.id == lineage.model.id and alike:
                return known
        return None

    def _written(self, lineage: Lineage, balance: RowBalance, excluded: dict[str, str]) -> ModelVersion:
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
            if (known := self._registered(lineage)) is not None:
                return known
            taken += 1

    def _names(self) -> list[str]:
        keys = self._store.list(f"{self._use_case}/versions")
        return [key.rsplit("/", 1)[-1].removesuffix(".json") for key in keys]

    def _load(self, name: str) -> ModelVersion:
        return parsed(ModelVersion, self._bytes(name), self._store.url_of(self._key(name)))

    def _bytes(self, name: str) -> bytes:
        try:
            return self._store.read_bytes(self._key(name))
        except KeyError:
            where = self._store.url_of(self._key(name))
            raise UserError(f"{where} is missing: restore it from a backup, or promote another version") from None

    def _key(self, name: str) -> str:
        return f"{self._use_case}/versions/{name}.json"

    def _advice(self, names: Sequence[str] | None = None) -> str:
        known = self._names() if names is None else names
        if not known:
            return f"train it first, with `tidemill train {self._use_case}`"
        return f"there {'is' if len(known) == 1 else 'are'} {', '.join(known[-5:])}"


def _told(now: Standing, version: str) -> str:
    """Why a version does not wait, in words."""
    last = now.decided.get(version)
    if last is None or last.action == "register":
        return "the gate has not decided on it yet"
    said = {"approve": "approved", "reject": "rejected", "refuse": "refused", "promote": "promoted"}
    text = f"it was {said.get(last.action, last.action)} by {last.who} on {last.when:%Y-%m-%d %H:%M} UTC"
    return f"{text}. Use `tidemill promote` to overrule that" if last.action in ("reject", "refuse") else text


def _proven(lineage: Lineage) -> bool:
    """Whether nothing speaks against the model's answering alike everywhere."""
    return lineage.proof is None or lineage.proof.passed


def _digest(evaluation: Evaluation) -> str:
    return hashlib.sha256(evaluation.model_dump_json().encode()).hexdigest()


def _first(entries: Sequence[Written], wanted: Callable[[LedgerEntry], bool]) -> Written | None:
    return next((written for written in entries if wanted(written.entry)), None)


def _last(entries: Sequence[Written], wanted: Callable[[LedgerEntry], bool]) -> Written | None:
    return next((written for written in reversed(entries) if wanted(written.entry)), None)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
