"""A process that tunes the test world of a lake: ``python -m tests.unit.learning.tuner LAKE STORAGE TRIALS tune|help``.

Says `tried N` when it ends. Started by the tests that kill it, and that let several work on one study.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

from tests.unit.learning.world import World, make_world
from tidemill.learning import searching, tuning
from tidemill.store import Store

ROWS = 400
SLOW = "TIDEMILL_TEST_SLOW"
HANG = "TIDEMILL_TEST_HANG"


def shared_world(lake: str, storage: str | None, count: int | None = None) -> World:
    """The world of these tests: the same rows in any lake."""
    said = {"threads": 1, **({"storage": storage} if storage else {}), **({"trials": count} if count else {})}
    return make_world(Store(lake), count=ROWS, tune=said)


def main(lake: str, storage: str, trials: str, what: str) -> None:
    world = shared_world(lake, storage or None, count=int(trials) if what == "help" else None)
    wait, hang = float(os.environ.get(SLOW, 0)), int(os.environ.get(HANG, -1))
    grown = itertools.count()
    grow = searching.boost

    def slowly(*said: object, **named: object) -> object:
        time.sleep(600 if next(grown) == hang else wait)
        return grow(*said, **named)  # type: ignore[arg-type]

    searching.boost = slowly  # type: ignore[assignment]
    if what == "help":
        done = tuning.help_tuning(
            world.store, world.use_case, world.labelled, world.split, {}, budget=None, trials=None
        )
        print("tried", done.tried, flush=True)
    else:
        print("tried", world.tune(trials=int(trials)).trials, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main(*sys.argv[1:])
