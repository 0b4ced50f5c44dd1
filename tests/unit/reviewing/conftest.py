"""Versions whose rows can be reviewed: with wrong labels planted, and with rows that have none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from tests.judged import train_world, validated
from tests.lineage import made_up_balance, made_up_lineage
from tests.unit.learning.world import Task, World, make_world, rows
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Reviewed", "planted"]

WITHOUT_LABEL = 40


@dataclass(frozen=True)
class Reviewed:
    """A version, and which of its rows (by their number) were given a wrong label."""

    store: Store
    use_case: UseCase
    version: ModelVersion
    wrong: frozenset[int]

    def copy(self, name: str) -> Reviewed:
        """The same in a lake of its own, of which no label was ranked yet, for a test that writes."""
        store = Store(f"memory://{name}")
        for key in self.store.list():
            if "/suspects/" in key:
                continue
            store.write_bytes(key, self.store.read_bytes(key))
        return replace(self, store=store)


@cache
def planted(task: Task) -> Reviewed:
    """900 rows of which one in twenty is labelled wrongly, in the training rows and in the gate's; 40 have no label."""
    store = Store(f"memory://reviewed-{task}")
    world, wrong = _with_wrong_labels(make_world(store, task, by="random"))
    study, model = train_world(world, trials=1)
    unlabelled = rows(WITHOUT_LABEL, seed=8)
    unlabelled["row"] += 10_000
    unlabelled["per_year"] = unlabelled["amount"] / unlabelled["age"]
    refused = unlabelled.assign(bought=None, _rule="target", _reason="the target has no value")
    labelled = world.labelled.model_copy(update={"quarantine": write_snapshot(store, "toy", "quarantine", refused)})
    made_up = made_up_lineage()
    lineage = made_up.model_copy(
        update={
            "cleaned": made_up.cleaned.model_copy(update={"snapshot": labelled.snapshot}),
            "labelled": labelled,
            "validation": validated(world),
            "split": world.split,
            "study": study,
            "model": model,
        }
    )
    version = Registry(store, "toy").register(lineage, made_up_balance(), {})
    return Reviewed(store, world.use_case, version, wrong)


def _with_wrong_labels(world: World) -> tuple[World, frozenset[int]]:
    frame = world.labelled.snapshot.read(world.store)
    random = np.random.default_rng(4)
    wrong = random.uniform(size=len(frame)) < 0.05
    if world.labelled.task == "regression":
        frame["bought"] = np.where(wrong, frame["bought"] + random.choice([-6.0, 6.0], len(frame)), frame["bought"])
    else:
        classes = len(world.labelled.classes)
        frame["bought"] = np.where(wrong, (frame["bought"] + 1) % classes, frame["bought"])
    snapshot = write_snapshot(world.store, "toy", "labelled", frame)
    train, gate = frame.iloc[:700], frame.iloc[700:].reset_index(drop=True)
    split = Split(
        by="random",
        train=write_snapshot(world.store, "toy", "train", train),
        gate=write_snapshot(world.store, "toy", "gate", gate),
    )
    labelled = world.labelled.model_copy(update={"snapshot": snapshot})
    made = World(world.store, world.use_case, labelled, split, gate)
    return made, frozenset(frame.loc[wrong, "row"].tolist())


@pytest.fixture
def reviewed() -> Reviewed:
    """The one with two classes, read only."""
    return planted("binary")
