"""Validate: the suite, the leak check and the scan for personal data, before anything is trained."""

from __future__ import annotations

from tasks.stage import stage
from tidemill.results import Labelled, Validation
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["validate"]


@stage("validate", timeout=2 * 3600)
def validate(use_case: UseCase, store: Store, labelled: Labelled) -> Outcome[Validation]:
    """Run the suite; look for leaks and personal data. A critical failure stops the run; refused rows are kept."""
    from expectations import suite_fingerprint

    return once(
        store,
        use_case.name,
        "validate",
        Validation,
        lambda: _judge(use_case, store, labelled),
        version=4,
        inputs={
            "rows": labelled.snapshot.id,
            "unlabelled": labelled.quarantine.id if labelled.quarantine else None,
            "suite": suite_fingerprint(use_case),
            "use_case": use_case.fingerprint(
                "validate", "columns", "target", "id", "group", "query", "time", "derive", "seed"
            ),
        },
        summary=_summary,
    )


def _judge(use_case: UseCase, store: Store, labelled: Labelled) -> Validation:
    from expectations import judge
    from tidemill.validation import personal_columns, verdict

    personal = personal_columns(store, use_case, labelled)
    masked = {one.column: one.kind for one in personal}
    judgement = judge(store, use_case, labelled.snapshot, purpose="training", publish=True, masked=masked)
    return verdict(store, use_case, labelled, judgement, personal)


def _summary(validation: Validation) -> str:
    failed = sum(not result.passed for result in validation.results)
    leaks = [leak.column for leak in validation.leaks if not leak.allowed]
    personal = [one.column for one in validation.personal if not one.allowed]
    found = f", leaks found: {', '.join(leaks)}" if leaks else ""
    found += f", traps: {', '.join(dict.fromkeys(one.kind for one in validation.traps))}" if validation.traps else ""
    found += f", personal data: {', '.join(personal)}" if personal else ""
    return f"{len(validation.results)} expectations, {failed} failed{found}"
