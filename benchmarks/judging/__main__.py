"""How long judging takes: 200,000 gate rows x 30 columns, two classes, against baselines and a champion.

    taskset -c 0 python -m benchmarks.judging [--gate 200000] [--train 100000] [--budget 60]

Trains a champion and a challenger by the default tuner within the budget, then times what follows in a training run:
evaluation (the race of the baselines told apart), the gate's decision, the proof of parity, and the report. Seconds
are wall time; beside them is processor time, which other work on the machine disturbs less. With ``--profile`` the
dearest functions are listed. The result is kept in ``results.json``.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.judging.rows import found_nothing, labelled_and_split
from tests.lineage import made_up_balance, made_up_lineage
from tidemill.evaluation import evaluate, load_evidence
from tidemill.gate import decide
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.proving import prove
from tidemill.registry import ModelVersion, Registry
from tidemill.reporting import write_report
from tidemill.results import Decision, Labelled, Lineage, ModelReference, Split, Study
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

T = TypeVar("T")
LIMIT_SECONDS, LIMIT_BYTES = 30.0, 3_000_000
RESULTS = Path(__file__).parent / "results.json"


class Clock:
    """Wall and processor seconds by what was done."""

    def __init__(self, *, profiled: bool) -> None:
        self.seconds: dict[str, dict[str, float]] = {}
        self._profiled = profiled

    def timed(self, what: str, act: Callable[[], T]) -> T:
        """Do it, and note and print how long it took."""
        wall, processor = time.perf_counter(), time.process_time()
        with self._profile():
            result = act()
        took = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        self.seconds[what] = {name: round(value, 2) for name, value in took.items()}
        print(f"{what:<28} {took['wall']:7.1f} s  {took['processor']:7.1f} s of processor", flush=True)
        return result

    @contextmanager
    def _profile(self) -> Iterator[None]:
        if not self._profiled:
            yield
            return
        with cProfile.Profile(time.process_time) as profile:
            yield
        pstats.Stats(profile).sort_stats("cumtime").print_stats(45)


def main() -> None:
    """Set up a lake, train twice, then time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gate", type=int, default=200_000)
    parser.add_argument("--train", type=int, default=100_000)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    clock = Clock(profiled=asked.profile)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        labelled, split = labelled_and_split(store, _use_case(0), asked.train, asked.gate)
        champion = _champion(store, labelled, split)
        study, model = _trained(store, _use_case(0), labelled, split, asked.budget)
        found = _judged(store, clock, labelled, split, study, model, champion)
    total = sum(took["wall"] for what, took in clock.seconds.items() if what not in APART)
    result: dict[str, Any] = {
        "gate_rows": asked.gate,
        "training_rows": asked.train,
        "columns": 30,
        "budget": asked.budget,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "seconds": clock.seconds,
        "total": round(total, 2),
        "processor": round(sum(took.get("processor", 0.0) for took in clock.seconds.values()), 2),
        "within": {"seconds": total <= LIMIT_SECONDS, "report": found["report_bytes"] <= LIMIT_BYTES},
        **found,
    }
    print(f"{'in all':<28} {total:7.1f} s, at most {LIMIT_SECONDS:.0f} s; report.html {found['report_bytes']:,} bytes")
    if not asked.profile:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


APART = ("of it: the race",)
"""Timed within another line."""


def _use_case(seed: int) -> UseCase:
    said = {"name": "speed", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "target"}, "time": "at"}
    return UseCase.model_validate({**said, "seed": seed})


def _trained(
    store: Store, use_case: UseCase, labelled: Labelled, split: Split, budget: float
) -> tuple[Study, ModelReference]:
    study = tune(store, use_case, labelled, split, {}, budget=budget, trials=None)
    return study, train(store, use_case, labelled, split, study, {})


def _lineage(labelled: Labelled, split: Split, study: Study, model: ModelReference, **more: object) -> Lineage:
    made_up = made_up_lineage(use_case="speed")
    own = {"labelled": labelled, "validation": found_nothing(labelled), "split": split, "study": study, "model": model}
    return made_up.model_copy(update={**own, "usecase": _use_case(0).model_dump_json(by_alias=True), **more})


def _champion(store: Store, labelled: Labelled, split: Split) -> ModelVersion:
    """A version of another seed and little tuning, to be raced."""
    study, model = _trained(store, _use_case(1), labelled, split, 10.0)
    registry = Registry(store, "speed")
    version = registry.register(_lineage(labelled, split, study, model), made_up_balance(), {})
    registry.promote(version.version, who="benchmark")
    return version


def _judged(
    store: Store,
    clock: Clock,
    labelled: Labelled,
    split: Split,
    study: Study,
    model: ModelReference,
    champion: ModelVersion,
) -> dict[str, Any]:
    """Everything that follows training, timed; gives what it came to."""
    import tidemill.evaluation.judging as judging

    use_case, race = _use_case(0), judging.race
    spent: list[float] = []

    def told_apart(*words: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return race(*words, **named)
        finally:
            spent.append(time.perf_counter() - began)

    judging.race = told_apart
    try:
        evaluation = clock.timed(
            "evaluation and explanations",
            lambda: evaluate(store, use_case, labelled, found_nothing(labelled), split, model, champion),
        )
    finally:
        judging.race = race
    clock.seconds["of it: the race"] = {"wall": round(sum(spent), 2)}
    print(f"{'of it: the race':<28} {sum(spent):7.1f} s")
    proof = clock.timed("proof", lambda: prove(store, use_case, split, model))
    action, sentence = clock.timed("gate", lambda: decide(use_case, evaluation, champion, proof))
    lineage = _lineage(labelled, split, study, model, evaluation=evaluation, proof=proof)
    version = Registry(store, "speed").register(lineage, made_up_balance(), {})
    decision = Decision(
        version=version.version, promoted=action == "promote", action=action, sentence=sentence, entry="1"
    )
    report = clock.timed("report", lambda: write_report(store, use_case, version, decision, {"tune": 60.0}))
    evidence = load_evidence(store, evaluation.key)
    return {
        "report_bytes": len(store.read_bytes(report.html)),
        "slices": len(evidence.slices),
        "explained_rows": evidence.explained_rows,
        "proof": {"rows": proof.rows, "passed": proof.passed, "largest": proof.largest},
        "decision": sentence,
    }


if __name__ == "__main__":
    main()
