"""What drives a model, looked at again: pairs that act together, columns that are shuffled, and columns left out."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.judged import Judged, judged
from tidemill.evaluation import Evidence, load_evidence
from tidemill.evaluation.counterchecks import left_out, looked_at, shuffled, taken
from tidemill.evaluation.evidence import Shuffled
from tidemill.evaluation.explaining import two_way
from tidemill.evaluation.field import Field, Racer
from tidemill.evaluation.masking import masked_two_way
from tidemill.learning import interacting
from tidemill.learning.leaving_out import Refitting
from tidemill.learning.model import Model
from tidemill.learning.orders import Lists
from tidemill.learning.queries import Queries
from tidemill.reporting.drivers import what_drives_it
from tidemill.reporting.material import gather
from tidemill.reporting.page import Figure, Figures, Notice
from tidemill.results import Interval


@cache
def evidence() -> Evidence:
    one = judged("binary")
    return load_evidence(one.store, one.version.lineage.evaluation.key)


@cache
def model() -> Model:
    one = judged("binary")
    return Model.load(one.store, one.version.lineage.model)


def field(one: Judged) -> Field:
    answers = model().probabilities(one.world.gate)[:, 1]
    target = one.world.gate["bought"].to_numpy(dtype=np.float64)
    return Field("binary", "auc", target, (Racer("this model", "challenger", answers, 0.5),))


def test_the_pair_that_the_target_hangs_on_is_found_and_drawn() -> None:
    found = evidence()
    assert set(found.interactions[0].columns) <= {"age", "amount", "per_year"}
    assert [one.mean for one in found.interactions] == sorted((one.mean for one in found.interactions), reverse=True)
    assert (found.interaction_rows or 0) >= interacting.FEWEST_ROWS
    shown = found.two_way[0]
    assert {shown.x, shown.by} == set(found.interactions[0].columns)
    few, many = shown.sides[0].pieces, shown.sides[-1].pieces
    assert abs((many[-1].mean - many[0].mean) - (few[-1].mean - few[0].mean)) > 0.5


def test_interactions_do_not_go_beyond_what_they_may_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = model().matrix(judged("binary").world.gate)
    dear = sum(interacting.tree_cost(booster, matrix.shape[1]) for booster in model().ensemble.boosters)
    monkeypatch.setattr(interacting, "FEWEST_ROUNDS", 1)
    monkeypatch.setattr(interacting, "FEWEST_ROWS", 4)
    monkeypatch.setattr(interacting, "MOST_COST", 4.5 * dear)
    whole = model().interactions(matrix)
    assert whole is not None
    assert (whole.share, whole.rows) == (1.0, 4)
    monkeypatch.setattr(interacting, "MOST_COST", dear)
    some = model().interactions(matrix)
    assert some is not None
    assert 0 < some.share < 1.0
    assert some.rows == 4
    monkeypatch.setattr(interacting, "FEWEST_ROUNDS", 10_000)
    monkeypatch.setattr(interacting, "MOST_COST", 1.0)
    assert model().interactions(matrix) is None


def test_shuffling_hurts_where_the_answer_lies_and_nowhere_else() -> None:
    losses = {one.columns: one.loss for one in evidence().shuffled}
    for column in ("age", "amount"):
        assert losses[column,].low > 0.03
    assert losses["noise",].low < 0.01
    assert [loss.value for loss in losses.values()] == sorted((loss.value for loss in losses.values()), reverse=True)


def test_columns_that_repeat_each_other_are_shuffled_together() -> None:
    one = judged("binary")
    recipe = model().description.recipe
    matrix = model().matrix(one.world.gate)
    at = {feature.name: place for place, feature in enumerate(recipe.features)}
    matrix[:, at["noise"]] = -3.0 * matrix[:, at["age"]] ** 2
    found = shuffled(one.use_case, model(), field(one), matrix, ["age", "noise", "amount"])
    assert {frozenset(unit.columns) for unit in found} == {frozenset({"age", "noise"}), frozenset({"amount"})}


def test_what_loses_nothing_is_left_out_and_the_loss_is_told() -> None:
    one = judged("binary")
    lineage = one.version.lineage
    matrix, own = model().matrix(one.world.gate), field(one)
    refitting = Refitting(one.store, one.use_case, lineage.labelled, lineage.split, {"note": "free text"})
    found = [loss("age", 0.1), loss("amount", 0.1), loss("noise", -0.1), loss("shop", -0.1)]
    idle = left_out(one.use_case, model(), own, matrix, found, refitting)
    assert idle is not None
    assert idle.columns == ("noise", "shop")
    assert idle.rows == lineage.split.train.rows
    assert idle.loss.low <= idle.loss.value <= idle.loss.high
    assert abs(idle.loss.value) < 0.1
    dear = left_out(
        one.use_case, model(), own, matrix, [loss("age", -0.1), loss("amount", -0.1), loss("noise", 1)], refitting
    )
    assert dear is not None
    assert dear.loss.low > 0.05
    assert left_out(one.use_case, model(), own, matrix, [loss("age", -1), loss("noise", -1)], refitting) is None
    assert left_out(one.use_case, model(), own, matrix, [loss("age", 1), loss("noise", 1)], refitting) is None
    series = replace(refitting, labelled=lineage.labelled.model_copy(update={"task": "ranking"}))
    assert left_out(one.use_case, model(), own, matrix, found, series) is None


def loss(column: str, low: float) -> Shuffled:
    return Shuffled(columns=(column,), loss=Interval(name="auc", value=low + 0.05, low=low, high=low + 0.1))


def test_of_lists_whole_ones_are_looked_at() -> None:
    codes = np.repeat(np.arange(300), 40)
    lists = Lists(Queries(codes), "linear")
    target = np.zeros(len(codes))
    many = Field("ranking", "ndcg", target, (Racer("this model", "challenger", target),), lists=lists)
    rows = looked_at(model(), many, 8, 1)
    assert len(rows) < len(codes)
    kept, counts = np.unique(codes[rows], return_counts=True)
    assert (counts == 40).all()
    own = taken(many, rows)
    assert own.lists is not None
    assert own.lists.queries.count == len(kept)


def test_sides_of_personal_columns_are_not_named() -> None:
    frame = pd.DataFrame({"name": ["Siti Rahma"] * 30 + ["Budi"] * 30, "age": np.arange(60)})
    moved = pd.DataFrame({"name": np.zeros(60), "age": np.linspace(-1, 1, 60)})
    found = two_way(moved, frame, ("name", "age"), {"name": "category", "age": "number"})
    assert found is not None
    assert [side.label for side in found.sides] == ["Siti Rahma", "Budi"]
    (shown,) = masked_two_way([found], {"name": "name"})
    assert [side.label for side in shown.sides] == ["S. R. (1)", "B. (2)"]


def test_the_report_tells_of_it() -> None:
    one = judged("binary")
    material = gather(one.store, one.use_case, one.version, one.decision, one.seconds)
    blocks = what_drives_it(material).blocks
    titles = [figure.title for block in blocks if isinstance(block, Figures) for figure in block.figures]
    titles += [block.title for block in blocks if isinstance(block, Figure)]
    assert "What the model loses without a column" in titles
    assert "Which columns act together" in titles
    notices = [block for block in blocks if isinstance(block, Notice)]
    assert bool(notices) == (material.evidence.left_out is not None)
    wide = replace(material, evidence=material.evidence.model_copy(update={"interaction_rows": 0, "interactions": ()}))
    assert "it would take too long" in str(what_drives_it(wide).blocks)
