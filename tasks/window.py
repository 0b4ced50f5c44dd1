"""Window: new rows, with the labels that have arrived, cut into the windows that are watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tasks.stage import stage
from tidemill.labelling import label_inputs, ripening
from tidemill.monitoring.records import Window
from tidemill.registry import ModelVersion
from tidemill.results import Cleaned, Collected, Record
from tidemill.reviewing.answers import Value, digest
from tidemill.reviewing.correcting import given_labels
from tidemill.snapshot import Snapshot
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Windows", "window"]


class Windows(Record):
    """The windows of one monitoring run, oldest first."""

    windows: tuple[Window, ...]


@stage("window", timeout=2 * 3600)
def window(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    collected: Collected,
    cleaned: Cleaned,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Outcome[Windows]:
    """Label what can be labelled by now, as the version's training rows were, and cut the rows by time."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    answers = given_labels(store, use_case)
    return once(
        store,
        use_case.name,
        "window",
        Windows,
        lambda: _cut(use_case, store, version, cleaned, collected.labels, answers, today, since, until),
        version=3,
        inputs={
            "clean": cleaned.snapshot.id,
            "version": version.version,
            "use_case": use_case.fingerprint("target", "time", "monitor"),
            "labels": label_inputs(use_case, collected.labels),
            "answers": digest(answers),
            "today": ripening(store, use_case, cleaned.snapshot, today, collected.labels),
            "since": since,
            "until": until,
        },
        summary=_summary,
    )


def _cut(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    cleaned: Cleaned,
    labels: Snapshot | None,
    answers: Mapping[str, Value],
    today: datetime,
    since: datetime | None,
    until: datetime | None,
) -> Windows:
    from tidemill.monitoring import arrived_labels, cut

    labelled = arrived_labels(store, use_case, cleaned, version, labels=labels, now=today, answers=answers)
    known = labelled.snapshot if labelled else None
    return Windows(windows=cut(store, use_case, cleaned.snapshot, known, since=since, until=until))


def _summary(made: Windows) -> str:
    rows = sum(one.rows.rows for one in made.windows if one.rows)
    known = sum(one.labelled.rows for one in made.windows if one.labelled)
    return f"{len(made.windows)} window(s), {rows:,} rows, {known:,} with a label"
