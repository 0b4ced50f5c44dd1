"""A project whose lake holds trained versions, made without flows: what tests of scoring and serving start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from tests.lineage import made_up_balance, made_up_lineage
from tests.unit.learning.world import make_world, rows
from tidemill.registry import ModelVersion, Registry
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase

__all__ = ["COLUMNS", "House", "make_house"]

Task = Literal["binary", "multiclass", "regression"]
COLUMNS = ["age", "amount", "region", "shop", "member", "since", "noise", "at"]
YAML = """\
name: toy
title: Will a visitor buy?
sources: {{rows: {{url: rows.csv}}}}
target: bought
task: {task}
time: at
id: row
derive: {{per_year: amount / age}}
serve: {{reload_seconds: 0.2, max_rows: 500}}
score: {{batch_rows: 100}}
"""


@dataclass(frozen=True)
class House:
    """A project folder with the use case `toy`, and its lake with ``versions``, of which the first is champion."""

    project: Path
    store: Store
    use_case: UseCase
    versions: tuple[ModelVersion, ...]

    @property
    def registry(self) -> Registry:
        return Registry(self.store, "toy")

    def rows(self, count: int = 250, *, seed: int = 9) -> pd.DataFrame:
        """Rows that no version has seen, with their ids and with columns that no model reads."""
        return rows(count, seed=seed)


def make_house(folder: Path, task: Task = "binary", *, versions: int = 1) -> House:
    project = folder / "project"
    (project / "usecases" / "toy").mkdir(parents=True)
    (project / "usecases" / "toy" / "usecase.yaml").write_text(YAML.format(task=task))
    store = Store(str(project / "lake"))
    registry = Registry(store, "toy")
    made = tuple(_version(store, registry, task, seed) for seed in range(versions))
    if made:
        registry.promote(made[0].version, who="tests")
    return House(project, store, load_usecase("toy", project), made)


def _version(store: Store, registry: Registry, task: Task, seed: int) -> ModelVersion:
    from tidemill.learning.training import train

    world = make_world(store, task, seed=seed)
    model = train(store, world.use_case, world.labelled, world.split, world.tune(trials=1), {"note": "free text"})
    lineage = made_up_lineage(seed).model_copy(update={"model": model})
    return registry.register(lineage, made_up_balance(), {"note": "free text"})
