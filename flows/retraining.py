"""Retraining: training started by an alarm, at most once in a while, through the same gate."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow, tags

from flows.opening import open_use_case, run_name
from flows.training import training
from tidemill.progress import Note, emit
from tidemill.results import TrainingRun
from tidemill.retraining import Retrainings

__all__ = ["retraining"]


@flow(name="retraining", flow_run_name=run_name, persist_result=False)
def retraining(
    use_case: str,
    until: datetime | None = None,
    reason: str = "retraining was asked for",
    lake: str | None = None,
) -> TrainingRun | None:
    """Train anew on everything before `until`, unless the last retraining is too recent.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        until: the end of the newest data that may be used; the gate's window moves up to it.
        reason: what started this, such as an alarm, for the ledger.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.

    Returns None when the cooldown (`retrain.cooldown`) has not passed.
    """
    case, store = open_use_case(use_case, lake)
    past = Retrainings(store, case.name)
    now = datetime.now(UTC)
    wait = past.cooling(case.retrain.cooldown, now)
    if wait is not None:
        emit(Note(f"No retraining of {case.name} before {wait:%Y-%m-%d %H:%M} UTC: the cooldown has not passed."))
        return None
    past.begin(now, reason, until)
    with tags("tidemill", case.name):  # a flow within a flow does not have its deployment's
        return training(case.name, lake=lake, until=until, reason=reason)
