"""``tidemill train``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.failing import DONE, REFUSED
from tidemill.cli.options import moment, seconds
from tidemill.cli.text import clock, facts, interval

if TYPE_CHECKING:
    from tidemill.results import Labelled, TrainingRun
    from tidemill.store import Store

__all__ = ["train"]

MOST_NAMES = 20


@command("train")
@click.argument("name")
@click.option("--budget", type=seconds, metavar="SECONDS", help="Seconds for tuning and the final fit.")
@click.option("--since", type=moment, metavar="MOMENT", help="Use rows from this moment on.")
@click.option("--until", type=moment, metavar="MOMENT", help="Use rows before this moment; the gate's window follows.")
@click.option(
    "--as-of",
    type=moment,
    metavar="MOMENT",
    help="Train as it could have been done then: its rows, the labels it knew.",
)
def train(
    call: Call,
    name: str,
    budget: float | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
) -> int:
    """Train NAME, judge it, and let the gate decide."""
    from tidemill.usecase import load_usecase

    started = time.perf_counter()
    load_usecase(name)
    store = call.store()
    run: TrainingRun = call.flow(
        "training",
        f"train {name}",
        use_case=name,
        budget=budget,
        since=since,
        until=until,
        as_of=as_of,
        reason="a person ran `tidemill train`",
    )
    spent = {**run.seconds, "total": time.perf_counter() - started}
    call.answer(_data(run, store, spent), _text(run, store, spent))
    return REFUSED if run.decision.action == "refuse" else DONE


def _data(run: TrainingRun, store: Store, spent: dict[str, float]) -> dict[str, Any]:
    evaluation = run.lineage.evaluation
    return {
        "use_case": run.use_case,
        "version": run.version,
        "task": {"name": run.lineage.labelled.task, "why": run.lineage.labelled.why},
        "promoted": run.decision.promoted,
        "decision": run.decision.sentence,
        "metric": evaluation.metric.model_dump(mode="json"),
        "baselines": {baseline.name: baseline.value for baseline in evaluation.baselines},
        "rows": run.balance.model_dump(mode="json"),
        "excluded": run.excluded,
        "report": store.url_of(run.report.html),
        "seconds": {stage: round(value, 3) for stage, value in spent.items()},
    }


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are: the report has them all."""
    every = list(names)
    return ", ".join(every[:MOST_NAMES]) + (f" and {len(every) - MOST_NAMES:,} more" * (len(every) > MOST_NAMES))


def _asked(run: TrainingRun) -> str:
    return (
        f"tidemill approve {run.use_case} {run.version} --why TEXT, or reject; "
        "without an answer in `gate.approval_timeout` it is rejected"
    )


def _task(labelled: Labelled) -> str:
    return f"{labelled.task}: {labelled.why}" if labelled.why else labelled.task


def _text(run: TrainingRun, store: Store, spent: dict[str, float]) -> str:
    evaluation, rows = run.lineage.evaluation, run.balance
    raced = ", ".join(f"{baseline.name} {baseline.value:.4f}" for baseline in evaluation.baselines)
    new = "" if not all(run.reused.values()) else " (nothing changed since it was made)"
    said = [
        ("version", f"{run.version}{new}"),
        ("decision", run.decision.sentence),
        ("task", _task(run.lineage.labelled)),
        ("judged", f"{interval(evaluation.metric)} on {evaluation.rows:,} gate rows"),
        ("against", raced),
        (
            "rows",
            f"{rows.collected:,} collected = {rows.deduplicated:,} deduplicated + {rows.quarantined:,} quarantined"
            f" + {rows.waiting:,} waiting + {rows.used:,} used"
            + (f" + {rows.erased:,} of erased people" if rows.erased else ""),
        ),
        *([("answers", f"{corrected:,} labels are people's")] if (corrected := run.lineage.labelled.corrected) else []),
        ("left out", _some(run.excluded) or "no column"),
        ("report", store.url_of(run.report.html)),
        *([("next", _asked(run))] if run.decision.action == "wait" else []),
        ("time", clock(spent["total"])),
    ]
    words = {"promote": ("promoted", "green"), "refuse": ("refused", "red"), "wait": ("waits for approval", "yellow")}
    outcome, colour = words[run.decision.action]
    return f"{click.style(run.use_case, bold=True)}: {click.style(outcome, fg=colour)}\n{facts(said)}"
