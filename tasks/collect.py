"""Collect: the sources become one raw Snapshot."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from tasks.stage import stage
from tidemill.collecting import collect as read_sources
from tidemill.collecting import land, source_state
from tidemill.collecting.replays import Replays
from tidemill.erasing.tombstones import ErasedLog
from tidemill.results import Collected
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["collect", "erased_inputs"]


@stage("collect", timeout=6 * 3600)
def collect(
    use_case: UseCase,
    store: Store,
    since: datetime | None = None,
    until: datetime | None = None,
    log: bool = False,
) -> Outcome[Collected]:
    """Read the sources, join them as of each row's own time, and keep the result as an immutable Snapshot.

    A ``log`` of requests has the columns that the model reads, and perhaps no others.
    What is no file is asked for new rows each time; only when there are none is the last result the answer.
    """
    landed = cache(lambda: land(store, use_case, since=since, until=until))
    return once(
        store,
        use_case.name,
        "collect",
        Collected,
        lambda: read_sources(store, use_case, since=since, until=until, landed=landed(), log=log),
        version=2,
        inputs=lambda: {
            "sources": source_state(use_case, landed()),
            **_mended(use_case, store),
            **erased_inputs(store, use_case),
            "use_case": use_case.fingerprint("sources", "derive", "time"),
            "since": since,
            "until": until,
            **({"log": True} if log else {}),
        },
        summary=_summary,
    )


def _mended(use_case: UseCase, store: Store) -> dict[str, list[str]]:
    """The rows that were brought back from Quarantine, if there are any."""
    replays = [] if use_case.reads_other else Replays(store, use_case.name).keys()
    return {"mended": replays} if replays else {}


def erased_inputs(store: Store, use_case: UseCase) -> dict[str, str]:
    """Who is erased, as far as a stage's key goes; nothing when nobody is."""
    digest = ErasedLog(store, use_case.name).standing().digest
    return {"erased": digest} if digest else {}


def _summary(collected: Collected) -> str:
    unmatched = sum(source.unmatched for source in collected.sources)
    joined = f", {unmatched:,} without a joined row" if unmatched else ""
    refused = sum(collected.refused.values())
    unread = f", {refused:,} quarantined" if refused else ""
    gone = f", {collected.erased:,} of erased people left out" if collected.erased else ""
    return f"{collected.snapshot.rows:,} rows from {len(collected.sources)} source(s){unread}{gone}{joined}"
