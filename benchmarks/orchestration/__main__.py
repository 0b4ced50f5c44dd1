"""What Prefect costs: the training flow on a running Prefect server against the same functions called bare.

    python -m benchmarks.orchestration [--rows 1000000] [--trials 4] [--repeats 2] [--output results.json]

Both train the same use case from the same files, with the same trials, to the same model (which is checked), each in a
process and a lake of its own, in turn. ``ratio`` is flow over bare; ``fixed`` is what a whole flow run adds on a table
so small that nothing but the orchestration takes time, with the import of Prefect.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.orchestration import project
from deployments.children import Children
from deployments.settings import server_settings
from deployments.template import open_home

HERE = Path(__file__).resolve().parent
SMALL = 2_000
LIMITS = {"ratio": 1.10, "fixed": 8.0}


def main() -> int:
    """Measure, print and store; the exit status is 1 when a limit was exceeded."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="tidemill-orchestration-") as folder, _server(Path(folder)) as environment:
        small = _compare(Path(folder) / "small", SMALL, asked.trials, asked.repeats, environment)
        large = _compare(Path(folder) / "large", asked.rows, asked.trials, asked.repeats, environment)
    found = {
        "ratio": large["flow"]["seconds"] / large["bare"]["seconds"],
        "fixed": small["flow"]["seconds"] - small["bare"]["seconds"] + small["flow"]["prefect"],
    }
    for name, limit in LIMITS.items():
        print(f"{name}: {found[name]:.2f}, at most {limit:.2f}: {'kept' if found[name] <= limit else 'EXCEEDED'}")
    stored = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "rows": asked.rows,
        "columns": project.COLUMNS,
        "trials": asked.trials,
        "found": found,
        "limits": LIMITS,
        "small": small,
        "large": large,
    }
    asked.output.write_text(json.dumps(stored, indent=2) + "\n")
    return int(any(found[name] > limit for name, limit in LIMITS.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2, help="of each, in turn; the fastest counts")
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    return parser.parse_args()


def _compare(folder: Path, rows: int, trials: int, repeats: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run both in turn on a table of ``rows`` rows; gives the fastest run of each way.

    The fastest, since whatever else the machine does can only make a run slower.
    """
    project.write(folder, rows, trials)
    runs: dict[str, list[dict[str, Any]]] = {"bare": [], "flow": []}
    for turn in range(repeats):
        for how, done in runs.items():
            done.append(_once(how, folder, folder / f"lake-{how}-{turn}", environment))
            took = f"{done[-1]['seconds']:7.2f} s ({done[-1]['cpu']:.1f} s of processor)"
            print(f"{rows:>9,} rows  {how}  {took}  model {done[-1]['model']}", flush=True)
    models = {run["model"] for done in runs.values() for run in done}
    if len(models) != 1 or any(run["reused"] for done in runs.values() for run in done):
        raise SystemExit(f"the runs were not the same work: models {sorted(models)}")
    return {how: min(done, key=lambda run: float(run["seconds"])) for how, done in runs.items()}


def _once(how: str, folder: Path, lake: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.orchestration.once", how, str(folder), str(lake)]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, cwd=HERE.parents[1])
    if done.returncode:
        raise SystemExit(f"{how} failed:\n{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


@contextmanager
def _server(folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server on a database of its own, and the environment of those who use it."""
    home = folder / "prefect"
    open_home(home)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **server_settings(), "PREFECT_HOME": str(home)}
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    children = Children(folder / "logs")
    command = ["-m", "prefect", "server", "start", "--port", str(port)]
    children.start("the Prefect server", [sys.executable, *command], environment)
    try:
        while not _answers(f"{environment['PREFECT_API_URL']}/health"):
            children.check()
            time.sleep(0.2)
        yield environment
    finally:
        children.stop_all()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
