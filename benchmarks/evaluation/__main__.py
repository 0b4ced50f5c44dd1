"""How long judging and reporting take: 200,000 gate rows x 30 columns, two classes, 500 resamples.

    python -m benchmarks.evaluation [--rows 200000]

Trains one small model on as many rows, then times :func:`tidemill.evaluation.evaluate` and its pieces, and
:func:`tidemill.reporting.write_report`. Seconds are wall time; beside them is processor time, which other
work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
import pandas as pd

from tests.lineage import made_up_balance, made_up_lineage
from tidemill.evaluation import evaluate, load_evidence
from tidemill.learning.baselines import race
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.registry import Registry
from tidemill.reporting import write_report
from tidemill.results import ClassCount, Decision, Evaluation, Labelled, Split, Validation
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

T = TypeVar("T")
NUMBERS, CATEGORIES = 21, 8


def table(rows: int, seed: int) -> pd.DataFrame:
    """A time, 21 numbers and 8 categories, and a target that hangs on some of them."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"number_{place}": random.normal(size=rows) for place in range(NUMBERS)})
    for place in range(CATEGORIES):
        frame[f"category_{place}"] = random.choice([f"level {level}" for level in range(4 + 3 * place)], rows)
    frame["at"] = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows) * 20, unit="s")
    signal = frame["number_0"] + 0.5 * frame["number_1"] * frame["number_2"] + 0.4 * (frame["category_0"] == "level 1")
    frame["target"] = (random.logistic(size=rows) < signal - 1.0).astype("int64")
    return frame


def timed(what: str, act: Callable[[], T]) -> T:
    """Run, and print how long it took."""
    wall, processor = time.perf_counter(), time.process_time()
    result = act()
    print(f"{what:<28} {time.perf_counter() - wall:7.1f} s  {time.process_time() - processor:7.1f} s of processor")
    return result


def main() -> None:
    """Set up a lake, train, then time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    use_case = UseCase.model_validate(
        {"name": "speed", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "target"}, "time": "at"}
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        frame = table(2 * rows, 1)
        snapshot = write_snapshot(store, "speed", "labelled", frame)
        split = Split(
            by="time",
            train=write_snapshot(store, "speed", "train", frame.head(rows)),
            gate=write_snapshot(store, "speed", "gate", frame.tail(rows)),
            boundary=frame["at"].iloc[rows].to_pydatetime(),
            end=datetime(2030, 1, 1, tzinfo=UTC),
        )
        classes = tuple(
            ClassCount(label=name, rows=int((frame["target"] == code).sum())) for code, name in enumerate(("no", "yes"))
        )
        labelled = Labelled(snapshot=snapshot, quarantine=None, refused={}, waiting=0, task="binary", classes=classes)
        nothing: dict[str, tuple[str, ...]] = {"reasons": (), "results": (), "leaks": ()}
        validation = Validation(
            subject=snapshot.id, passed=True, excluded={}, snapshot=snapshot, quarantine=None, **nothing
        )  # fmt: skip
        study = tune(store, use_case, labelled, split, {}, budget=60.0, trials=2)
        model = train(store, use_case, labelled, split, study, {})
        timed("baselines alone", lambda: race(store, use_case, labelled, split, {}))

        def judge() -> Evaluation:
            return evaluate(store, use_case, labelled, validation, split, model, None)

        evaluation = timed("evaluate, with the baselines", judge)
        made_up = made_up_lineage(use_case="speed")
        lineage = made_up.model_copy(
            update={"labelled": labelled, "validation": validation, "split": split, "study": study, "model": model}
            | {"evaluation": evaluation, "usecase": use_case.model_dump_json(by_alias=True)}
        )
        version = Registry(store, "speed").register(lineage, made_up_balance(), {})
        decision = Decision(version=version.version, promoted=True, action="promote", sentence="Promoted.", entry="1")
        timed("report", lambda: write_report(store, use_case, version, decision, {"tune": 60.0}))
        evidence = load_evidence(store, evaluation.key)
        size = len(store.read_bytes(f"speed/reports/{version.version}/report.html"))
        print(f"{evidence.rows:,} rows, {len(evidence.slices)} slices, {evidence.explained_rows} explained rows")
        print(f"report.html: {size:,} bytes")


if __name__ == "__main__":
    main()
