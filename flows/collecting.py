"""Collecting: the sources brought into the lake on a schedule of their own."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from flows.opening import in_utc, open_use_case, run_name
from tasks.collect import collect
from tidemill.results import Collected

__all__ = ["collecting"]


@flow(name="collecting", flow_run_name=run_name, persist_result=False)
def collecting(
    use_case: str, since: datetime | None = None, until: datetime | None = None, lake: str | None = None
) -> Collected:
    """Bring what is new of the sources into the lake, and make the raw rows that training begins with.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        since: rows from this moment on only; what is older than anything landed is fetched once.
        until: rows before this moment only.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
    """
    case, store = open_use_case(use_case, lake)
    return collect(case, store, since=in_utc(since), until=in_utc(until)).result
