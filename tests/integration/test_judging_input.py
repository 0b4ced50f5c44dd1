"""One suite for all: written by `tidemill init`, it judges training, scoring input and a log of requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.commands import Run, run
from tidemill.store import Store

__all__ = ["run"]

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]
Change = Callable[[pd.DataFrame], pd.DataFrame]


def visits(rows: int, seed: int) -> pd.DataFrame:
    """Visits to a shop; `paid` is known only after the event, and gives the target away."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "visit": [f"V{seed}-{number:05}" for number in range(rows)],
            "at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "age": random.integers(18, 80, rows),
            "basket": np.round(random.gamma(3, 20, rows), 2),
            "region": random.choice(["north", "south", "east"], rows),
            "code": random.choice(["11", "12", "A7"], rows),
        }
    )
    odds = np.where((frame["age"] > 49) == (frame["basket"] > 54), 2.0, -2.0)
    frame["bought"] = np.where(random.uniform(size=rows) < 1 / (1 + np.exp(-odds)), "yes", "no")
    frame["paid"] = np.where(frame["bought"] == "yes", frame["basket"], 0.0)
    return frame


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visits")
    (folder / "usecases").mkdir()
    visits(1_500, 1).to_csv(folder / "visits.csv", index=False)
    return folder


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    for name in ("TIDEMILL_PROJECT", "TIDEMILL_LAKE"):
        monkeypatch.delenv(name, raising=False)
    return project


@pytest.fixture
def trained(here: Path, run: Run) -> Path:
    if not (here / "usecases" / "visits").exists():
        roles = ("--target", "bought", "--time", "at", "--id", "visit")
        made = run("init", "visits", "--source", "visits.csv", *roles)
        assert made.status == 0, made.err
        file = here / "usecases" / "visits" / "usecase.yaml"
        file.write_text(file.read_text().replace("tune:\n", "tune:\n  trials: 2\n") + "\nevaluate: {resamples: 100}\n")
        said = run("train", "visits", "--json")
        assert said.status == 0, said.err
        assert "paid" in said.json["excluded"]
    return here


def asked(frame: pd.DataFrame) -> pd.DataFrame:
    """What is known when a model is asked."""
    return frame.drop(columns=["bought", "paid"])


def documents(url: str) -> str:
    return Path(url.removeprefix("file://")).read_text()


def linked(key: str) -> str:
    """What the newest artifact of this key shows in the Prefect UI."""
    from prefect.artifacts import Artifact

    found = Artifact.get(key)
    assert found is not None
    return str(found.data)


def test_input_like_the_training_rows_is_scored_without_a_word(trained: Path, run: Run) -> None:
    asked(visits(400, 2)).to_csv(trained / "in.csv", index=False)
    said = run("predict", "visits", "--input", "in.csv", "--output", "out.parquet", "--json")
    assert said.status == 0, said.err
    assert said.json["warnings"] == []
    page = documents(said.json["data_docs"])
    assert "Every expectation held." in page
    assert "great_expectations.html" in page
    assert len(pd.read_parquet(trained / "out.parquet")) == 400


def test_a_few_rows_as_json_lines_and_without_an_id_are_scored_too(trained: Path, run: Run) -> None:
    frame = asked(visits(5, 3)).drop(columns="visit").assign(code="11", age=[30, 31, 32, 33.5, 35])
    frame.to_json(trained / "few.jsonl", orient="records", lines=True, date_format="iso")
    said = run("predict", "visits", "--input", "few.jsonl", "--output", "few.parquet", "--json")
    assert said.status == 0, said.err
    assert [one.partition(":")[0] for one in said.json["warnings"]] == ["`age`"]  # not whole


def test_a_unit_that_changed_is_a_warning_and_in_the_answer(trained: Path, run: Run) -> None:
    asked(visits(400, 4)).assign(basket=lambda rows: rows["basket"] * 100).to_csv(trained / "cents.csv", index=False)
    said = run("predict", "visits", "--input", "cents.csv", "--output", "cents.parquet")
    assert said.status == 0, said.err
    assert "warning: `basket`: expected that values are between" in said.out
    assert "Data Docs: " in said.out


def test_what_is_critical_stops_scoring_with_status_3_and_says_where_it_is_shown(trained: Path, run: Run) -> None:
    asked(visits(400, 5)).assign(visit="V1").to_csv(trained / "same.csv", index=False)
    before = set(Store(str(trained / "lake")).list("visits/predictions"))
    said = run("predict", "visits", "--input", "same.csv", "--output", "same.parquet", "--json")
    assert said.status == 3, said.err
    error = said.json["error"]
    assert "was refused before scoring: `visit`: expected that no value comes twice" in error["message"]
    assert error["data_docs"] in error["message"]
    assert "1 critical expectation did not hold" in documents(error["data_docs"])
    assert error["data_docs"] in linked("visits-scoring-data-docs")
    assert not (trained / "same.parquet").exists()
    assert set(Store(str(trained / "lake")).list("visits/predictions")) == before


@pytest.mark.parametrize(
    ("change", "alarmed"),
    [
        (lambda rows: rows, set()),
        (lambda rows: rows.assign(region="nowhere"), {"region"}),
        (lambda rows: rows.assign(age=rows["age"] * 12), {"age"}),
    ],
)
def test_a_log_of_requests_is_watched_by_the_same_suite(
    trained: Path, run: Run, change: Change, alarmed: set[str]
) -> None:
    log = change(asked(visits(600, 6)).drop(columns="visit").assign(at=lambda rows: rows["at"] + pd.Timedelta(days=70)))
    log.to_json(trained / "log.jsonl", orient="records", lines=True, date_format="iso")
    said = run("monitor", "visits", "--input", "log.jsonl", "--json")
    assert said.status == 0, said.err
    alarms: list[dict[str, Any]] = said.json["alarms"]
    suite = {column for one in alarms if "expected that" in one["what"] for column in one["columns"]}
    assert suite == alarmed


def test_a_refused_training_shows_its_data_docs(trained: Path, run: Run) -> None:
    suite = trained / "expectations" / "visits.yaml"
    kept = suite.read_text()
    least = "  - type: expect_table_row_count_to_be_between\n    kwargs: {min_value: 9000}\n"
    suite.write_text(kept.replace("expectations:\n", f"expectations:\n{least}", 1))
    try:
        said = run("train", "visits", "--json")
    finally:
        suite.write_text(kept)
    assert said.status == 3, said.err
    assert "refused before training" in said.json["error"]["message"]
    assert "the number of rows is at least 9000" in documents(said.json["error"]["data_docs"])
    assert said.json["error"]["data_docs"] in linked("visits-data-docs")
