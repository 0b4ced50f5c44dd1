"""Runs one contestant in a process of its own, on the cores it may have, and scores what it leaves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.automl.environments import HERE, python_of
from benchmarks.automl.results import Key, Result
from benchmarks.automl.rows import prepare
from benchmarks.automl.scoring import score
from benchmarks.automl.sets import DataSet
from benchmarks.automl.tables import table_of

__all__ = ["CONTESTANTS", "available_cores", "run"]

CONTESTANTS = ("defaults", "optuna", "flaml", "autogluon", "autogluon best", "tidemill")
PRESETS = {"autogluon": "medium_quality", "autogluon best": "best_quality"}
PATIENCE = 5.0
STARTING_SECONDS = 60.0
LOOK_SECONDS = 0.5
PROJECT = HERE.parents[1]


@dataclass(frozen=True)
class _Ran:
    said: dict[str, object] | None
    why: str
    seconds: float
    memory: float


def available_cores() -> list[int]:
    """The numbers of the cores that this process may run on."""
    return sorted(os.sched_getaffinity(0))


def run(dataset: DataSet, key: Key, cache: Path, cores: Sequence[int]) -> Result:
    """One contestant on one split; whatever goes wrong with it is its result."""
    folder = prepare(dataset, key.seed, cache)
    rows = json.loads((folder / "rows.json").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        answers = Path(scratch) / "answers.npy"
        arguments = [str(folder), str(answers), scratch, str(key.budget), str(key.seed), str(len(cores))]
        ran = _watched(_command(key.contestant, arguments, table_of(dataset, cache)), scratch, cores, key.budget)
        value, why = None, ran.why
        if ran.said is not None:
            target = pd.read_parquet(folder / "gate.parquet", columns=["target"])["target"].to_numpy(dtype=np.float64)
            try:
                value = score(dataset.metric, target, np.load(answers, allow_pickle=False))
            except (ValueError, OSError) as problem:
                why = f"answers that can't be scored: {problem}"
    said = ran.said or {}
    return Result(
        dataset=key.dataset,
        seed=key.seed,
        budget=key.budget,
        contestant=key.contestant,
        metric=dataset.metric,
        score=value,
        seconds=_rounded(said.get("seconds")),
        predict_seconds=_rounded(said.get("predict_seconds")),
        whole_seconds=round(ran.seconds, 1),
        memory=round(ran.memory),
        detail=why or str(said["detail"]),
        rows=str(rows["digest"]),
        cores=len(cores),
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        stage_seconds=_rounded(said.get("stage_seconds")),
        version=str(said.get("version", "")),
    )


def _command(contestant: str, arguments: list[str], table: Path) -> list[str]:
    if contestant == "tidemill":
        return [str(python_of("tidemill")), "-m", "benchmarks.automl.tidemill_peer", *arguments, str(table)]
    script = contestant.partition(" ")[0]
    preset = [PRESETS[contestant]] if contestant in PRESETS else []
    return [str(python_of(script)), str(HERE / f"{script}_peer.py"), *arguments, *preset]


def _watched(command: list[str], scratch: str, cores: Sequence[int], budget: float) -> _Ran:
    """Run the command to its end, or to five times the budget; its process group ends with it."""
    threads = {name: str(len(cores)) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    environment = {**os.environ, **threads, "PYTHONPATH": str(PROJECT), "TMPDIR": scratch}
    started = time.perf_counter()
    with (Path(scratch) / "output").open("w+") as output, (Path(scratch) / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=errors,
            cwd=scratch,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        _prefer(process.pid)
        memory, why = 0.0, ""
        while process.poll() is None:
            memory = max(memory, _memory(process.pid))
            if time.perf_counter() - started > PATIENCE * budget + STARTING_SECONDS:
                why = f"not done after {PATIENCE:g} times the budget"
                break
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - started
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        output.seek(0)
        errors.seek(0)
        lines, problems = output.read().splitlines(), errors.read()
    if not why and code == 0 and lines:
        return _Ran(json.loads(lines[-1]), "", seconds, memory)
    return _Ran(None, why or f"exit status {code}: {_last(problems)}", seconds, memory)


def _prefer(session: int) -> None:
    """Give the session our niceness: Linux schedules sessions as groups, within which alone a process's own counts."""
    niceness = os.nice(0)
    if niceness:
        with contextlib.suppress(OSError):
            Path(f"/proc/{session}/autogroup").write_text(str(niceness))


def _memory(session: int) -> float:
    """Resident memory in MB of all processes of the session: AutoGluon starts some of its own."""
    pages = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                pages += int(stat[21]) if int(stat[3]) == session else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _last(problems: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(problems.splitlines()) if line.strip()), "no message")[:500]


def _rounded(seconds: object) -> float | None:
    return round(seconds, 2) if isinstance(seconds, float) else None
