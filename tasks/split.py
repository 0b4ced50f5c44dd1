"""Split: which rows train, and which neither this model nor the champion may train on."""

from __future__ import annotations

from datetime import datetime

from tasks.stage import stage
from tidemill.results import Labelled, Split, Validation
from tidemill.splitting import split as divide
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["split"]


@stage("split", timeout=3600)
def split(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, until: datetime | None = None
) -> Outcome[Split]:
    """Cut the rows by time, group or chance into training rows and gate rows."""
    return once(
        store,
        use_case.name,
        "split",
        Split,
        lambda: divide(store, use_case, labelled, validation.snapshot, until=until),
        version=1,
        inputs={
            "rows": validation.snapshot.id,
            "use_case": use_case.fingerprint("split", "time", "group", "id", "target", "seed"),
            "until": until,
        },
        summary=lambda made: f"{made.train.rows:,} rows to train on, {made.gate.rows:,} for the gate, by {made.by}",
    )
