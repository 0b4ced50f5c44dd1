"""Erase: people's rows out of the lake, refused from then on, and proved to be gone."""

from __future__ import annotations

from tasks.stage import stage, told
from tidemill.erasing.erasure import Request
from tidemill.erasing.erasure import erase as remove
from tidemill.erasing.records import Erasure
from tidemill.stages import Outcome
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["erase"]


@stage("erase", timeout=6 * 3600)
def erase(use_case: UseCase, store: Store, request: Request) -> Outcome[Erasure]:
    """Take the people's rows out of Snapshots, predictions, answers and Models, and look through the lake for them."""
    return told("erase", lambda: (remove(store, use_case, request), False), _summary)


def _summary(made: Erasure) -> str:
    hits = sum(hit.times for hit in made.proof.hits) if made.proof else 0
    return f"{made.rows:,} rows removed, {hits:,} left"
