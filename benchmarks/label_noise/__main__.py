"""Label noise: 5 % of the labels of real tables are made wrong, and the suspects counted that are among them.

    python -m benchmarks.label_noise --data FOLDER [--share 0.05] [--output results.json]

FOLDER holds `adult.parquet` (two classes, of which nobody can tell all rows), `mnist_5k.parquet` (ten classes, clear
ones, its pixels pooled to 7 x 7) and `diamonds.parquet` (numbers: a wrong one is another row's). Each is labelled,
split, tuned for three trials, trained and ranked as in use. A suspect counts as right when its label was made wrong;
the tables' own errors count as wrong. ``lift`` is the precision divided by the share of wrong labels, which is what
picking blindly would find.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.lineage import made_up_balance, made_up_lineage
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.registry import Registry
from tidemill.results import ClassCount, Labelled, Validation
from tidemill.reviewing.suspects import suspects
from tidemill.snapshot import write_snapshot
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

HERE = Path(__file__).parent
TABLES = {"adult": "income", "mnist_5k": "label", "diamonds": "price"}


def with_wrong_labels(frame: pd.DataFrame, target: str, share: float) -> tuple[pd.DataFrame, np.ndarray, list[Any]]:
    """The table with a row number and its target as a labelled Snapshot has it, the rows made wrong, the classes."""
    random = np.random.default_rng(1)
    wrong = random.uniform(size=len(frame)) < share
    frame = frame.assign(row=np.arange(len(frame)))
    if target == "price":
        truth = frame[target].to_numpy(dtype=np.float64)
        return frame.assign(**{target: np.where(wrong, random.permutation(truth), truth)}), wrong, []
    codes, classes = pd.factorize(frame[target].astype("str"), sort=True)
    other = (codes + random.integers(1, len(classes), len(frame))) % len(classes)
    return frame.assign(**{target: np.where(wrong, other, codes).astype("int64")}), wrong, list(map(str, classes))


def pooled(frame: pd.DataFrame) -> pd.DataFrame:
    """Pictures of 28 x 28 pixels as 7 x 7 means; other tables as they are."""
    pixels = [name for name in frame.columns if name.startswith("px")]
    if not pixels:
        return frame
    means = frame[pixels].to_numpy(dtype=np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    return frame.drop(columns=pixels).join(pd.DataFrame(means, columns=[f"part_{place}" for place in range(49)]))


def ranked(name: str, target: str, file: Path, share: float) -> dict[str, Any]:
    """The whole way from a table to its suspects, and how many of them are the planted ones."""
    frame, wrong, classes = with_wrong_labels(pooled(pd.read_parquet(file).reset_index(drop=True)), target, share)
    said = {"name": "noise", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": target}, "id": "row"}
    use_case = UseCase.model_validate(said)
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        snapshot = write_snapshot(store, "noise", "labelled", frame)
        labelled = Labelled(
            snapshot=snapshot,
            quarantine=None,
            refused={},
            waiting=0,
            task=task,
            classes=tuple(ClassCount(label=one, rows=0) for one in classes),
        )
        validation = Validation(
            subject=snapshot.id, passed=True, reasons=(), results=(), leaks=(), excluded={}, snapshot=snapshot,
            quarantine=None,
        )  # fmt: skip
        parts = split(store, use_case, labelled, snapshot)
        study = tune(store, use_case, labelled, parts, {}, budget=90.0, trials=3)
        model = train(store, use_case, labelled, parts, study, {})
        made_up = made_up_lineage(use_case="noise")
        lineage = made_up.model_copy(
            update={"labelled": labelled, "validation": validation, "split": parts, "study": study, "model": model}
        )
        version = Registry(store, "noise").register(lineage, made_up_balance(), {})
        started = time.perf_counter()
        outcome = suspects(store, use_case, version)
        seconds = time.perf_counter() - started
        found = outcome.result.rows.read(store)
    rows = found.loc[found["_review_why"] == "suspect", "row"].to_numpy()
    return {"table": name, "task": task, "seconds": round(seconds, 1), **counted(rows, wrong, outcome.result.flagged)}


def counted(rows: np.ndarray, wrong: np.ndarray, flagged: int) -> dict[str, Any]:
    """Precision and recall of the worst suspects; recall is of all the wrong labels."""
    planted = int(wrong.sum())
    hits = np.cumsum(wrong[rows])
    tops = {f"top {most}": most for most in (50, 200, 500, 2_000) if most <= len(rows)}
    return {
        "rows": len(wrong),
        "planted": planted,
        "flagged": flagged,
        "found": {
            name: {
                "precision": round(float(hits[most - 1] / most), 3),
                "recall": round(float(hits[most - 1] / planted), 3),
                "lift": round(float(hits[most - 1] / most / wrong.mean()), 1),
            }
            for name, most in tops.items()
        },
    }


def main() -> None:
    """Rank every table and write what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    given = parser.parse_args()
    results = []
    for name in given.only.split(","):
        results.append(ranked(name, TABLES[name], given.data / f"{name}.parquet", given.share))
        print(json.dumps(results[-1]))
    given.output.write_text(json.dumps({"share": given.share, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
