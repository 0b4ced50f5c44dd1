"""One training run in a process of its own, as a Prefect flow or bare; prints what it took as JSON.

python -m benchmarks.orchestration.once flow|bare PROJECT LAKE
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.orchestration.project import NAME
from deployments import engine

__all__ = ["main"]


def main(how: str, project: str, lake: str) -> None:
    """Train once.

    ``seconds`` is the call alone, ``imports`` what came before it, of which ``prefect`` is Prefect's; ``cpu`` is the
    processor time of the whole process, which a busy machine changes less than it changes the clock.
    """
    os.environ["TIDEMILL_PROJECT"] = project
    engine.prepare(quiet=True)
    started = time.perf_counter()
    import prefect  # noqa: F401

    prefect_imported = time.perf_counter()
    from flows.training import training

    imported = time.perf_counter()
    run = _bare(training, lake) if how == "bare" else training(NAME, lake=lake)
    done = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "seconds": done - imported,
        "cpu": used.ru_utime + used.ru_stime,
        "imports": imported - started,
        "prefect": prefect_imported - started,
        "stages": run.seconds,
        "model": run.lineage.model.id,
        "trials": run.lineage.study.trials,
        "reused": sorted(name for name, reused in run.reused.items() if reused),
    }
    sys.stdout.write(json.dumps(said) + "\n")


def _bare(training: Any, lake: str) -> Any:
    """The flow's own body, with every stage called as the function that it is: no task, no run, no server."""
    from tasks.stage import Stage

    def call(stage: Stage[Any, Any], *args: Any, **kwargs: Any) -> Any:
        return stage.function(*args, **kwargs)

    Stage.__call__ = call  # type: ignore[method-assign,assignment]
    return training.fn(NAME, lake=lake)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], str(Path(sys.argv[3]).absolute()))
