"""What labelling functions make of 5,000 food reviews, beside the reviewers' own scores; and a million rows, timed.

    python -m benchmarks.labelling --reviews fine_foods_reviews.parquet [--rows 1000000] [--output results.json]

The reviews (columns `review` and `score`: great or other) are the Amazon Fine Foods sample of the R package
modeldata. Six expressions, written down once and not tuned, label them by vote and by label model, without any
known score and with 100 and 500; the scores of the others are only used to judge. Accuracy is of the labels
given; `shared` is on the rows that both ways label. The million rows have planted votes of ten functions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tidemill.labelling import label
from tidemill.labelling.combining import combined
from tidemill.results import Cleaned, Labelled
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase

HERE = Path(__file__).resolve().parent
FUNCTIONS = {
    "praise": ("love|best|excellent|perfect|favorite|wonderful", "great"),
    "again": ("highly recommend|will buy again|definitely buy|stock up|addict", "great"),
    "tasty": ("great|delicious|yummy|awesome|amazing", "great"),
    "complaint": ("disappoint|terrible|awful|horrible|worst|waste|return|refund|stale|disgust", "other"),
    "reserve": (
        "however|unfortunately|too (sweet|salty|strong|expensive|bitter)|not (very |that |as )?(good|like|worth)",
        "other",
    ),
    "dislike": ("(didn't|don't|do not|did not) like|would not|wouldn't buy|bland|weak|just ok|okay", "other"),
}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    asked = parser.parse_args()
    reviews = pd.read_parquet(asked.reviews, columns=["review", "score"])
    runs = [compared(reviews, known) for known in (0, 100, 500)]
    found = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "reviews": {"rows": len(reviews), "great": float((reviews["score"] == "great").mean()), "runs": runs},
        "speed": [timed(asked.rows, classes) for classes in (2, 3)],
    }
    asked.output.write_text(json.dumps(found, indent=2) + "\n")


def compared(reviews: pd.DataFrame, known: int) -> dict[str, Any]:
    """Vote and model on the reviews, the scores of ``known`` rows given."""
    truth = reviews["score"].reset_index(drop=True)
    frame = pd.DataFrame({"row": np.arange(len(truth)), "review": reviews["review"].to_numpy()})
    if known:
        given = np.random.default_rng(7).choice(len(truth), known, replace=False)
        frame["score"] = truth.where(truth.index.isin(given))
    results = {how: _labelled(frame, how) for how in ("vote", "model")}
    labels = {how: one[1] for how, one in results.items()}
    judged = truth[frame["score"].isna()] if known else truth
    shared = labels["vote"].dropna().index.intersection(labels["model"].dropna().index).intersection(judged.index)
    print(f"\n{known} known scores", flush=True)
    said: dict[str, Any] = {"known": known}
    for how, given_labels in labels.items():
        there = given_labels.reindex(judged.index).dropna()
        said[how] = {
            "labelled": len(there) / len(judged),
            "accuracy": float((there == judged[there.index]).mean()),
            "shared": float((given_labels[shared] == truth[shared]).mean()),
        }
        print(f"  {how:<6}" + "  ".join(f"{name} {value:.3f}" for name, value in said[how].items()))
    said["functions"] = list(_functions(results["model"][0], frame, truth))
    for one in said["functions"]:
        shares = "  ".join(f"{name} {one[name]:.3f}" for name in ("coverage", "estimated", "true"))
        print(f"  {one['name']:<10} {shares}")
    return said


def _labelled(frame: pd.DataFrame, how: str) -> tuple[Labelled, pd.Series]:
    """The stage's result, and each row's label (by place; null where it has none)."""
    target: dict[str, Any] = {
        "combine": how,
        "functions": {
            name: {"when": f'matches(lower(review), "{pattern}")', "label": said}
            for name, (pattern, said) in FUNCTIONS.items()
        },
    }
    if "score" in frame:
        target["column"] = "score"
    use_case = UseCase.model_validate({"name": "reviews", "sources": {"reviews": {"url": "x.csv"}}, "target": target})
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        cleaned = Cleaned(
            snapshot=write_snapshot(store, "reviews", "cleaned", frame), quarantine=None, deduplicated=0, refused={}
        )
        result = label(store, use_case, cleaned)
        rows = result.snapshot.read(store, ["row", use_case.target_name])
    names = np.array([str(one.label) for one in result.classes])
    return result, pd.Series(names[rows.iloc[:, 1]], index=rows["row"]).reindex(range(len(frame)))


def _functions(result: Labelled, frame: pd.DataFrame, truth: pd.Series) -> list[dict[str, Any]]:
    """What the model thinks of each function, and how right it is."""
    assert result.voting is not None
    text = frame["review"].str.lower()
    found = []
    for one in result.voting.functions:
        pattern, said = FUNCTIONS[one.name]
        hit = text.str.contains(pattern.replace("(", "(?:"), regex=True)
        found.append(
            {
                "name": one.name,
                "coverage": one.coverage,
                "estimated": one.accuracy,
                "true": float((truth[hit] == said).mean()),
            }
        )
    return found


def timed(rows: int, classes: int) -> dict[str, Any]:
    """Ten functions of planted quality on ``rows`` rows: seconds to combine, and accuracies, found and planted."""
    random = np.random.default_rng(7)
    quality = np.linspace(0.95, 0.5, 10)
    truth = random.integers(0, classes, rows)
    votes = np.full((rows, len(quality)), -1, dtype=np.int8)
    for place, right in enumerate(quality):
        said = np.where(random.random(rows) < right, truth, (truth + random.integers(1, classes, rows)) % classes)
        votes[:, place] = np.where(random.random(rows) < 0.2 + 0.06 * place, said, -1)
    nothing = np.full(rows, -1, dtype=np.int8)
    said: dict[str, Any] = {"rows": rows, "functions": len(quality), "classes": classes}
    decided = right = np.zeros(0, dtype=bool)
    for how in ("vote", "model"):
        started = time.perf_counter(), time.process_time()
        found = combined(votes, nothing, classes, how)  # type: ignore[arg-type]
        wall, processor = time.perf_counter() - started[0], time.process_time() - started[1]
        right, there = found.codes == truth, found.codes >= 0
        decided = there if how == "vote" else decided
        said[how] = {"seconds": wall, "processor": processor, "accuracy": float(right[there].mean())}
    said["model"]["on the vote's rows"] = float(right[decided].mean())
    said["model"]["worst error of an accuracy"] = max(
        abs(float(one or 0) - real) for one, real in zip(found.accuracy, quality, strict=True)
    )
    print(f"\n{rows:,} rows, {len(quality)} functions, {classes} classes: {json.dumps(said)}", flush=True)
    return said


if __name__ == "__main__":
    main()
