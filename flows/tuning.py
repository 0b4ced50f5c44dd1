"""Tuning alone: settings tried for a study that a training run, here or elsewhere, chooses from."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from flows.opening import open_use_case, run_name
from flows.rows import rows_to_learn_from
from tasks.tune import help_tuning
from tidemill.results import Contribution

__all__ = ["tuning"]


@flow(name="tuning", flow_run_name=run_name, persist_result=False)
def tuning(
    use_case: str,
    lake: str | None = None,
    budget: float | None = None,
    trials: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> Contribution:
    """Try settings for the study that training would search: what is trained is chosen from all of them.

    The use case names the storage that all share, under `tune.storage`.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        lake: where everything is stored, the same for all who share the study; left out, `TIDEMILL_LAKE` or `./lake`.
        budget: seconds to spend; left out, what the use case says, or until it has all its trials.
        trials: how many settings to try at most.
        since: use rows from this moment on only, as the training does.
        until: use rows before this moment only, as the training does.
        as_of: train as it could have been done at this moment, as the training does.
    """
    case, store = open_use_case(use_case, lake)
    rows = rows_to_learn_from(case, store, since, until, as_of)
    return help_tuning(
        rows.settled, store, rows.labelled.result, rows.validated.result, rows.parts.result, budget, trials
    ).result
