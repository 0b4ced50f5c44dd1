"""Watch: each window judged by the suite, and against what the version was trained on and proven by."""

from __future__ import annotations

from tasks.stage import stage
from tasks.window import Windows
from tidemill.monitoring.records import Monitored
from tidemill.registry import ModelVersion
from tidemill.results import Cleaned
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["watch"]


@stage("watch", timeout=4 * 3600)
def watch(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    cleaned: Cleaned,
    windows: Windows,
    damaged: str | None = None,
) -> Outcome[Monitored]:
    """Look for broken expectations, drift and decay; write the report and the history.

    ``damaged`` says that the version stands in for a champion whose files are.
    """
    from expectations import suite_fingerprint

    return once(
        store,
        use_case.name,
        "watch",
        Monitored,
        lambda: _look(use_case, store, version, cleaned, windows, damaged),
        version=3,
        inputs={
            "version": version.version,
            "evaluation": version.lineage.evaluation.key,
            "clean": cleaned,
            "windows": windows,
            "suite": suite_fingerprint(use_case),
            "use_case": use_case.fingerprint("monitor", "seed", "title", "report"),
            **({"damaged": damaged} if damaged else {}),
        },
        summary=_summary,
    )


def _look(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    cleaned: Cleaned,
    windows: Windows,
    damaged: str | None,
) -> Monitored:
    from expectations import Reads, judge
    from tidemill.learning.model import Model
    from tidemill.monitoring import watch as look

    columns = Model.load(store, version.model).columns
    needed = frozenset(column.name for column in columns if column.required)
    reads = Reads({column.name: column.kind for column in columns}, needed)
    masked = version.lineage.validation.masked
    judgements = [
        judge(store, use_case, one.rows, purpose="monitoring", publish=True, masked=masked, reads=reads)
        if one.rows
        else None
        for one in windows.windows
    ]
    return look(store, use_case, version, windows.windows, judgements, cleaned=cleaned, damaged=damaged)


def _summary(monitored: Monitored) -> str:
    levels = [alarm.level for alarm in monitored.alarms]
    counted = ", ".join(f"{levels.count(level)} {level}" for level in ("page", "warn", "note") if level in levels)
    return f"{monitored.rows:,} rows, alarms: {counted or 'none'}"
