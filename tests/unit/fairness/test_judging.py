"""Groups of a model that was really trained: found in columns that it does not read, judged, told in the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.judged import Judged, make_judged
from tests.unit.data.cases import case, labelled_of
from tests.unit.data.test_splitting import frame_of
from tidemill.errors import UserError
from tidemill.evaluation import load_evidence
from tidemill.evaluation.field import Field, Racer
from tidemill.fairness.findings import findings
from tidemill.fairness.judging import judge
from tidemill.fairness.records import Fairness
from tidemill.learning.model import Model
from tidemill.reporting.fairness import how_groups_fare
from tidemill.reporting.material import gather
from tidemill.reporting.page import Figures
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase.fairness import FairnessRules

RULES = {
    "groups": ["region", "shop", "age", "copy"],
    "bands": {"age": [30, 50], "copy": [30, 50]},
    "limits": {"selection_rate": 0.02, "tpr": 0.5},
    "beyond": "refuse",
    "minimum_rows": 20,
}


@pytest.fixture(scope="module")
def one() -> Judged:
    """The model reads neither the region, nor the shop, nor the copy of the age."""
    store = Store("memory://fair")
    return make_judged(store, fairness=RULES, columns={"ignore": ["region"], "forbid": ["shop"]})


def fairness(one: Judged) -> Fairness:
    found = load_evidence(one.store, one.version.lineage.evaluation.key).fairness
    assert found is not None
    return found


def again(one: Judged, masked: dict[str, str] | None = None, **rules: object) -> Fairness:
    """The same model's groups, by other rules."""
    frame = one.world.gate.drop(columns="bought")
    model = Model.load(one.store, one.version.lineage.model)
    racer = Racer("this model", "challenger", model.probabilities(frame)[:, 1], model.threshold or 0.5)
    field = Field("binary", "auc", one.world.gate["bought"].to_numpy(dtype=np.float64), (racer,))
    use_case = one.use_case.model_copy(update={"fairness": FairnessRules.model_validate(rules)})
    found = judge(use_case, model, field, frame, masked or {})
    assert found is not None
    return found


def test_columns_that_the_model_does_not_read_are_there_to_judge_by(one: Judged) -> None:
    by = {column.column: column for column in fairness(one).columns}
    assert {name: column.read for name, column in by.items()} == {
        "region": False,
        "shop": False,
        "age": True,
        "copy": False,
    }
    assert {group.value for group in by["region"].groups} == {"north", "south", "east", "west", "missing"}
    assert sum(group.rows for group in by["shop"].groups) == len(one.world.gate)
    model = Model.load(one.store, one.version.lineage.model)
    said = model.probabilities(one.world.gate)[:, 1] >= (model.threshold or 0.5)
    north = next(group for group in by["region"].groups if group.value == "north")
    rate = next(rate for rate in north.rates if rate.measure == "selection_rate")
    assert rate.value == pytest.approx(said[one.world.gate["region"] == "north"].mean())


def test_a_gap_beyond_its_limit_refuses_with_the_group_and_the_numbers(one: Judged) -> None:
    evaluation = one.version.lineage.evaluation
    told = [finding for finding in evaluation.findings if finding.rule == "fairness"]
    assert any(finding.verdict == "fail" for finding in told)
    assert not evaluation.passed
    beyond = [gap for column in fairness(one).columns for gap in column.gaps if gap.verdict == "beyond" and gap.limit]
    assert beyond
    for gap in beyond:
        assert gap.size.low > 0.02
        assert any(gap.high_group in reason and gap.low_group in reason for reason in evaluation.reasons)


def test_as_a_report_the_same_gap_is_a_note(one: Judged) -> None:
    told = findings(again(one, **{**RULES, "beyond": "report"}), "yes")
    assert {finding.verdict for finding in told} == {"note"}


def test_limits_that_could_not_be_judged_are_told(one: Judged) -> None:
    told = findings(again(one, groups=["region"], limits={"tpr": 0.1}, beyond="refuse", minimum_rows=5000), "yes")
    assert [finding.said.english for finding in told] == [
        "the groups of `region` could not be compared by `tpr`: fewer than two of them have 5,000 gate rows to judge by"
    ]
    assert told[0].verdict == "note"


def test_what_tells_a_group_is_named(one: Judged) -> None:
    by = {column.column: column for column in fairness(one).columns}
    stand_in = by["copy"].proxies[0]
    assert stand_in.column == "age"
    assert stand_in.auc > 0.95
    assert by["copy"].together == pytest.approx(1.0, abs=0.05)
    assert not by["copy"].read
    assert all(proxy.column != "age" for proxy in by["age"].proxies)
    assert not by["region"].proxies


def test_a_personal_column_is_shown_by_its_frequent_values_alone(one: Judged) -> None:
    (shop,) = again(one, {"shop": "name"}, **{**RULES, "groups": ["shop"], "bands": {}}).columns
    assert all(group.rows >= 20 for group in shop.groups[:-1])
    assert "other values" in shop.groups[-1].value


def test_the_section_of_the_report(one: Judged) -> None:
    material = gather(one.store, one.use_case, one.version, one.decision, one.seconds)
    found = fairness(one)
    copy = found.model_copy(update={"columns": found.columns[-1:]})
    material = replace(material, evidence=material.evidence.model_copy(update={"fairness": copy}))
    section = how_groups_fare(material)
    assert section is not None
    assert "farther apart than allowed" in section.lead
    figures = [figure for block in section.blocks if isinstance(block, Figures) for figure in block.figures]
    assert any("Of the rows that are `yes`" in figure.words for figure in figures)
    assert [figure.title for figure in figures][-1] == "What tells `copy`"
    without = replace(material, evidence=material.evidence.model_copy(update={"fairness": None}))
    assert how_groups_fare(without) is None


def test_no_groups_no_findings() -> None:
    assert findings(None, "yes") == ()


def test_a_column_that_is_not_there_and_a_limit_that_does_not_fit_are_named_at_the_split(
    tmp_path: object, memory: Store
) -> None:
    frame = frame_of(200, sex=np.where(np.arange(200) % 3, "f", "m"))
    for text, task, message in (
        ("fairness: {groups: [sxe]}\n", "binary", r"fairness\.groups: there is no column `sxe`.*did you mean `sex`"),
        (
            "fairness: {groups: [sex], limits: {tpr: 0.1}}\n",
            "regression",
            r"fairness\.limits\.tpr: it is not measured for the task regression, but `calibration`, `error`",
        ),
    ):
        labelled = labelled_of(memory, frame, task)
        with pytest.raises(UserError, match=message):
            split(memory, case(tmp_path, text), labelled, labelled.snapshot)  # type: ignore[arg-type]
