from __future__ import annotations

import pytest

from tests.lineage import made_up_balance, made_up_lineage
from tidemill.gate import decide, objections
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Baseline, Evaluation, Interval
from tidemill.store import Store
from tidemill.usecase.schema import GateRules, UseCase

CONSTANT = Baseline(name="constant", value=0.5, difference=Interval(name="auc", value=0.2, low=0.19, high=0.21))


def against(value: float, low: float, high: float, name: str = "XGBoost defaults") -> Baseline:
    lead = Interval(name="auc", value=value, low=low, high=high)
    return Baseline(name=name, value=0.7 - value, difference=lead)


def evaluation(reasons: tuple[str, ...] = (), champion: Baseline | None = None) -> Evaluation:
    metric = Interval(name="auc", value=0.7, low=0.69, high=0.71)
    return Evaluation(
        subject="0123456789abcdef",
        passed=not reasons,
        reasons=reasons,
        metric=metric,
        metrics=(metric,),
        baselines=(CONSTANT, against(0.05, 0.03, 0.07)),
        champion=champion,
        rows=28_635,
        key="toy/evaluations/1.json",
    )


def use_case(**gate: object) -> UseCase:
    return UseCase.model_validate(
        {"name": "toy", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "bought"}, "gate": gate}
    )


@pytest.fixture
def champion(memory: Store) -> ModelVersion:
    return Registry(memory, "toy").register(made_up_lineage(), made_up_balance(), {})


@pytest.mark.parametrize(
    ("lead", "margin", "said"),
    [
        ((0.05, 0.03, 0.07), 0.0, None),
        ((0.05, 0.03, 0.07), 0.05, None),
        ((0.05, 0.03, 0.07), 0.06, "it is better than XGBoost defaults by only 0.0500 AUC, and 0.06 is asked for"),
        ((-0.02, -0.03, -0.01), 0.0, "it is worse than XGBoost defaults by 0.0200 AUC"),
        ((0.01, -0.002, 0.03), 0.0, None),
    ],
)
def test_a_baseline_must_be_beaten_by_the_margin(
    lead: tuple[float, float, float], margin: float, said: str | None
) -> None:
    found = objections(GateRules(margin=margin), [CONSTANT, against(*lead)], None)
    assert len(found) == (0 if said is None else 1), found
    assert said is None or found[0].startswith(said)


@pytest.mark.parametrize(("lead", "interval"), [((0.01, -0.002, 0.03), "-0.0020 to +0.0300"), ((0.0, 0.0, 0.0), "+0.0000 to +0.0000")])  # fmt: skip
def test_constant_and_champion_must_be_beaten_by_more_than_chance(
    lead: tuple[float, float, float], interval: str
) -> None:
    said = f"{lead[0]:+.4f} AUC, may be chance: the interval goes from {interval}"
    assert objections(GateRules(), [against(*lead, "constant")], None) == (f"its difference from constant, {said}",)
    champion = against(*lead, "20260101-abcdef01")
    told = objections(GateRules(), [CONSTANT], champion)
    assert told == (f"its difference from the champion 20260101-abcdef01, {said}",)


def test_the_champion_has_its_own_margin() -> None:
    lead = against(0.004, 0.001, 0.007, "20260101-abcdef01")
    assert not objections(GateRules(margin=0.01, champion_margin=0.002), [CONSTANT], lead)
    told = objections(GateRules(champion_margin=0.005), [CONSTANT], lead)
    assert told == (
        "it is better than the champion 20260101-abcdef01 by only 0.0040 AUC, and 0.005 is asked for",
    )  # fmt: skip


def test_a_negative_margin_asks_not_to_be_much_worse() -> None:
    rules = GateRules(champion_margin=-0.01)
    assert not objections(rules, [CONSTANT], against(-0.001, -0.004, 0.002))
    assert objections(rules, [CONSTANT], against(-0.001, -0.02, 0.02))


def test_what_could_not_be_compared_is_an_objection() -> None:
    assert objections(GateRules(), [CONSTANT], None, "it has seen the rows") == ("it has seen the rows",)


def test_the_sentence_says_how_much_better() -> None:
    action, sentence = decide(use_case(), evaluation(), None)
    assert action == "promote"
    assert sentence == (
        "Promoted: on 28,635 gate rows its AUC is 0.7000 (0.6900 to 0.7100), better by 0.0500 (0.0300 to 0.0700) "
        "than the best baseline, XGBoost defaults."
    )


def test_the_sentence_owns_up_to_chance() -> None:
    near = evaluation().model_copy(update={"baselines": (CONSTANT, against(0.01, -0.002, 0.03))})
    action, sentence = decide(use_case(), near, None)
    assert action == "promote"
    assert sentence.endswith("than the best baseline, XGBoost defaults, which may be chance.")


def test_manual_approval_waits() -> None:
    action, sentence = decide(use_case(approval="manual"), evaluation(), None)
    assert action == "wait"
    assert sentence.startswith("Waits for approval: on 28,635 gate rows")


def test_reasons_refuse_also_where_a_person_would_approve() -> None:
    action, sentence = decide(use_case(approval="manual"), evaluation(("it is worse than constant by 0.1 AUC",)), None)
    assert (action, sentence) == ("refuse", "Refused: it is worse than constant by 0.1 AUC.")


def test_the_champion_is_named(champion: ModelVersion) -> None:
    lead = against(0.01, 0.004, 0.016, champion.version)
    action, sentence = decide(use_case(), evaluation(champion=lead), champion)
    assert action == "promote"
    assert sentence.endswith(f"better by 0.0100 (+0.0040 to +0.0160) than the champion {champion.version}.")


def test_a_champion_that_came_in_between_refuses(champion: ModelVersion) -> None:
    action, sentence = decide(use_case(), evaluation(), champion)
    assert action == "refuse"
    assert f"{champion.version} became the champion after this model was compared with no champion" in sentence


def test_the_champion_itself_needs_no_comparison(champion: ModelVersion) -> None:
    own = evaluation().model_copy(update={"subject": champion.model.id})
    assert decide(use_case(), own, champion)[0] == "promote"


def test_large_numbers_are_not_told_to_the_fourth_decimal() -> None:
    lead = Interval(name="rmse", value=15.96, low=4.3, high=27.0)
    baseline = Baseline(name="linear regression", value=557.8, difference=lead)
    metric = Interval(name="rmse", value=1541.9, low=1512.4, high=1573.1)
    found = evaluation().model_copy(update={"metric": metric, "metrics": (metric,), "baselines": (baseline,)})
    assert "its RMSE is 1,542 (1,512 to 1,573), better by 15.96 (4.3000 to 27.00)" in decide(use_case(), found, None)[1]
