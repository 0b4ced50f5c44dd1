"""Approving: a run that waits for a person, within the training that asks."""

from __future__ import annotations

from prefect import flow

from flows.opening import open_use_case
from tasks.approve import ask
from tidemill.registry import Registry

__all__ = ["approving"]


@flow(name="approving", flow_run_name="{use_case} {version}", persist_result=False)
def approving(use_case: str, version: str, report: str, lake: str | None = None) -> str:
    """Pause until somebody answers for a version, in this run's form or by `tidemill approve` and `reject`.

    It is a run of its own because a deployment's run gives its slot away when it is paused, and Prefect then ends it
    for having none. So the training keeps its slot, and no other of the same use case starts meanwhile.

    Args:
        use_case: the use case's name.
        version: the version that waits.
        report: where its report is.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
    """
    case, store = open_use_case(use_case, lake)
    entry = ask(store, Registry(store, case.name).version(version), report)
    return f"{entry.action} by {entry.who}: {entry.why}"
