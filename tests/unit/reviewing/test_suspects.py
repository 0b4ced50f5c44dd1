from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.learning.world import Task, make_use_case, make_world
from tests.unit.reviewing.conftest import Reviewed, planted
from tidemill.errors import UserError
from tidemill.learning.crossing import _parts, out_of_fold
from tidemill.learning.model import Model
from tidemill.results import Split
from tidemill.reviewing import suspects as module
from tidemill.reviewing.suspects import Suspects, judge_labels, suspects, unsureness
from tidemill.store import Store


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_wrong_labels_rank_far_above_chance(task: Task) -> None:
    made = planted(task)
    found = suspects(made.store, made.use_case, made.version).result
    rows = found.rows.read(made.store)
    top = rows.loc[rows["_review_why"] == "suspect", "row"].head(20)
    hits = top.isin(made.wrong).mean()
    assert hits > 6 * len(made.wrong) / found.looked_at
    assert found.looked_at == found.of == 900
    assert found.flagged >= 20
    doubts = rows.loc[rows["_review_why"] == "suspect", "_review_doubt"]
    assert doubts.is_monotonic_decreasing


def test_the_lake_remembers_what_was_found_of_a_version(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planted("binary").copy("suspects-once")
    first = suspects(made.store, made.use_case, made.version)
    monkeypatch.setattr(module, "_ranked", None)
    again = suspects(made.store, made.use_case, made.version)
    assert again.reused
    assert again.result == first.result
    stored = made.store.read_json(f"toy/suspects/{made.version.version}.json")
    assert stored["format"] == 1
    assert Suspects.model_validate(stored) == first.result


def test_many_rows_are_sampled_with_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 400)
    made = [planted("binary").copy(f"suspects-sampled-{turn}") for turn in range(2)]
    first, again = (suspects(one.store, one.use_case, one.version).result for one in made)
    assert (first.looked_at, first.of) == (400, 900)
    assert first.rows == again.rows


@pytest.mark.parametrize("by", ["time", "group"])
def test_what_belongs_together_is_judged_by_boosters_that_saw_nothing_of_it(by: str) -> None:
    """A target that only names each row's stretch of time, or its group, can be told from rows beside it alone."""
    made = planted("regression")
    use_case = made.use_case.model_copy(update={"group": "shop"})
    model = Model.load(made.store, made.version.model)
    frame = made.version.lineage.labelled.snapshot.read(made.store)
    together = frame["shop"] if by == "group" else frame["at"].dt.floor("8D")
    frame["bought"] = np.random.default_rng(1).normal(size=together.nunique())[together.factorize()[0]] * 100.0

    def told(by: str) -> float:
        split = made.version.lineage.split.model_copy(update={"by": by})
        said = out_of_fold(made.store, use_case, frame, model, made.version.lineage.study, split)
        assert said.shape == (900,)
        return float(np.corrcoef(said, frame["bought"])[0, 1])

    assert told("random") > 0.85
    assert told(by) < 0.6


@given(st.integers(0, 2**32 - 1))
def test_verdicts_are_places_of_rows_worst_first(seed: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet([0.4, 0.4, 0.4], 60)
    target = random.integers(0, 3, 60).astype(float)
    found = judge_labels("multiclass", target, shares)
    assert len(set(found.suspects.tolist())) == len(found.suspects) <= 60
    doubts = found.doubt[found.suspects]
    assert (np.diff(doubts) <= 1e-9).all()
    assert ((found.doubt >= 0) & (found.doubt <= 1)).all()


def test_a_class_that_no_row_has_is_no_trouble() -> None:
    shares = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.9, 0.05, 0.05], [0.9, 0.0, 0.1]])
    found = judge_labels("multiclass", np.array([0.0, 2.0, 0.0, 2.0]), shares)
    assert found.doubt.argmax() == 3


@pytest.mark.parametrize(("target", "said"), [([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]), ([1.0, 1.0, 50.0], [1.0, 1.0, 1.0])])
def test_numbers_that_are_hit_exactly_divide_nothing_by_zero(target: list[float], said: list[float]) -> None:
    found = judge_labels("regression", np.array(target), np.array(said))
    assert np.isfinite(found.doubt).all()
    assert found.doubt.argmax() == (2 if target[2] == 50.0 else 0)


def test_unsure_is_near_the_threshold_or_spread_over_classes() -> None:
    share = np.array([0.0, 0.1, 0.2, 0.6, 1.0])
    doubt = unsureness(np.column_stack([1 - share, share]), 0.2)
    assert doubt.tolist() == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0])
    assert unsureness(np.array([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]), None).tolist() == pytest.approx([1.0, 0.0])


def test_without_cleanlab_the_mend_is_told(reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *more: Any, **given: Any) -> Any:
        if name.startswith("cleanlab"):
            raise ImportError(name)
        return real(name, *more, **given)

    made = reviewed.copy("suspects-without")
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UserError, match=r"pip install 'tidemill\[labels\]'"):
        suspects(made.store, made.use_case, made.version)


def test_a_class_of_one_row_is_told(memory: Store) -> None:
    frame = make_world(memory).labelled.snapshot.read(memory)
    classes = np.zeros(len(frame), dtype=np.int64)
    classes[3] = 1
    split = Split.model_construct(by="time")
    with pytest.raises(UserError, match="single row"):
        _parts(frame, make_use_case(), split, classes)
