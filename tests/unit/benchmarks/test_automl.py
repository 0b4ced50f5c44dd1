"""The AutoML benchmark's arithmetic, and that what is stored is not run again."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.automl import __main__ as automl
from benchmarks.automl import running
from benchmarks.automl.results import Key, Result, append, load
from benchmarks.automl.scoring import score
from benchmarks.automl.sets import DataSet
from benchmarks.automl.table import compare, markdown

TINY = DataSet("tiny", "binary", "late", "tiny", "made here", "none", time="at")


def result(
    contestant: str = "tidemill",
    score: float | None = 0.9,
    *,
    seed: int = 1,
    metric: str = "auc",
    rows: str = "same",
    dataset: str = "adult",
    seconds: float | None = 50.0,
) -> Result:
    return Result(
        dataset=dataset,
        seed=seed,
        budget=60.0,
        contestant=contestant,
        metric=metric,
        score=score,
        seconds=seconds,
        predict_seconds=0.1,
        whole_seconds=400.0,
        memory=100.0,
        detail="",
        rows=rows,
        cores=1,
        measured="2026-01-01T00:00:00+00:00",
    )


def over_seeds(contestant: str, scores: list[float], metric: str = "auc") -> list[Result]:
    return [result(contestant, one, seed=seed, metric=metric) for seed, one in enumerate(scores, start=1)]


class TestCompare:
    def test_a_lead_beyond_its_own_noise_is_better_and_by_an_error_metric_worse(self):
        ours, theirs = [0.90, 0.91, 0.92], [0.88, 0.885, 0.90]
        won = compare(over_seeds("tidemill", ours), over_seeds("flaml", theirs))
        lost = compare(over_seeds("tidemill", ours, "rmse"), over_seeds("flaml", theirs, "rmse"))
        assert won is not None
        assert lost is not None
        assert (won.outcome, lost.outcome) == ("better", "worse")
        assert won.difference == pytest.approx(0.065 / 3)
        assert won.difference == -lost.difference

    def test_a_lead_within_the_standard_error_over_seeds_is_equal(self):
        ours, theirs = [0.95, 0.80, 0.90], [0.85, 0.88, 0.89]
        found = compare(over_seeds("tidemill", ours), over_seeds("flaml", theirs))
        assert found is not None
        assert found.outcome == "equal"
        assert found.noise == pytest.approx(np.std([0.10, -0.08, 0.01], ddof=1) / np.sqrt(3))

    @pytest.mark.parametrize(("lead", "outcome"), [(0.0005, "equal"), (0.0015, "better"), (-0.0015, "worse")])
    def test_with_one_seed_a_thousandth_of_the_score_decides(self, lead: float, outcome: str):
        found = compare([result(score=0.9 + lead)], [result("flaml", 0.9)])
        assert found is not None
        assert found.outcome == outcome

    def test_scores_on_other_rows_or_seeds_are_not_compared(self):
        assert compare([result(rows="a")], [result("flaml", rows="b")]) is None
        assert compare([result(seed=1)], [result("flaml", seed=2)]) is None

    def test_who_failed_on_any_split_has_lost_and_where_both_failed_nothing_is_said(self):
        both = [result(score=0.5), result(score=0.5, seed=2)]
        half = [result("flaml", 0.9), result("flaml", None, seed=2)]
        outcomes = [compare(both, half), compare(half, both), compare([result(score=None)], [result("flaml", None)])]
        assert [one.outcome if one else None for one in outcomes] == ["better", "worse", None]


def test_the_table_counts_sets_seconds_and_failures():
    results = [
        *over_seeds("tidemill", [0.90, 0.91, 0.92]),
        *over_seeds("flaml", [0.88, 0.885, 0.90]),
        result(dataset="ames", metric="rmse", score=25_000.0, seconds=70.0),
        result("flaml", 24_000.0, dataset="ames", metric="rmse"),
        result("flaml", None, dataset="covtype", metric="log_loss", seconds=None),
    ]
    text = markdown({one.key: one for one in results}, ["flaml", "tidemill"])
    assert "| adult | auc ↑ | 0.8883 ± 0.0104 | 0.9100 ± 0.0100 |" in text
    assert "| ames | rmse ↓ | 24,000 (1) | 25,000 (1) |" in text
    assert "| covtype | log_loss ↓ | 1 failed |  |" in text
    assert "| flaml | 1 | 0 | 1 | 2 | ames |" in text
    assert "| flaml | 5 | 1 | 400.0 | covtype | 1 | 100 |" in text
    assert "| tidemill | 4 | 1 | 70.0 | ames | 0 | 100 |" in text


class TestScore:
    def test_scores_are_those_of_the_textbook(self):
        rng = np.random.default_rng(5)
        target, shares = rng.integers(0, 2, 200), rng.random(200).round(1)
        classes, wide = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), 200)
        assert score("auc", target, shares) == pytest.approx(roc_auc_score(target, shares))
        assert score("log_loss", classes, wide) == pytest.approx(log_loss(classes, wide))
        assert score("rmse", np.array([1.0, 2.0]), np.array([1.0, 4.0])) == pytest.approx(np.sqrt(2.0))

    @pytest.mark.parametrize("answers", [[0.1], [0.1, np.nan]])
    def test_answers_that_are_too_few_or_no_numbers_are_refused(self, answers: list[float]):
        with pytest.raises(ValueError, match="answers"):
            score("auc", np.array([0.0, 1.0]), np.array(answers))


class TestResults:
    def test_the_last_line_of_a_key_counts_and_half_a_line_does_not(self, tmp_path: Path):
        append(tmp_path, result(score=0.8))
        append(tmp_path, result(score=0.9))
        append(tmp_path, result("autogluon best", None))
        with (tmp_path / "tidemill.jsonl").open("a") as file:
            file.write(json.dumps(dataclasses.asdict(result(score=0.7)))[:90])
        found = load(tmp_path)
        assert [one.score for one in found.values()] == [None, 0.9]

    def test_what_is_stored_is_not_run_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        append(tmp_path, result(score=0.9))
        ran: list[Key] = []

        def run(_dataset: DataSet, key: Key, _cache: Path, _cores: object) -> Result:
            ran.append(key)
            return result(key.contestant, 0.95, seed=key.seed, dataset=key.dataset)

        monkeypatch.setattr(automl, "run", run)
        asked = ["automl", "--sets", "adult,ames", "--contestants", "tidemill", "--seeds", "1,2"]
        monkeypatch.setattr(sys, "argv", [*asked, "--results", str(tmp_path)])
        for _ in range(2):
            assert automl.main() == 0
        assert [(key.dataset, key.seed) for key in ran] == [("ames", 1), ("adult", 2), ("ames", 2)]
        assert load(tmp_path)[Key("adult", 1, 60.0, "tidemill")].score == 0.9


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with a table of 400 rows in order of time, so that nothing is fetched."""
    rng = np.random.default_rng(3)
    hours = np.arange(400)
    late = rng.random(400) < np.where(hours % 24 < 12, 0.9, 0.1)
    table = pd.DataFrame(
        {
            "row": hours,
            "at": pd.date_range("2026-01-01", periods=400, freq="h"),
            "half": np.where(hours % 24 < 12, "early", "later"),
            "noise": rng.normal(size=400),
            "late": late,
        }
    )
    (tmp_path / "tables").mkdir()
    table.to_parquet(tmp_path / "tables" / "tiny.parquet", index=False)
    return tmp_path


class TestRun:
    def test_contestants_answer_the_same_rows(self, cache: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(running, "STARTING_SECONDS", 600.0)  # however busy the machine is
        cores = running.available_cores()[:1]
        ours, theirs = (
            running.run(TINY, Key("tiny", 1, 4.0, contestant), cache, cores) for contestant in ("tidemill", "defaults")
        )
        assert ours.rows == theirs.rows
        assert ours.cores == 1
        for one in (ours, theirs):
            assert one.score is not None, one.detail
            assert one.memory > 50
            assert one.version
        assert theirs.score > 0.6  # ours hangs on how much a busy machine does in its seconds
        gate = pd.read_parquet(cache / "rows" / "tiny-1" / "gate.parquet")
        assert len(gate) == 80
        assert gate["at"].min() > pd.read_parquet(cache / "rows" / "tiny-1" / "train.parquet")["at"].max()

    def test_a_contestant_that_fails_is_a_result_with_the_reason(self, cache: Path):
        folder = running.prepare(TINY, 1, cache)
        (folder / "train.parquet").write_bytes(b"no table")
        found = running.run(TINY, Key("tiny", 1, 60.0, "defaults"), cache, running.available_cores())
        assert found.score is None
        assert "exit status 1" in found.detail
        assert "arquet" in found.detail

    def test_one_that_takes_far_too_long_is_ended(self, cache: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(running, "STARTING_SECONDS", 0.0)
        found = running.run(TINY, Key("tiny", 1, 0.1, "defaults"), cache, running.available_cores())
        assert found.score is None
        assert found.detail == "not done after 5 times the budget"
