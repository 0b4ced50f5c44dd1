"""Validate: Great Expectations and the leak check judge the data before anything is trained."""

from __future__ import annotations

from tasks.stage import stage
from tidemill.results import Labelled, Validation
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["validate"]


@stage("validate", timeout=2 * 3600)
def validate(use_case: UseCase, store: Store, labelled: Labelled) -> Outcome[Validation]:
    """Run the suite and look for leaks. A critical failure stops the run; refused rows go to Quarantine."""
    from expectations import suite_fingerprint

    return once(
        store,
        use_case.name,
        "validate",
        Validation,
        lambda: _judge(use_case, store, labelled),
        version=1,
        inputs={
            "rows": labelled.snapshot.id,
            "unlabelled": labelled.quarantine.id if labelled.quarantine else None,
            "suite": suite_fingerprint(use_case),
            "use_case": use_case.fingerprint("validate", "columns", "target", "id", "group", "time", "derive", "seed"),
        },
        summary=_summary,
    )


def _judge(use_case: UseCase, store: Store, labelled: Labelled) -> Validation:
    from expectations import judge
    from tidemill.validation import verdict

    judgement = judge(store, use_case, labelled.snapshot, purpose="training", publish=True)
    return verdict(store, use_case, labelled, judgement)


def _summary(validation: Validation) -> str:
    failed = sum(not result.passed for result in validation.results)
    leaks = [leak.column for leak in validation.leaks if not leak.allowed]
    found = f", leaks found: {', '.join(leaks)}" if leaks else ""
    return f"{len(validation.results)} expectations, {failed} failed{found}"
