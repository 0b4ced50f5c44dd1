"""The page for those who decide: in plain words, for a round number of cases, in any language."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judged import Judged, judged
from tests.unit.learning.world import LABELS, Task
from tests.unit.reporting.test_training_report import words
from tidemill.evaluation import load_evidence
from tidemill.evaluation.evidence import Binary
from tidemill.registry import Registry
from tidemill.reporting.cases import cost_words, thousand
from tidemill.reporting.language import speaking
from tidemill.reporting.material import Material, gather
from tidemill.reporting.training import decider_page
from tidemill.results import Interval
from tidemill.usecase.tuning import CostRules

JARGON = r"(?i)\b(AUC|ROC|RMSE|R²|log.?loss|precision|recall|F1|MAE|NDCG|bootstrap|hyperparam\w*|calibration)\b"


def summary(one: Judged, language: str = "en") -> str:
    """The page's words, without the other pages, whose charts take long (tests of the reports write them all)."""
    with speaking(language):
        return words(decider_page(material(one)))


def deciding(one: Judged, action: str, **version: object) -> Judged:
    decision = one.decision.model_copy(update={"action": action, "promoted": action == "promote"})
    return replace(one, decision=decision, version=one.version.model_copy(update=version))


def material(one: Judged) -> Material:
    return gather(one.store, one.use_case, one.version, one.decision, one.seconds)


@pytest.mark.parametrize("task", LABELS)
def test_it_says_what_is_needed_without_jargon(task: Task) -> None:
    text = summary(judged(task))
    for title in (
        "How often is it right?",
        "What do its errors cost?",
        "Is it better than what there is?",
        "Who may be served worse?",
        "What could go wrong?",
        "What was decided, and what is asked of you?",
    ):
        assert title in text
    assert re.findall(JARGON, text) == []
    assert "Always the same answer" in text
    assert "None" not in text


@pytest.mark.parametrize("task", LABELS)
def test_the_indonesian_page_holds_no_english(task: Task) -> None:
    text = summary(judged(task), "id")
    assert "Seberapa sering jawabannya benar?" in text
    assert re.findall(r"(?i)\b(the|of|and|is|was|were|it|not|with|for|than|that)\b", text) == []
    assert re.search(r"\d,\d", text)


def test_the_numbers_are_those_of_the_gate_rows() -> None:
    one = judged("binary")
    text = summary(one)
    binary = load_evidence(one.store, one.version.lineage.evaluation.key).binary
    assert binary is not None
    told = thousand(binary)
    assert f"Of 1,000 cases, {told.positives} turn out" in text
    assert f"The model flags {told.flagged} , and {told.found} of those are right" in text
    assert f"It misses {told.missed} that it should have flagged, and raises {told.false_alarms} false alarms" in text


@given(st.tuples(*[st.integers(0, 10**7)] * 4).filter(lambda cells: sum(cells) > 0))
def test_a_thousand_is_a_thousand(cells: tuple[int, int, int, int]) -> None:
    left_alone, false_alarms, missed, found = cells
    told = thousand(Binary.model_construct(confusion=((left_alone, false_alarms), (missed, found))))
    parts = (told.left_alone, told.false_alarms, told.missed, told.found)
    assert sum(parts) == told.cases
    assert told.cases in (10**power for power in range(3, 7))
    assert all(abs(part - told.cases * cell / sum(cells)) <= 1 for part, cell in zip(parts, cells, strict=True))
    assert told.cases == 1_000_000 or told.positives >= 4 or not found + missed


def test_costs_are_told_in_the_use_case_s_own() -> None:
    found = material(judged("binary"))
    assert "Nobody has said what an error costs." in cost_words(found)
    rules = CostRules.model_validate({"costs": {"false_positive": 2, "false_negative": 50}})
    tune = found.use_case.tune.model_copy(update={"threshold": rules})
    named = {"as the model decides": 1.5, "never flagged": 8.0, "always flagged": 1.7}
    costs = tuple(Interval(name=name, value=value, low=value, high=value) for name, value in named.items())
    binary = found.evidence.binary
    assert binary is not None
    evidence = found.evidence.model_copy(update={"binary": binary.model_copy(update={"costs": costs})})
    priced = replace(found, use_case=found.use_case.model_copy(update={"tune": tune}), evidence=evidence)
    assert cost_words(priced) == (
        "The owner says that a miss costs 50 and a false alarm 2. With this model 1,000 cases cost **1500**; "
        "if none were flagged 8000, and if all were 1700."
    )


def test_who_decides_is_asked_by_name() -> None:
    one = judged("binary")
    waits = summary(deciding(one, "wait"))
    assert "Waits for you" in waits
    assert f"tidemill approve toy {one.version.version}" in waits
    assert "tidemill rollback toy" in summary(deciding(one, "promote"))
    refused = summary(deciding(one, "refuse", version="20240101-refused1"))
    assert "Not in use The model does not meet the rules" in refused
    assert "tidemill promote toy 20240101-refused1" in refused


def test_who_decided_is_read_from_the_ledger() -> None:
    one = judged("binary")
    entry = Registry(one.store, "toy").ledger()[0]
    named = replace(one, decision=one.decision.model_copy(update={"entry": f"{entry.number:08d}"}))
    assert f"The training was started by {entry.who}, and ended on" in summary(named)
