"""Tune: Optuna spends the budget, trial by trial, each kept as it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.runtime import task_run

from tasks.learning import learning_inputs
from tasks.stage import artifact_key, stage, told
from tidemill.progress import TrialFinished
from tidemill.progress import logger as progress_logger
from tidemill.results import Contribution, Labelled, Split, Study, Validation
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["help_tuning", "tune"]


@stage("tune", timeout=24 * 3600)
def tune(
    use_case: UseCase,
    store: Store,
    labelled: Labelled,
    validation: Validation,
    split: Split,
    budget: float | None = None,
) -> Outcome[Study]:
    """Search the settings by the clock. A run that was killed goes on with the trials it had finished."""
    seconds = budget or use_case.tune.budget
    return once(
        store,
        use_case.name,
        "tune",
        Study,
        lambda: _search(use_case, store, labelled, validation, split, seconds),
        version=1,
        inputs={
            **learning_inputs(use_case, validation, split),
            "task": labelled.task,
            "budget": seconds,
        },
        summary=lambda study: f"{study.trials} trials, best {study.metric} {study.best_value:.4f} on validation rows",
    )


@stage("help tuning", timeout=24 * 3600)
def help_tuning(
    use_case: UseCase,
    store: Store,
    labelled: Labelled,
    validation: Validation,
    split: Split,
    budget: float | None = None,
    trials: int | None = None,
) -> Outcome[Contribution]:
    """Try settings for a study that other processes share, and choose nothing."""

    def search() -> tuple[Contribution, bool]:
        from tidemill.learning.tuning import help_tuning as search

        return search(store, use_case, labelled, split, validation.excluded, budget=budget, trials=trials), False

    return told(
        "help tuning", search, lambda done: f"{done.tried} trials tried here, {done.trials} in the study {done.study}"
    )


def _search(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, split: Split, seconds: float
) -> Study:
    from tidemill.learning.tuning import tune as search

    with _progress_artifact(use_case.name, seconds):
        return search(
            store, use_case, labelled, split, validation.excluded, budget=seconds, trials=use_case.tune.trials
        )


@contextmanager
def _progress_artifact(name: str, budget: float) -> Iterator[None]:
    """Show how far tuning is in the Prefect UI, when this runs as a task of a flow run."""
    if not task_run.id:
        yield
        return
    artifact = create_progress_artifact(0.0, key=artifact_key(name, "tuning"), description=f"Tuning {name}: starting.")
    handler = _Progress(artifact if isinstance(artifact, UUID) else UUID(str(artifact)), name, budget)
    progress_logger.addHandler(handler)
    try:
        yield
        update_progress_artifact(handler.artifact, 100.0, description=f"Tuning {name}: done. {handler.last}")
    finally:
        progress_logger.removeHandler(handler)


class _Progress(logging.Handler):
    """Turns trial events into updates of one progress artifact."""

    def __init__(self, artifact: UUID, name: str, budget: float) -> None:
        super().__init__()
        self.artifact = artifact
        self.name = name
        self.budget = budget
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Show the newest trial."""
        event = getattr(record, "event", None)
        if not isinstance(event, TrialFinished):
            return
        self.last = str(event)
        share = min(max(100.0 * (1 - event.seconds_left / self.budget), 0.0), 99.0)
        update_progress_artifact(self.artifact, share, description=f"Tuning {self.name}: {event}")
