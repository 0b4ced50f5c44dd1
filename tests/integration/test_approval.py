"""A version that waits for a person: what the stages make of the answer, of none, and of a repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.approve import approve
from tasks.promote import promote
from tests.lineage import made_up_balance, made_up_lineage, write_model
from tidemill.errors import UserError
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Baseline, Decision, Interval
from tidemill.store import Store
from tidemill.usecase import UseCase


def use_case(timeout: str = "3d") -> UseCase:
    gate = {"approval": "manual", "approval_timeout": timeout}
    said: dict[str, Any] = {"name": "toy", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "bought"}}
    return UseCase.model_validate({**said, "gate": gate})


@pytest.fixture
def store() -> Store:
    return Store(f"memory://approval-{datetime.now(UTC).timestamp()}")


@pytest.fixture
def version(store: Store) -> ModelVersion:
    lead = Interval(name="auc", value=0.3, low=0.2, high=0.4)
    lineage = made_up_lineage()
    evaluation = lineage.evaluation.model_copy(
        update={"reasons": (), "baselines": (Baseline(name="constant", value=0.5, difference=lead),)}
    )
    lineage = lineage.model_copy(update={"evaluation": evaluation})
    write_model(store, lineage, 0)
    return Registry(store, "toy").register(lineage, made_up_balance(), {})


@pytest.fixture
def registry(store: Store) -> Registry:
    return Registry(store, "toy")


def asked(store: Store, version: ModelVersion, timeout: str = "3d") -> Decision:
    return promote.function(use_case(timeout), store, version, "a test asked").result


def overdue(registry: Registry, version: ModelVersion) -> None:
    registry.decide(version.version, "wait", why="Waits.", until=datetime.now(UTC) - timedelta(seconds=1))


def test_it_waits_as_long_as_the_use_case_says(store: Store, version: ModelVersion, registry: Registry) -> None:
    assert asked(store, version, "2h").action == "wait"
    entry = registry.ledger()[-1]
    assert entry.until is not None
    assert abs(entry.until - entry.when - timedelta(hours=2)) < timedelta(minutes=1)
    assert registry.expire() == []
    assert registry.waiting() == [version.version]


def test_what_a_person_said_is_the_decision(store: Store, version: ModelVersion, registry: Registry) -> None:
    waiting = asked(store, version)
    assert approve.function(use_case(), store, version, waiting).result == waiting, "nobody has answered yet"
    entry = registry.approve(version.version, who="ayu", why="looked at it with marketing")
    made = approve.function(use_case(), store, version, waiting).result
    assert (made.action, made.promoted, made.entry) == ("promote", True, f"{entry.number:08d}")
    assert made.sentence.startswith("Approved by ayu: looked at it with marketing; on 475 gate rows")
    with pytest.raises(UserError, match="it was approved by ayu"):
        registry.reject(version.version)


def test_what_was_rejected_is_not_asked_again(store: Store, version: ModelVersion, registry: Registry) -> None:
    waiting = asked(store, version)
    registry.reject(version.version, who="ayu", why="too few rows")
    said = "Rejected by ayu: too few rows."
    assert approve.function(use_case(), store, version, waiting).result.sentence == said
    before = len(registry.ledger())
    again = asked(store, version)
    assert (again.action, again.sentence) == ("refuse", said)
    assert len(registry.ledger()) == before
    with pytest.raises(UserError, match=r"it was rejected by ayu.*`tidemill promote` to overrule"):
        registry.approve(version.version)


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_that_comes_too_late_is_refused(version: ModelVersion, registry: Registry, answer: str) -> None:
    overdue(registry, version)
    with pytest.raises(UserError, match=r"was rejected by tidemill .* as nobody answered until 20.* UTC"):
        getattr(registry, answer)(version.version, why="after all")
    last = registry.ledger()[-1]
    assert (last.action, last.automatic, last.champion) == ("reject", True, None)
    assert registry.waiting() == []
    assert registry.champion() is None
    assert registry.expire() == [], "it is rejected once"


def test_the_next_training_records_that_nobody_answered(
    store: Store, version: ModelVersion, registry: Registry
) -> None:
    overdue(registry, version)
    made = asked(store, version)
    assert made.action == "refuse"
    assert made.sentence.startswith("Rejected by tidemill: nobody answered until")
    assert [entry.action for entry in registry.ledger()] == ["register", "wait", "reject"]
