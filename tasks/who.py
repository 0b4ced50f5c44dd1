"""Who acts when a flow does: for the ledger, and for the record of what was answered."""

from __future__ import annotations

from prefect.runtime import flow_run

__all__ = ["this_run"]


def this_run() -> str | None:
    """The Prefect run that this is part of, by name and id; None outside of one."""
    return f"Prefect run {flow_run.name} ({flow_run.id})" if flow_run.id else None
