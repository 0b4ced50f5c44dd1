"""Approve: a person's answer to a version that waits, and the form in the Prefect UI that asks for it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import ConfigDict, Field

from tasks.promote import decision_of
from tasks.stage import stage, told
from tidemill.errors import TransientError, UserError
from tidemill.gate import answered
from tidemill.gate.numbers import metric_name
from tidemill.progress import Note, emit
from tidemill.registry import LedgerEntry, ModelVersion, Registry
from tidemill.results import Decision
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Approval", "approve", "ask"]

LOOK_SECONDS = 5
SLACK = timedelta(minutes=10)
"""The pause outlives the time-out that the ledger tells by so much: the ledger comes first."""


class Approval(RunInput):
    """The form. Its fields stand in this order."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "reject"] = Field(
        title="Decision", description="Approve: it becomes the champion. Reject: the champion stays."
    )
    why: str = Field(
        title="Why",
        description="The reason, for the ledger and the report. It can't be left out.",
        min_length=1,
        pattern=r"\S",
    )
    who: str = Field(title="Who", description="Who decides: a name, for the ledger.", min_length=1, pattern=r"\S")


@stage("approve", timeout=600)
def approve(use_case: UseCase, store: Store, version: ModelVersion, waiting: Decision) -> Outcome[Decision]:
    """What became of a version that waited, as the ledger says."""

    def read() -> tuple[Decision, bool]:
        entry = Registry(store, use_case.name).settled(version.version)
        if entry is None or entry.action == "wait":
            return waiting, False
        return decision_of(version.version, answered(entry, waiting.said), entry), False

    return told("approve", read, lambda made: made.sentence)


def ask(store: Store, version: ModelVersion, report: str) -> LedgerEntry:
    """Pause this flow run until the version is answered for: in the form, on the command line, or by the time-out.

    Gives the ledger's entry. Whoever comes first decides; the other is told that it does not wait any more.
    """
    registry = Registry(store, version.use_case)
    waiting = registry.settled(version.version)
    if waiting is None or waiting.action != "wait":
        raise UserError(f"{version.version} of {version.use_case} does not wait for approval: there is nothing to ask")
    emit(Note(f"{version.version} waits for a person until {_until(waiting):%Y-%m-%d %H:%M} UTC"))
    answer: Approval | None = None
    form = Approval.with_initial_data(description=_described(version, waiting, report))
    left = _until(waiting) + SLACK - datetime.now(UTC)
    with _watched(registry, version.version), suppress(FlowPauseTimeout):
        answer = pause_flow_run(
            wait_for_input=form, timeout=max(int(left.total_seconds()), 1), poll_interval=LOOK_SECONDS
        )
    registry.expire()
    decided = registry.settled(version.version)
    if decided is not None and decided.action != "wait":
        return decided
    if answer is None:
        return registry.reject(version.version, who="tidemill", why="the run that asked was never resumed")
    record = registry.approve if answer.decision == "approve" else registry.reject
    return record(version.version, who=answer.who.strip(), why=answer.why.strip())


def _until(waiting: LedgerEntry) -> datetime:
    return waiting.until or waiting.when + timedelta(days=3)


def _described(version: ModelVersion, waiting: LedgerEntry, report: str) -> str:
    """What the form says above its fields, in Markdown: first what it must show where it does not show all."""
    where = f"[The report]({report})" if report.startswith(("http://", "https://")) else f"The report: `{report}`"
    metric = version.metric
    champion = f"`{waiting.champion}`" if waiting.champion else "none yet"
    return (
        f"### Should `{version.version}` of {version.use_case} become the champion?\n\n"
        f"- {metric_name(metric.name)}: **{metric.value:.4f}** ({metric.low:.4f} to {metric.high:.4f}), "
        f"on {version.lineage.evaluation.rows:,} gate rows\n"
        f"- The champion now: {champion}\n"
        f"- {where}\n"
        f"- Without an answer by {_until(waiting):%Y-%m-%d %H:%M} UTC it is rejected\n\n"
        f"{waiting.why}"
    )


@contextmanager
def _watched(registry: Registry, version: str) -> Iterator[None]:
    """Beside the block, look into the ledger: what was decided there resumes this flow run."""
    run = UUID(str(flow_run.id))
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            with suppress(TransientError, httpx.HTTPError):  # it looks again
                registry.expire()
                entry = registry.settled(version)
                if entry is not None and entry.action != "wait":
                    _resume(run, entry)

    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(watch), name="tidemill approval", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LOOK_SECONDS)


def _resume(run: UUID, entry: LedgerEntry) -> None:
    """Give the form the ledger's answer. A run that is not paused (yet, or any more) is left alone."""
    decision = "reject" if entry.action in ("reject", "refuse") else "approve"
    with get_client(sync_client=True) as client:
        client.resume_flow_run(run, {"decision": decision, "why": entry.why, "who": entry.who})
