"""A version trained on the little world of the learning tests, and rows that come later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.lineage import made_up_balance, made_up_lineage
from tests.unit.learning.world import make_world, rows, signal
from tidemill.learning.model import Model
from tidemill.learning.scores import score
from tidemill.monitoring import Monitored, Window, cut, watch
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Cleaned, Interval
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

Change = Callable[[pd.DataFrame], pd.DataFrame]
ROWS = 2400
START = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(hours=ROWS)


def unchanged(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


@dataclass(frozen=True)
class Watched:
    """A lake with one version, and what to watch it with."""

    store: Store
    use_case: UseCase
    version: ModelVersion

    def later(
        self, days: int, *, seed: int = 5, start: pd.Timestamp = START, change: Change = unchanged
    ) -> pd.DataFrame:
        """Labelled rows, one an hour; ``change`` alters them after they got their label."""
        frame = rows(days * 24, seed=seed)
        frame["at"] = pd.date_range(start, periods=len(frame), freq="h", unit="us")
        random = np.random.default_rng(seed + 1)
        score_of = signal(frame) + random.normal(scale=0.5, size=len(frame))
        task = self.version.lineage.labelled.task
        edges = {"binary": [0.0], "multiclass": [-0.7, 0.7]}
        frame["bought"] = score_of if task == "regression" else np.digitize(score_of, edges[task])
        frame["per_year"] = frame["amount"] / frame["age"]
        return change(frame)

    def windows(self, frame: pd.DataFrame, *, labels: bool = True, until: datetime | None = None) -> tuple[Window, ...]:
        since = frame["at"].min().to_pydatetime()
        until = until or (frame["at"].max() + timedelta(hours=1)).to_pydatetime()
        cleaned = write_snapshot(self.store, "toy", "cleaned", frame.drop(columns="bought"))
        labelled = write_snapshot(self.store, "toy", "labelled", frame) if labels else None
        return cut(self.store, self.use_case, cleaned, labelled, since=since, until=until)

    def watch(self, frame: pd.DataFrame, *, labels: bool = True, refused: dict[str, int] | None = None) -> Monitored:
        windows = self.windows(frame, labels=labels)
        return self.look(windows, refused=refused)

    def look(self, windows: Sequence[Window], *, refused: dict[str, int] | None = None) -> Monitored:
        known = [one.rows for one in windows if one.rows]
        cleaned = Cleaned(
            snapshot=known[-1].model_copy(update={"rows": sum(one.rows for one in known)}),
            quarantine=None,
            deduplicated=0,
            refused=refused or {},
        )
        return watch(self.store, self.use_case, self.version, windows, [None] * len(windows), cleaned=cleaned)


def make_watched(store: Store, task: str = "binary", **sections: object) -> Watched:
    """Train on 75 days, prove on 25, watch in windows of 15."""
    world = make_world(store, task, count=ROWS, monitor={"window": "15d"}, **sections)  # type: ignore[arg-type]
    from tidemill.learning.training import train

    reference = train(store, world.use_case, world.labelled, world.split, world.tune(trials=1), {"note": "free text"})
    model = Model.load(store, reference)
    gate = world.gate
    if task == "regression":
        values, metric = model.values(gate), "rmse"
    else:
        shares = model.probabilities(gate)
        values, metric = (shares[:, 1], "auc") if task == "binary" else (shares, "log_loss")
    value = score(metric, gate["bought"].to_numpy(dtype=float), values)
    proven = Interval(name=metric, value=value, low=value - 0.02, high=value + 0.02)
    lineage = made_up_lineage()
    lineage = lineage.model_copy(
        update={
            "model": reference,
            "split": world.split,
            "labelled": world.labelled,
            "evaluation": lineage.evaluation.model_copy(update={"metric": proven}),
        }
    )
    version = Registry(store, "toy").register(lineage, made_up_balance(), {"note": "free text"})
    return Watched(store, world.use_case, version)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Trained once; tests, which store history, copy it (:func:`painted`)."""
    return make_watched(Store(f"memory://{tmp_path_factory.mktemp('watched')}"))


@pytest.fixture
def painted(trained: Watched, memory: Store) -> Watched:
    """The trained version in a lake of the test's own."""
    for key in trained.store.list():
        memory.write_bytes(key, trained.store.read_bytes(key))
    return Watched(memory, trained.use_case, trained.version)


@pytest.fixture
def watched(painted: Watched, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The same, without the page: its charts take most of a run's time."""
    monkeypatch.setattr("tidemill.monitoring.report.render_report", lambda *_: "<!DOCTYPE html>")
    return painted
