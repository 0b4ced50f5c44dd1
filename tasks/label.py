"""Label: each row gets its target, or waits for it, or is refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime

from tasks.stage import stage
from tidemill.labelling import label as attach_target
from tidemill.labelling import label_inputs, ripening
from tidemill.results import Cleaned, Collected, Labelled
from tidemill.reviewing.answers import digest
from tidemill.reviewing.correcting import given_labels
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["label"]


@stage("label", timeout=2 * 3600)
def label(
    use_case: UseCase, store: Store, collected: Collected, cleaned: Cleaned, as_of: datetime | None = None
) -> Outcome[Labelled]:
    """Attach the target as it is known today, or was at ``as_of``. Rows whose label is not certain yet wait."""
    now = as_of or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    answers = given_labels(store, use_case, until=as_of)
    return once(
        store,
        use_case.name,
        "label",
        Labelled,
        lambda: attach_target(store, use_case, cleaned, labels=collected.labels, now=now, answers=answers),
        version=4,
        inputs={
            "clean": cleaned.snapshot.id,
            "use_case": use_case.fingerprint("target", "task", "query", "time", "monitor", "weight"),
            "metric": use_case.tune.metric,
            "labels": label_inputs(use_case, collected.labels),
            "answers": digest(answers),
            "today": ripening(store, use_case, cleaned.snapshot, now, collected.labels),
        },
        summary=_summary,
    )


def _summary(labelled: Labelled) -> str:
    refused = sum(labelled.refused.values())
    shares = ", ".join(f"{one.label} {one.rows / max(labelled.snapshot.rows, 1):.1%}" for one in labelled.classes[:4])
    left = f"{refused:,} refused, {labelled.waiting:,} waiting"
    people = f", {labelled.corrected:,} corrected by people" if labelled.corrected else ""
    task = f"{labelled.task}, as {labelled.why}"
    return f"{labelled.snapshot.rows:,} rows labelled ({shares or 'numbers'}), {left}{people}; the task is {task}"
