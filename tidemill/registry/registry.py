"""The registry of one use case: versions, the champion, and the decisions about them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from tidemill.errors import DamagedError, OvertakenError, UserError
from tidemill.provenance import code_version
from tidemill.registry.champions import Answering, Champions
from tidemill.registry.drafting import FOUND, Against, drafted, first, last, why_not_waiting
from tidemill.registry.ledger import Ledger, Written
from tidemill.registry.records import LedgerEntry, ModelVersion
from tidemill.registry.standing import changes_champion, standing
from tidemill.registry.versions import Versions
from tidemill.results import Lineage, RowBalance
from tidemill.store import Store

__all__ = ["Answering", "Line", "Registry"]

_GATE = ("promote", "refuse", "wait")
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """An entry of the ledger. Where another of the same moment came first and it had no effect, ``holds`` is False."""

    entry: LedgerEntry
    holds: bool
    sha256: str


class Registry:
    """Versions and ledger of ``use_case`` in ``store``. Safe between threads and processes.

    Every change is one ledger entry; who is champion follows from the entries alone. ``who`` of an entry is, where
    nobody is named, ``TIDEMILL_USER`` or the user of this process.
    """

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._use_case = use_case
        self._ledger = Ledger(store, use_case)
        self._versions = Versions(store, use_case)
        self._champions = Champions(use_case, self._ledger, self._versions)

    def register(
        self, lineage: Lineage, balance: RowBalance, excluded: dict[str, str], *, who: str | None = None
    ) -> ModelVersion:
        """Write a version, or find the one with the same model, the same evaluation, and a proof with the same end."""
        made = self._versions.found(lineage) or self._versions.written(lineage, balance, excluded)
        hashes = self._versions.hashes(made.version)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            known = first(before, lambda entry: entry.action == "register" and entry.version == made.version)
            if known is not None:
                return known
            why = "a model was trained"
            return drafted(standing(before), "register", made.version, why, who, hashes, automatic=True)

        self._ledger.append(draft)
        return made

    def names(self) -> list[str]:
        """Every version's name, sorted. Reads none of them."""
        return self._versions.names()

    def versions(self) -> list[ModelVersion]:
        """Every version, newest last."""
        return self._versions.all()

    def readable(self) -> tuple[list[ModelVersion], dict[str, str]]:
        """The versions that can be read, newest last, and of each other one what is wrong with it."""
        return self._versions.readable()

    def version(self, name: str) -> ModelVersion:
        """The version called ``name``; ``champion`` and ``latest`` are understood.

        Raises UserError when there is none, with what there is.
        """
        if name == "champion" and (champion := self.champion()) is not None:
            return champion
        return self._versions.load(self.named(name))

    def named(self, name: str) -> str:
        """The name of the version called ``name``, without reading its record. Raises UserError as :meth:`version`."""
        if name == "champion":
            champion = self.champion_name()
            if champion is None:
                raise UserError(f"`{self._use_case}` has no champion yet: {self._versions.advice()}")
            return champion
        names = self._versions.names()
        if name == "latest" and names:
            return self._versions.latest(names).version
        if name not in names:
            raise self._versions.unknown(name, names)
        return name

    def champion(self) -> ModelVersion | None:
        """The version that is live, or None. Asks for a listing and, as a rule, for the last entries only.

        Raises DamagedError when its record is missing or not the one that the ledger names.
        """
        found = self._champions.live()
        return None if found is None else self._versions.load(*found)

    def champion_name(self) -> str | None:
        """The name of the version that is live, without reading its record."""
        found = self._champions.live()
        return None if found is None else found[0]

    def answering(self, load: Callable[[ModelVersion], T]) -> Answering[T] | None:
        """The champion with what ``load`` makes of it; where that raises DamagedError, the last good one before it.

        None without a champion. Raises DamagedError when neither it nor any before it can be loaded.
        """
        return self._champions.answering(load)

    def rival(self) -> ModelVersion | None:
        """The version that a new model is compared with: the one that answers, or None where none can."""
        try:
            found = self.answering(self.whole)
        except DamagedError:
            return None
        return None if found is None else found.version

    def whole(self, version: ModelVersion) -> None:
        """Return when every file of its Model is as it was written; a loader for :meth:`answering`.

        Raises DamagedError when one is missing or was changed.
        """
        self._versions.whole(version)

    def ledger(self) -> list[LedgerEntry]:
        """Every decision, oldest first, proved to be as written."""
        return [written.entry for written in self._ledger.entries()]

    def lines(self) -> list[Line]:
        """:meth:`ledger`, each entry with whether it holds."""
        entries = self._ledger.entries()
        void = standing(entries).void
        return [Line(written.entry, written.key not in void, written.sha256) for written in entries]

    def waiting(self) -> list[str]:
        """Versions that wait for a person, oldest first."""
        status = standing(self._ledger.entries()).status
        return [version for version, word in status.items() if word == "waiting"]

    def live_at(self, moment: datetime) -> str | None:
        """The version that was champion at ``moment`` (aware), or None."""
        until = moment.astimezone(UTC)
        return standing(written for written in self._ledger.entries() if written.entry.when <= until).champion

    def settled(self, version: str) -> LedgerEntry | None:
        """The last decision on ``version``, the gate's or a person's; None when there is none yet."""
        last = standing(self._ledger.entries()).decided.get(version)
        return None if last is None or last.action == "register" else last

    def expire(self) -> list[LedgerEntry]:
        """Reject what nobody answered in time, and give the entries that say so. Without any, nothing is written."""
        now = datetime.now(UTC)
        overdue = [
            last
            for last in standing(self._ledger.entries()).decided.values()
            if last.action == "wait" and last.until is not None and last.until <= now
        ]
        return [self._expired(last) for last in overdue]

    def _expired(self, waiting: LedgerEntry) -> LedgerEntry:
        why = f"nobody answered until {waiting.until:%Y-%m-%d %H:%M} UTC"
        hashes = self._versions.hashes(waiting.version)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            if now.status.get(waiting.version) != "waiting":
                return before[-1]
            return drafted(now, "reject", waiting.version, why, "tidemill", hashes, automatic=True)

        return self._ledger.append(draft).entry

    def decide(
        self,
        version: str,
        action: Literal["promote", "refuse", "wait"],
        why: str,
        who: str | None = None,
        *,
        against: str | None = FOUND,
        compared: str | None = FOUND,
        usecase: str | None = None,
        until: datetime | None = None,
    ) -> LedgerEntry:
        """Record the gate's decision. A repeat of its last decision on ``version`` writes nothing new.

        A version that is to ``wait`` counts as rejected after ``until``.

        ``against`` is the champion that it was decided against, ``compared`` the version that was compared with where
        that is another one or none, ``usecase`` the use case's JSON as it was then. Raises OvertakenError when a
        promotion was decided against one that is champion no more, and DamagedError when the model is not whole.
        """
        made = self.version(version)
        hashes = self._versions.hashes(made.version, whole=action == "promote")
        hashes |= self._kept(usecase or made.lineage.usecase, hashes["usecase"])
        stated = Against(self._use_case, against)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            known = last(before, now, lambda one: one.version == made.version and one.automatic and one.action in _GATE)
            if known is not None and known.entry.action == action:
                return known
            if action == "promote":
                stated.check(now)
            entry = drafted(now, action, made.version, why, who, hashes, automatic=True)
            rival = now.champion if compared == FOUND else compared
            return entry.model_copy(update={"against": rival, "until": until})

        return self._effective(self._ledger.append(draft))

    def promote(
        self, version: str, *, who: str | None = None, why: str = "", against: str | None = FOUND
    ) -> LedgerEntry:
        """Make ``version`` the champion, by a person's word. Writes nothing when it is already.

        ``against`` is the champion that this was decided against; left out, the one that is found first. Raises
        OvertakenError when another one is champion by then, and DamagedError when the model is not whole.
        """
        made = self.named(version)
        hashes = self._versions.hashes(made, whole=True)
        stated = Against(self._use_case, against)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            if now.champion == made and (known := last(before, now, changes_champion)) is not None:
                return known
            stated.check(now)
            return drafted(now, "promote", made, why or "a person promoted it", who, hashes)

        return self._effective(self._ledger.append(draft))

    def approve(self, version: str, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Make a waiting ``version`` the champion.

        Raises UserError when it does not wait, OvertakenError when another version became the champion since it was
        compared, and DamagedError when its model is not whole.
        """
        return self._answered("approve", version, who, why or "a person approved it")

    def reject(self, version: str, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Turn a waiting ``version`` down. Raises UserError when it does not wait."""
        return self._answered("reject", version, who, why or "a person rejected it")

    def rollback(self, *, who: str | None = None, why: str = "") -> LedgerEntry:
        """Make the last good champion before the present one champion again; again goes further back.

        Reads no file of the version that is left, so it works when those are damaged. Raises UserError when there is
        nothing before, DamagedError when none of those before is whole, and OvertakenError when somebody else changed
        the champion meanwhile.
        """
        stated = Against(self._use_case, FOUND)

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            stated.check(now)
            back, hashes, passed = self._champions.last_good(now)
            said = f" (passed over, as damaged: {', '.join(passed)})" if passed else ""
            return drafted(now, "rollback", back, f"{why or 'a person rolled back'}{said}", who, hashes)

        return self._effective(self._ledger.append(draft))

    def _answered(self, action: Literal["approve", "reject"], version: str, who: str | None, why: str) -> LedgerEntry:
        made = self.named(version)
        hashes = self._versions.hashes(made)
        self.expire()

        def draft(before: Sequence[Written]) -> LedgerEntry | Written:
            now = standing(before)
            if now.status.get(made) != "waiting":
                raise UserError(f"{made} does not wait for approval: {why_not_waiting(now, made)}")
            if action == "approve":
                compared = now.decided[made].champion
                if now.champion != compared:
                    raise OvertakenError(
                        f"{made} was compared with {compared or 'no champion'}, and {now.champion} became the "
                        f"champion of `{self._use_case}` since: train again, which makes the comparison anew, or "
                        "overrule that with `tidemill promote`"
                    )
                self._versions.hashes(made, whole=True)
            return drafted(now, action, made, why, who, hashes)

        return self._effective(self._ledger.append(draft))

    def _effective(self, written: Written) -> LedgerEntry:
        """The entry, if it holds. Where writers can meet on one number, the later in order may be void."""
        if self._store.conditional:
            return written.entry
        self._ledger.settle()
        if written.key in standing(self._ledger.entries()).void:
            raise OvertakenError(
                f"somebody else decided on `{self._use_case}` at the same moment and came first: "
                f"this {written.entry.action} of {written.entry.version} has no effect. Look at `tidemill models`"
            )
        return written.entry

    def _kept(self, usecase: str, known: str) -> dict[str, str]:
        """What a gate decided by: its own code, and the use case, whose JSON is kept where the version has another."""
        sha256 = hashlib.sha256(usecase.encode()).hexdigest()
        if sha256 != known:
            self._store.create_bytes(f"{self._use_case}/decided/{sha256}.json", usecase.encode())
        return {"usecase": sha256, "gate": code_version()}
