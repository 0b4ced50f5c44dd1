"""Which version is live, and which one answers while that is damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tidemill.errors import DamagedError, UserError
from tidemill.registry.ledger import Forked, Ledger
from tidemill.registry.records import ModelVersion
from tidemill.registry.standing import Standing, changes_champion, standing
from tidemill.registry.versions import Versions

__all__ = ["Answering", "Champions"]

T = TypeVar("T")


@dataclass(frozen=True)
class Answering(Generic[T]):
    """The version that answers, and what its loader made of it.

    ``problem`` says why it is not the ``champion``, which is damaged; None where it is.
    """

    champion: str
    version: ModelVersion
    loaded: T
    problem: str | None = None


class Champions:
    """The champion of ``use_case`` and those before it, as the ledger has them."""

    def __init__(self, use_case: str, ledger: Ledger, versions: Versions) -> None:
        self._use_case = use_case
        self._ledger = ledger
        self._versions = versions

    def live(self) -> tuple[str, str | None] | None:
        """The champion's name, and the sha256 of its record as the ledger has it."""
        try:
            last = self._ledger.newest(changes_champion)
        except Forked:
            now = standing(self._ledger.entries())
            return None if now.champion is None else (now.champion, now.hashes[now.champion].get("version"))
        return None if last is None or last.champion is None else (last.champion, last.hashes.get("version"))

    def answering(self, load: Callable[[ModelVersion], T]) -> Answering[T] | None:
        """The champion with what ``load`` makes of it, or else the last good one before it.

        See :meth:`tidemill.registry.Registry.answering`.
        """
        found = self.live()
        if found is None:
            return None
        try:
            champion = self._versions.load(*found)
            return Answering(found[0], champion, load(champion))
        except DamagedError as error:
            wrong = str(error)
        now = standing(self._ledger.entries())
        for name in now.before:
            try:
                version = self._versions.load(name, now.hashes[name].get("version"))
                loaded = load(version)
            except DamagedError:
                continue
            said = f"the champion {found[0]} is damaged, and {name}, the last good one before it, answers: {wrong}"
            return Answering(found[0], version, loaded, said)
        raise DamagedError(
            f"the champion {found[0]} of `{self._use_case}` is damaged, and there is no good one before it: {wrong}"
        )

    def last_good(self, now: Standing) -> tuple[str, dict[str, str], list[str]]:
        """The newest champion before the present one that is whole, its hashes, and those that were passed over."""
        if not now.before:
            has = f"{now.champion} is its first champion" if now.champion else "it has no champion"
            raise UserError(f"`{self._use_case}` can't be rolled back: {has}")
        wrong: dict[str, str] = {}
        for name in now.before:
            try:
                hashes = self._versions.hashes(name, whole=True, sha256=now.hashes[name].get("version"))
                return name, hashes, list(wrong)
            except DamagedError as error:
                wrong[name] = str(error)
        told = "; ".join(wrong.values())
        raise DamagedError(
            f"`{self._use_case}` can't be rolled back: no champion before {now.champion} is whole: {told}"
        )
