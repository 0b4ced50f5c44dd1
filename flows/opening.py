"""What every flow does first: find the use case and prove that the lake answers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from prefect.runtime import flow_run

from tidemill.project import lake_url
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase
from tidemill.usecase.values import parse_moment

__all__ = ["in_utc", "open_lake", "open_use_case", "run_name"]


def run_name() -> str:
    """A flow run's name: the use case and the date, such as ``flights 2013-11-01 06:00``."""
    when = flow_run.scheduled_start_time or datetime.now(UTC)
    return f"{flow_run.parameters['use_case']} {when:%Y-%m-%d %H:%M}"


def in_utc(moment: datetime | None) -> datetime | None:
    """A parameter's moment, aware: without an offset it is UTC, as everywhere."""
    return None if moment is None else parse_moment(moment)


def open_lake(lake: str | None) -> Store:
    """The lake that a run was given, else ``TIDEMILL_LAKE``, else ``lake`` in the project's folder.

    Raises UserError when it can't be written or read.
    """
    store = Store(lake_url(lake))
    store.check()
    return store


def open_use_case(name: str, lake: str | None) -> tuple[UseCase, Store]:
    """The use case and its lake. Raises UserError when either is wrong."""
    logging.getLogger("tidemill").setLevel(logging.INFO)  # stages and trials belong in the run's log
    use_case = load_usecase(name)
    return use_case, open_lake(lake)
