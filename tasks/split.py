"""Split: which rows train, which neither this model nor the champion may train on, and whether they are apart."""

from __future__ import annotations

from datetime import datetime

from tasks.stage import stage
from tidemill.results import Labelled, Split, Validation
from tidemill.splitting import split as divide
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.traps import find_split_traps
from tidemill.usecase import UseCase

__all__ = ["split"]


@stage("split", timeout=3600)
def split(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, until: datetime | None = None
) -> Outcome[Split]:
    """Cut the rows by time, group or chance into training rows and gate rows, and look for traps across the two."""
    return once(
        store,
        use_case.name,
        "split",
        Split,
        lambda: _divide(use_case, store, labelled, validation, until),
        version=3,
        inputs={
            "rows": validation.snapshot.id,
            "excluded": sorted(validation.excluded),
            "use_case": use_case.fingerprint(
                "split", "validate", "time", "group", "query", "id", "target", "fairness", "seed", "derive", "clean"
            ),
            "until": until,
        },
        summary=_summary,
    )


def _divide(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, until: datetime | None
) -> Split:
    made = divide(store, use_case, labelled, validation.snapshot, until=until)
    traps = find_split_traps(store, use_case, labelled, validation, made)
    return made.model_copy(update={"traps": tuple(traps)})


def _summary(made: Split) -> str:
    found = f", traps: {', '.join(trap.kind for trap in made.traps)}" if made.traps else ""
    return f"{made.train.rows:,} rows to train on, {made.gate.rows:,} for the gate, by {made.by}{found}"
