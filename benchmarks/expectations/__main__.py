"""How long judging takes after the import: `python -m benchmarks.expectations [--write]`.

``judge`` is everything that Tidemill does: reading the Snapshot from the lake, running the suite, the
words, refused rows sorted out, and both pages of Data Docs. ``great expectations`` validates the same
frame by the same suite, ``pandas`` computes the same checks. Each is run three times in turns; the best counts.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from expectations import judge, load_suite
from expectations.running import run
from expectations.site import render_site
from expectations.suites import SuiteEntry
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import load_usecase

ROWS, ROUNDS = 1_000_000, 3
NUMBERS, WHOLES, TEXTS = 10, 5, 4


def frame() -> pd.DataFrame:
    """21 columns: ten of numbers, five of whole numbers, four of text, a flag and a time."""
    random = np.random.default_rng(7)
    columns: dict[str, object] = {f"number_{n}": random.normal(50, 10, ROWS) for n in range(NUMBERS)}
    columns |= {f"whole_{n}": random.integers(0, 1_000, ROWS) for n in range(WHOLES)}
    columns |= {f"text_{n}": random.choice([f"v{i}" for i in range(12)], ROWS) for n in range(TEXTS)}
    columns["flag"] = random.uniform(size=ROWS) < 0.3
    columns["at"] = pd.date_range("2024-01-01", periods=ROWS, freq="s", tz="UTC", unit="us")
    made = pd.DataFrame(columns)
    for n in range(0, NUMBERS, 3):
        made.loc[random.uniform(size=ROWS) < 0.02, f"number_{n}"] = np.nan
    return made


def suite() -> str:
    """61 expectations of eleven types, as the file has them."""
    numbers, wholes = [f"number_{n}" for n in range(NUMBERS)], [f"whole_{n}" for n in range(WHOLES)]
    texts = [f"text_{n}" for n in range(TEXTS)]
    said = [("expect_table_row_count_to_be_between", "min_value: 1000")]
    said += [("expect_column_values_to_not_be_null", f"column: {one}, mostly: 0.9") for one in numbers + wholes + texts]
    said += [(BETWEEN, f"column: {one}, min_value: -50, max_value: 1000, mostly: 0.99") for one in numbers + wholes]
    said += [
        (QUANTILES, f"column: {one}, quantile_ranges: {{quantiles: [0.05, 0.95], value_ranges: [[20, 50], [50, 80]]}}")
        for one in numbers[:8]
    ]
    said += [("expect_column_type_to_be", f"column: {one}, type_: str") for one in texts]
    levels = ", ".join(f"v{n}" for n in range(12))
    said += [("expect_column_values_to_be_in_set", f"column: {one}, value_set: [{levels}]") for one in texts]
    said += [("expect_column_values_to_match_regex", f'column: {one}, regex: "^v[0-9]+$"') for one in texts[:2]]
    said += [
        ("expect_column_mean_to_be_between", f"column: {one}, min_value: 400, max_value: 600") for one in wholes[:3]
    ]
    said += [("expect_column_values_to_be_unique", "column: at"), ("expect_column_to_exist", "column: flag")]
    said += [("expect_column_unique_value_count_to_be_between", f"column: {one}, max_value: 20") for one in texts[:2]]
    said += [("expect_column_pair_values_a_to_be_greater_than_b", "column_A: whole_1, column_B: number_1, mostly: 0.5")]
    assert len(said) == 61, len(said)
    entries = "".join(f"  - type: {kind}\n    kwargs: {{{kwargs}}}\n    severity: warning\n" for kind, kwargs in said)
    return f"name: big\nexpectations:\n{entries}"


BETWEEN = "expect_column_values_to_be_between"
QUANTILES = "expect_column_quantile_values_to_be_between"


def bare(rows: pd.DataFrame, entries: tuple[SuiteEntry, ...]) -> int:
    """The same checks in pandas, without a word about what was found; gives how many hold."""
    return sum(bool(_holds(rows, entry.type, entry.kwargs)) for entry in entries)


def _holds(rows: pd.DataFrame, kind: str, kwargs: dict[str, object]) -> object:
    if kind == "expect_table_row_count_to_be_between":
        return len(rows) >= 1000
    if "pair" in kind:
        return (rows[kwargs["column_A"]] > rows[kwargs["column_B"]]).mean() >= kwargs["mostly"]
    column = rows[kwargs["column"]]
    mostly = kwargs.get("mostly", 1.0)
    checks: dict[str, Callable[[], object]] = {
        "expect_column_values_to_not_be_null": lambda: column.notna().mean() >= mostly,
        BETWEEN: lambda: column.dropna().between(kwargs["min_value"], kwargs["max_value"]).mean() >= mostly,
        QUANTILES: lambda: column.quantile([0.05, 0.95]).between([20, 50], [50, 80]).all(),
        "expect_column_type_to_be": lambda: str(column.dtype) == kwargs["type_"],
        "expect_column_values_to_be_in_set": lambda: column.isin(kwargs["value_set"]).all(),
        "expect_column_values_to_match_regex": lambda: column.str.match(kwargs["regex"]).all(),
        "expect_column_mean_to_be_between": lambda: 400 <= column.mean() <= 600,
        "expect_column_values_to_be_unique": lambda: column.is_unique,
        "expect_column_to_exist": lambda: True,
        "expect_column_unique_value_count_to_be_between": lambda: column.nunique() <= kwargs["max_value"],
    }
    return checks[kind]()


def great_expectations_alone(rows: pd.DataFrame, entries: tuple[SuiteEntry, ...]) -> int:
    """Great Expectations as its own guide has it: an ephemeral context, a frame, a suite, `validate`."""
    import great_expectations
    from great_expectations.expectations.registry import get_expectation_impl

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    made = [get_expectation_impl(entry.type)(**entry.kwargs) for entry in entries]
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    result = batch.validate(great_expectations.ExpectationSuite(name="suite", expectations=made))
    return sum(bool(one.success) for one in result.results)


def main() -> None:
    """Print the seconds, and with ``--write`` keep them in ``results.json``."""
    with tempfile.TemporaryDirectory() as place:
        project = Path(place)
        (project / "usecases" / "big").mkdir(parents=True)
        (project / "usecases" / "big" / "usecase.yaml").write_text(
            "name: big\nsources: {rows: rows.csv}\ntarget: flag\n"
        )
        (project / "expectations").mkdir()
        (project / "expectations" / "big.yaml").write_text(suite())
        use_case, store, rows = load_usecase("big", project), Store(str(project / "lake")), frame()
        snapshot = write_snapshot(store, "big", "labelled", rows)
        entries = load_suite(use_case).entries
        run(entries[:1], rows.head(10))  # the import
        held: dict[str, int] = {}
        seconds: dict[str, list[float]] = {}
        processor: dict[str, list[float]] = {}

        def timed(what: str, act: Callable[[], int]) -> None:
            wall, spent = time.perf_counter(), time.process_time()
            held[what] = act()
            seconds.setdefault(what, []).append(time.perf_counter() - wall)
            processor.setdefault(what, []).append(time.process_time() - spent)

        def ours() -> int:
            found = judge(store, use_case, snapshot, purpose="training", publish=True)
            return sum(one.passed for one in found.results)

        for _ in range(ROUNDS):
            timed("judge", ours)
            timed("great expectations", lambda: great_expectations_alone(rows, entries))
            timed("pandas", lambda: bare(rows, entries))
            raw = store.read_json(f"big/data_docs/{snapshot.id}/validation.json")["results"]
            timed("its page, within judge", lambda raw=raw: len(render_site("big", "", "", raw).html))
    best = {name: round(min(each), 2) for name, each in seconds.items()}
    said = {
        "rows": ROWS,
        "columns": rows.shape[1],
        "expectations": len(entries),
        "held": {name: held[name] for name in ("judge", "great expectations", "pandas")},
        "seconds": best,
        "processor seconds": {name: round(min(each), 2) for name, each in processor.items()},
        "ratio of judge to great expectations": round(best["judge"] / best["great expectations"], 2),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(said, indent=2))
    if "--write" in sys.argv:
        (Path(__file__).parent / "results.json").write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
