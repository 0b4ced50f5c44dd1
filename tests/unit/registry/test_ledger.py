"""The ledger's promises: one order, nothing lost, and no change unseen."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.lineage import register
from tidemill.errors import OvertakenError, TidemillError, UserError
from tidemill.registry import LedgerEntry, Registry
from tidemill.store import Store


class Unconditional(Store):
    """A store whose server ignores conditional writes."""

    conditional = False


def champion(registry: Registry) -> str | None:
    found = registry.champion()
    return None if found is None else found.version


def ledger_of(store: Store) -> list[str]:
    return [entry.action for entry in Registry(store, "toy").ledger()]


@pytest.fixture(params=[Store, Unconditional], ids=["conditional", "unconditional"])
def kept(request: pytest.FixtureRequest, memory: Store) -> Store:
    """A ledger of a few entries, in a store of each kind."""
    store: Store = request.param(memory.url)
    registry = Registry(store, "toy")
    registry.promote(register(registry, 1).version)
    registry.promote(register(registry, 2).version)
    return store


def damaged(store: Store, number: int, change: dict[str, Any]) -> str:
    key = store.list("toy/ledger")[number - 1]
    store.write_json(key, {**store.read_json(key), **change})
    return key


def test_a_changed_entry_is_noticed(kept: Store) -> None:
    damaged(kept, 2, {"why": "something else"})
    with pytest.raises(UserError, match="does not follow from the entry before it"):
        ledger_of(kept)


def test_a_removed_entry_is_noticed(kept: Store) -> None:
    kept.delete(kept.list("toy/ledger")[1])
    with pytest.raises(UserError, match="the ledger lacks entry 2"):
        ledger_of(kept)


def test_an_entry_by_hand_is_noticed(kept: Store) -> None:
    last = kept.read_json(kept.list("toy/ledger")[-1])
    kept.write_json("toy/ledger/00000005.json", {**last, "number": 5})
    with pytest.raises(UserError, match="does not follow from the entry before it"):
        ledger_of(kept)
    kept.write_json("toy/ledger/00000005.json", last)
    with pytest.raises(UserError, match="says that it is entry 4: it was written by hand"):
        ledger_of(kept)
    kept.delete("toy/ledger/00000005.json")
    kept.write_json("toy/ledger/notes.json", {})
    with pytest.raises(UserError, match=r"notes\.json is no entry of the ledger"):
        ledger_of(kept)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 3}, "has format 3; this Tidemill reads up to 2"),
        ({"action": "bless"}, "is damaged: action"),
        ({"extra": 1}, "is damaged: extra"),
    ],
)
def test_an_entry_that_can_not_be_read_is_named(kept: Store, change: dict[str, Any], says: str) -> None:
    key = damaged(kept, 4, change)
    with pytest.raises(UserError, match=f"{key} {says}"):
        ledger_of(kept)


def test_half_an_entry_is_named(kept: Store) -> None:
    key = kept.list("toy/ledger")[1]
    kept.write_bytes(key, kept.read_bytes(key)[:20])
    with pytest.raises(UserError, match=r"is damaged: it is not JSON"):
        ledger_of(kept)


def test_a_damaged_ledger_can_not_be_written_on(kept: Store) -> None:
    damaged(kept, 2, {"why": "something else"})
    before = kept.list("toy/ledger")
    with pytest.raises(UserError):
        Registry(kept, "toy").rollback()
    assert kept.list("toy/ledger") == before


def test_an_answer_that_was_lost_is_no_second_entry(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(memory, "toy")
    create = memory.create_bytes

    def lost(key: str, data: bytes) -> bool:
        return create(key, data) and "ledger" not in key

    monkeypatch.setattr(memory, "create_bytes", lost)
    register(registry)
    assert ledger_of(memory) == ["register"]


class Meeting:
    """Two registries on a store without conditional writes; what they do meets on one number of the ledger."""

    def __init__(self, url: str) -> None:
        self.store = Unconditional(url)
        self.mine, self.theirs = Registry(self.store, "toy"), Registry(self.store, "toy")

    def of(
        self, mine: Callable[[], LedgerEntry], theirs: Callable[[], LedgerEntry]
    ) -> list[LedgerEntry | TidemillError]:
        """Let both read, then both write; what each is given."""
        barrier, write = threading.Barrier(2), self.store.write_bytes

        def together(key: str, data: bytes) -> None:
            if "/ledger/" in key:
                barrier.wait(10)
            write(key, data)

        def asked(call: Callable[[], LedgerEntry]) -> LedgerEntry | TidemillError:
            try:
                return call()
            except TidemillError as error:
                return error

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
            patch.setattr(self.store, "write_bytes", together)
            return list(pool.map(asked, [mine, theirs]))


@pytest.fixture
def meeting(memory: Store) -> Meeting:
    return Meeting(memory.url)


def test_two_promotions_that_meet_are_both_kept_in_one_order(meeting: Meeting) -> None:
    first, second = register(meeting.mine, 1).version, register(meeting.mine, 2).version
    given = meeting.of(lambda: meeting.mine.promote(first), lambda: meeting.theirs.promote(second))
    (won,) = [one for one in given if isinstance(one, LedgerEntry)]
    (told,) = [one for one in given if isinstance(one, OvertakenError)]
    assert "at the same moment and came first" in str(told)
    entries = meeting.mine.ledger()
    assert [entry.number for entry in entries] == [1, 2, 3, 3]
    assert {entry.version for entry in entries[2:]} == {first, second}
    assert [line.holds for line in meeting.mine.lines()] == [True, True, True, False]
    for reader in (meeting.mine, meeting.theirs, Registry(meeting.store, "toy")):
        assert reader.ledger() == entries
        assert champion(reader) == entries[2].version == won.version
    meeting.theirs.promote(entries[3].version)
    assert [entry.number for entry in meeting.mine.ledger()] == [1, 2, 3, 3, 4]
    assert champion(meeting.mine) == entries[3].version


def test_two_rollbacks_that_meet_go_one_back(meeting: Meeting) -> None:
    names = [register(meeting.mine, seed).version for seed in range(3)]
    for name in names:
        meeting.mine.promote(name)
    given = meeting.of(meeting.mine.rollback, meeting.theirs.rollback)
    assert sorted(isinstance(one, OvertakenError) for one in given) == [False, True]
    assert "at the same moment and came first" in next(str(one) for one in given if isinstance(one, OvertakenError))
    assert champion(Registry(meeting.store, "toy")) == names[1]
    meeting.mine.rollback()
    assert champion(Registry(meeting.store, "toy")) == names[0]


def test_an_approval_that_meets_a_rejection(meeting: Meeting) -> None:
    version = register(meeting.mine).version
    meeting.mine.decide(version, "wait", "a person must say")
    approved, rejected = meeting.of(lambda: meeting.mine.approve(version), lambda: meeting.theirs.reject(version))
    assert isinstance(approved, OvertakenError) != isinstance(rejected, OvertakenError)
    expected = version if isinstance(approved, LedgerEntry) else None
    assert champion(meeting.mine) == champion(Registry(meeting.store, "toy")) == expected


def test_a_rollback_overtaken_by_another_says_so(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = Registry(memory, "toy"), Registry(Store(memory.url), "toy")
    for seed in range(3):
        mine.promote(register(mine, seed).version)
    create, met = memory.create_bytes, list[str]()

    def interrupted(key: str, data: bytes) -> bool:
        if not met:
            met.append(key)
            theirs.rollback()
        return create(key, data)

    monkeypatch.setattr(memory, "create_bytes", interrupted)
    with pytest.raises(OvertakenError, match="changed meanwhile"):
        mine.rollback()
    assert [entry.action for entry in mine.ledger()].count("rollback") == 1


def test_a_promotion_decided_against_an_earlier_champion_is_refused(kept: Store) -> None:
    registry = Registry(kept, "toy")
    third, fourth = register(registry, 3).version, register(registry, 4).version
    before = champion(registry)
    registry.promote(third, against=before)
    length = len(registry.ledger())
    for decide in (
        lambda: registry.promote(fourth, against=before),
        lambda: registry.decide(fourth, "promote", "better", against=before),
    ):
        with pytest.raises(OvertakenError, match=rf"changed meanwhile from {before} to {third}: nothing was done"):
            decide()
    assert (champion(registry), len(registry.ledger())) == (third, length)
    registry.promote(fourth, against=third)
    assert champion(registry) == fourth


def test_a_writer_that_was_cut_off_is_not_waited_for_twice(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.registry.turns.PATIENCE_SECONDS", 0.3)
    store = Unconditional(memory.url)
    registry = Registry(store, "toy")
    store.write_json("toy/turns/dead.json", {"format": 1})
    registry.promote(register(registry).version)
    assert store.list("toy/turns") == []


def test_an_entry_that_may_come_late_is_waited_for(memory: Store) -> None:
    mine, theirs = (Registry(Unconditional(memory.url), "toy") for _ in range(2))
    first, second = register(mine, 1).version, register(mine, 2).version
    read, wrote = threading.Event(), threading.Event()
    store = theirs._store
    write = store.write_bytes

    def slow(key: str, data: bytes) -> None:
        if "/ledger/" in key:
            read.set()
            wrote.wait(10)
        write(key, data)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(store, "write_bytes", slow)
        late = pool.submit(theirs.promote, second)
        read.wait(10)
        early = pool.submit(mine.promote, first)
        while len(mine._store.list("toy/ledger")) < 3:
            time.sleep(0.01)
        assert not early.done()
        wrote.set()
        # The late one read the ledger first, and stands first by its time.
        assert late.result(10).version == second
        with pytest.raises(OvertakenError, match="came first"):
            early.result(10)
    assert champion(Registry(memory, "toy")) == second


class LedgerMachine(RuleBasedStateMachine):
    """Any run of decisions, against a plain list of champions."""

    def __init__(self, kind: type[Store]) -> None:
        super().__init__()
        self.store = kind(f"memory://ledger-{uuid.uuid4().hex}")  # an id() is used again, and its lake is still there
        self.live: list[str] = []
        self.waiting: dict[str, str | None] = {}
        self.history: list[LedgerEntry] = []
        self.names = [register(Registry(self.store, "toy"), seed).version for seed in range(3)]

    @property
    def registry(self) -> Registry:
        return Registry(self.store, "toy")

    def lead(self, name: str) -> None:
        self.waiting.pop(name, None)
        if not self.live or self.live[-1] != name:
            self.live.append(name)

    @rule(which=st.integers(0, 2))
    def promote(self, which: int) -> None:
        before = self.live[-1] if self.live else None
        self.registry.promote(self.names[which])
        if before != self.names[which]:
            self.lead(self.names[which])

    @rule(which=st.integers(0, 2), action=st.sampled_from(["promote", "refuse", "wait"]))
    def decide(self, which: int, action: Any) -> None:
        before = len(self.registry.ledger())
        self.registry.decide(self.names[which], action, "why")
        if len(self.registry.ledger()) == before:
            return
        if action == "promote":
            self.lead(self.names[which])
        elif action == "wait":
            self.waiting[self.names[which]] = self.live[-1] if self.live else None
        else:
            self.waiting.pop(self.names[which], None)

    @rule(which=st.integers(0, 2), action=st.sampled_from(["approve", "reject"]))
    def answer(self, which: int, action: str) -> None:
        name = self.names[which]
        call = getattr(self.registry, action)
        if name not in self.waiting:
            with pytest.raises(UserError, match="does not wait"):
                call(name)
            return
        if action == "approve" and self.waiting[name] != (self.live[-1] if self.live else None):
            with pytest.raises(OvertakenError, match="became the champion"):
                call(name)
            return
        call(name)
        self.waiting.pop(name)
        if action == "approve":
            self.lead(name)

    @rule()
    def rollback(self) -> None:
        if len(self.live) < 2:
            with pytest.raises(UserError, match="can't be rolled back"):
                self.registry.rollback()
            return
        self.registry.rollback()
        self.live.pop()

    @precondition(lambda self: self.history)
    @rule(which=st.integers(0, 100))
    def ask_the_past(self, which: int) -> None:
        entry = self.history[which % len(self.history)]
        same_time = [other for other in self.registry.ledger() if other.when == entry.when]
        if len(same_time) == 1:
            assert self.registry.live_at(entry.when) == entry.champion

    @invariant()
    def everyone_sees_the_same(self) -> None:
        ledger = self.registry.ledger()
        assert ledger[: len(self.history)] == self.history
        assert [entry.number for entry in ledger] == list(range(1, len(ledger) + 1))
        assert [entry.when for entry in ledger] == sorted(entry.when for entry in ledger)
        self.history = ledger
        assert champion(self.registry) == (self.live[-1] if self.live else None) == ledger[-1].champion
        assert set(self.registry.waiting()) == set(self.waiting)
        assert self.registry.live_at(datetime.now(UTC)) == ledger[-1].champion


@pytest.mark.parametrize("kind", [Store, Unconditional], ids=["conditional", "unconditional"])
def test_any_run_of_decisions(kind: type[Store]) -> None:
    settings = hypothesis.settings(max_examples=20, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(lambda: LedgerMachine(kind), settings=settings)  # type: ignore[arg-type]
