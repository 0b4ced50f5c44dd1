"""Clean: types, duplicates and impossible rows, with every refused row in Quarantine."""

from __future__ import annotations

from datetime import datetime

from tasks.stage import stage
from tidemill.cleaning import clean as tidy
from tidemill.results import Cleaned, Collected
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase
from tidemill.usecase.cleaning import CleanRules

__all__ = ["clean"]


@stage("clean", timeout=2 * 3600)
def clean(
    use_case: UseCase,
    store: Store,
    collected: Collected,
    until: datetime | None = None,
    like: CleanRules | None = None,
) -> Outcome[Cleaned]:
    """Tidy the rows, drop repeats, and put what can't be mended into Quarantine with its reason."""
    return once(
        store,
        use_case.name,
        "clean",
        Cleaned,
        lambda: tidy(store, use_case, collected, until=until, like=like),
        version=2,
        inputs={
            "raw": collected.snapshot.id,
            "use_case": use_case.fingerprint("clean", "columns", "id", "time", "target", "group", "query", "split"),
            "until": until,
            "like": like,
        },
        summary=_summary,
    )


def _summary(cleaned: Cleaned) -> str:
    refused = sum(cleaned.refused.values())
    return f"{cleaned.snapshot.rows:,} rows kept, {cleaned.deduplicated:,} repeats, {refused:,} refused"
