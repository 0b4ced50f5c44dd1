"""How many threads to use, and that they don't stand in each other's way."""

from __future__ import annotations

import os

__all__ = ["available_threads", "wait_politely"]


def available_threads() -> int:
    """The cores that this process may run on, which in a container are often fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wait_politely() -> None:
    """Ask OpenMP's threads to sleep while they wait, unless the user's environment says otherwise.

    To be called before XGBoost is imported: the OpenMP library reads ``OMP_WAIT_POLICY`` when it is
    loaded. As it comes, its threads spin, and where other processes want the same cores a tree waits
    for a thread that isn't scheduled: on two cores with a load of ten, a tuning trial took 73 to 211 s
    spinning and 7 to 12 s sleeping; on cores of its own the difference is small.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
