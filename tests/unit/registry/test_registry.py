"""Versions, the champion and the ledger, one writer at a time."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta

import pytest

from tests.lineage import made_up_balance, made_up_lineage, register
from tidemill.errors import DamagedError, OvertakenError, UserError
from tidemill.registry import ModelVersion, Registry
from tidemill.store import Store


@pytest.fixture
def registry(memory: Store) -> Registry:
    return Registry(memory, "toy")


def champion(registry: Registry) -> str | None:
    found = registry.champion()
    return None if found is None else found.version


def test_the_life_of_two_versions_on_every_storage(store: Store) -> None:
    registry = Registry(store, "toy")
    assert registry.versions() == []
    assert registry.champion() is None
    assert registry.ledger() == []
    first, second = register(registry, 1), register(registry, 2)
    registry.decide(first.version, "promote", "better than every baseline")
    registry.decide(second.version, "wait", "a person must say")
    assert champion(registry) == first.version
    registry.approve(second.version, who="ayu", why="looks right")
    assert champion(Registry(store, "toy")) == second.version
    registry.rollback(who="budi", why="complaints")
    assert champion(Registry(store, "toy")) == first.version
    ledger = Registry(store, "toy").ledger()
    assert [entry.action for entry in ledger] == ["register", "register", "promote", "wait", "approve", "rollback"]
    assert [entry.number for entry in ledger] == [1, 2, 3, 4, 5, 6]
    assert [version.version for version in registry.versions()] == [first.version, second.version]


def test_a_version_is_named_by_day_and_model(registry: Registry) -> None:
    version = register(registry)
    assert version.version == f"{datetime.now(UTC):%Y%m%d}-{version.model.id[:8]}"
    assert version.metric.name == "auc"
    assert version.balance.used == 1185
    assert registry.version(version.version) == version
    assert registry.version("latest") == version


def test_the_same_model_and_evaluation_is_the_same_version(registry: Registry, memory: Store) -> None:
    version = register(registry)
    before = memory.list()
    assert register(registry) == version
    assert register(Registry(memory, "toy")) == version
    assert memory.list() == before


def test_another_evaluation_is_another_version(registry: Registry) -> None:
    first, second, third = register(registry, auc=0.8), register(registry, auc=0.7), register(registry, 2)
    assert second.version == f"{first.version}-2"
    assert {version.version for version in registry.versions()} == {first.version, second.version, third.version}
    assert register(registry, auc=0.7) == second
    assert registry.version("latest") == third


def test_a_registration_that_was_cut_off_is_finished(registry: Registry, memory: Store) -> None:
    version = register(registry)
    memory.delete("toy/ledger/00000001.json")
    assert register(Registry(memory, "toy")) == version
    assert [entry.action for entry in Registry(memory, "toy").ledger()] == ["register"]


def test_an_entry_says_who_when_why_and_on_what(registry: Registry) -> None:
    version = register(registry)
    entry = registry.decide(version.version, "promote", "better by 0.02")
    assert (entry.who, entry.why, entry.automatic) == (getpass.getuser(), "better by 0.02", True)
    assert (entry.previous, entry.champion) == (None, version.version)
    assert abs(datetime.now(UTC) - entry.when) < timedelta(minutes=1)
    assert entry.hashes["model"] == version.model.id
    assert entry.hashes["data"] == version.lineage.validation.snapshot.id
    assert set(entry.hashes) == {
        "code", "data", "evaluation", "evidence", "files", "gate", "model", "usecase", "version"
    }  # fmt: skip
    other = register(registry, 2)
    assert registry.promote(other.version).who == getpass.getuser()


def test_a_repeated_decision_writes_nothing(registry: Registry, memory: Store) -> None:
    version = register(registry).version
    first = registry.decide(version, "promote", "better, asked for by hand")
    assert registry.decide(version, "promote", "better, asked for by the schedule") == first
    assert len(registry.ledger()) == 2
    registry.decide(version, "refuse", "the margin was raised")
    registry.decide(version, "promote", "the margin was lowered")
    assert [entry.action for entry in registry.ledger()] == ["register", "promote", "refuse", "promote"]


def test_a_repeat_does_not_undo_a_rollback(registry: Registry) -> None:
    first, second = register(registry, 1).version, register(registry, 2).version
    for version in (first, second):
        registry.decide(version, "promote", "better")
    registry.rollback()
    registry.decide(second, "promote", "better")
    assert champion(registry) == first


def test_rollback_twice_goes_two_back(registry: Registry) -> None:
    names = [register(registry, seed).version for seed in range(4)]
    for name in names[:3]:
        registry.promote(name)
    assert registry.rollback().champion == names[1]
    entry = registry.rollback(why="worse still")
    assert (entry.previous, entry.champion, entry.version) == (names[1], names[0], names[0])
    with pytest.raises(UserError, match=f"can't be rolled back: {names[0]} is its first champion"):
        registry.rollback()
    registry.promote(names[3])
    registry.promote(names[0])
    assert registry.rollback().champion == names[3]
    assert registry.rollback().champion == names[0]


def test_rollback_with_nothing_before(registry: Registry) -> None:
    with pytest.raises(UserError, match="`toy` can't be rolled back: it has no champion"):
        registry.rollback()
    registry.promote(register(registry).version)
    with pytest.raises(UserError, match="is its first champion"):
        registry.rollback()
    assert len(registry.ledger()) == 2


def test_rollback_works_when_the_newest_version_is_damaged(registry: Registry, memory: Store) -> None:
    first, second = register(registry, 1).version, register(registry, 2).version
    registry.promote(first)
    registry.promote(second)
    memory.write_bytes(f"toy/versions/{second}.json", b"{}")
    with pytest.raises(DamagedError, match=r"versions/.*\.json was changed after the ledger named it"):
        registry.champion()
    registry.rollback()
    assert champion(registry) == first


def flip(memory: Store, key: str, bit: int = 3) -> None:
    """Change one bit in the middle of an object."""
    data = bytearray(memory.read_bytes(key))
    data[len(data) // 2] ^= 1 << bit
    memory.write_bytes(key, bytes(data))


@pytest.mark.parametrize("file", ["0.ubj", "1.ubj", "model.json"])
def test_a_model_with_a_flipped_bit_does_not_become_champion(registry: Registry, memory: Store, file: str) -> None:
    first, second, third = (register(registry, seed) for seed in range(3))
    registry.promote(first.version)
    registry.decide(third.version, "wait", "a person must say")
    for version in (second, third):
        flip(memory, f"{version.model.prefix}/{file}")
    before = registry.ledger()
    for decide in (
        lambda: registry.promote(second.version),
        lambda: registry.decide(second.version, "promote", "better"),
        lambda: registry.approve(third.version),
    ):
        with pytest.raises(DamagedError, match=rf"{file} was changed after it was written: restore it"):
            decide()
    assert registry.ledger() == before
    registry.reject(third.version)
    assert champion(registry) == first.version


def test_rollback_goes_to_the_last_good_champion(registry: Registry, memory: Store) -> None:
    versions = [register(registry, seed) for seed in range(5)]
    for version in versions:
        registry.promote(version.version)
    memory.delete(f"{versions[3].model.prefix}/1.ubj")
    flip(memory, f"toy/versions/{versions[2].version}.json")
    entry = registry.rollback(why="complaints")
    assert entry.champion == versions[1].version == champion(registry)
    passed = f"{versions[3].version}, {versions[2].version}"
    assert entry.why == f"complaints (passed over, as damaged: {passed})"
    flip(memory, f"{versions[0].model.prefix}/0.ubj")
    with pytest.raises(DamagedError, match=f"no champion before {versions[1].version} is whole"):
        registry.rollback()
    assert champion(Registry(memory, "toy")) == versions[1].version


def test_a_damaged_champion_does_not_answer(registry: Registry, memory: Store) -> None:
    assert registry.answering(registry.whole) is None
    first, second, third = (register(registry, seed) for seed in range(3))
    for version in (first, second, third):
        registry.promote(version.version)
    found = registry.answering(lambda version: version.version)
    assert found is not None
    assert (found.champion, found.loaded, found.problem) == (third.version, third.version, None)
    flip(memory, f"{third.model.prefix}/0.ubj")
    memory.delete(f"toy/versions/{second.version}.json")
    found = registry.answering(registry.whole)
    assert found is not None
    assert (found.champion, found.version) == (third.version, first)
    assert f"the champion {third.version} is damaged, and {first.version}, the last good one" in (found.problem or "")
    assert registry.rival() == first
    flip(memory, f"{first.model.prefix}/model.json")
    with pytest.raises(DamagedError, match="there is no good one before it"):
        registry.answering(registry.whole)
    assert registry.rival() is None


def test_who_decides_may_be_named_by_the_environment(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    version = register(registry).version
    monkeypatch.setenv("TIDEMILL_USER", "ayu@example.org")
    assert registry.promote(version).who == "ayu@example.org"


def test_an_approval_of_what_was_compared_with_an_earlier_champion(registry: Registry) -> None:
    first, second, third = (register(registry, seed).version for seed in range(3))
    registry.promote(first)
    registry.decide(second, "wait", "better")
    registry.promote(third)
    with pytest.raises(OvertakenError, match=f"{second} was compared with {first}, and {third} became the champion"):
        registry.approve(second)
    assert champion(registry) == third
    assert registry.waiting() == [second]


def test_only_what_waits_is_approved_or_rejected(registry: Registry) -> None:
    version = register(registry).version
    for answer in (registry.approve, registry.reject):
        with pytest.raises(UserError, match="does not wait for approval: the gate has not decided"):
            answer(version)
    registry.decide(version, "wait", "a person must say")
    assert registry.waiting() == [version]
    registry.reject(version, who="ayu")
    assert registry.waiting() == []
    for answer in (registry.approve, registry.reject):
        with pytest.raises(UserError, match=r"it was rejected by ayu on .* Use `tidemill promote` to overrule"):
            answer(version)
    assert champion(registry) is None
    registry.promote(version, who="budi", why="I take it on me")
    assert champion(registry) == version
    with pytest.raises(UserError, match="it was promoted by budi"):
        registry.approve(version)


def test_a_refused_version_is_not_approved(registry: Registry) -> None:
    version = register(registry).version
    registry.decide(version, "refuse", "no better than the baselines")
    with pytest.raises(UserError, match="it was refused by "):
        registry.approve(version)
    assert registry.ledger()[-1].champion is None


def test_promoting_the_champion_again_writes_nothing(registry: Registry) -> None:
    version = register(registry).version
    first = registry.promote(version)
    assert registry.promote(version) == first
    assert registry.promote("champion") == first
    assert registry.promote("latest") == first
    assert len(registry.ledger()) == 2


def test_what_was_live_at_a_moment(registry: Registry) -> None:
    first, second = register(registry, 1).version, register(registry, 2).version
    one, two, three = registry.promote(first), registry.promote(second), registry.rollback()
    assert one.when < two.when < three.when
    assert registry.live_at(one.when - timedelta(microseconds=1)) is None
    assert registry.live_at(one.when) == first
    assert registry.live_at(two.when) == second
    assert registry.live_at(three.when + timedelta(days=1)) == first


def test_an_unknown_version_is_told_with_what_there_is(registry: Registry) -> None:
    with pytest.raises(UserError, match="`toy` has no champion yet: train it first, with `tidemill train toy`"):
        registry.version("champion")
    with pytest.raises(UserError, match=r"no version `latest`.*train it first"):
        registry.version("latest")
    version = register(registry).version
    with pytest.raises(UserError, match=rf"did you mean `{version}`\?\): there is {version}"):
        registry.version(version[:-1] + "x")
    for name in ("../secrets", "a/b", ""):
        with pytest.raises(UserError, match="has no version"):
            registry.version(name)
    with pytest.raises(UserError, match="has no version"):
        registry.promote("20200101-deadbeef")


def test_use_cases_do_not_mix(memory: Store) -> None:
    toy, other = Registry(memory, "toy"), Registry(memory, "toy2")
    toy.promote(register(toy).version)
    assert other.champion() is None
    assert other.versions() == []


def test_a_version_is_json_both_ways(registry: Registry) -> None:
    version = register(registry)
    assert ModelVersion.model_validate_json(version.model_dump_json()) == version
    assert registry.register(made_up_lineage(), made_up_balance(), {}) == version


def test_a_version_of_a_newer_format(registry: Registry, memory: Store) -> None:
    key = f"toy/versions/{register(registry).version}.json"
    memory.write_json(key, {**memory.read_json(key), "format": 2})
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade"):
        registry.versions()


def test_a_version_that_vanished(registry: Registry, memory: Store) -> None:
    version = register(registry).version
    registry.promote(version)
    memory.delete(f"toy/versions/{version}.json")
    with pytest.raises(UserError, match=r"is missing: restore it"):
        registry.champion()
