"""The gate's rules and decisions, from numbers alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lineage import made_up_balance, made_up_lineage
from tidemill.errors import UserError
from tidemill.gate import decide, judged, rule
from tidemill.gate.findings import worse_slices
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Baseline, Evaluation, Finding, Interval, Lead, Opinion, Seen, SliceTest
from tidemill.said import Said
from tidemill.store import Store
from tidemill.usecase import load_usecase
from tidemill.usecase.gate import SliceRules
from tidemill.usecase.schema import GateRules, UseCase

VERSION = "20260101-abcdef01"


def against(value: float, low: float, high: float, name: str = "XGBoost defaults", **said: object) -> Baseline:
    lead = Interval(name="auc", value=value, low=low, high=high)
    measured = {
        "measure": "auc", "value": value, "low": low, "high": high, "error": (high - low) / 3.3, "rate": 0.05, "luck": None, **said
    }  # fmt: skip
    return Baseline(name=name, value=0.7 - value, difference=lead, lead=Lead.model_validate(measured))


CONSTANT = against(0.2, 0.19, 0.21, "constant")
PLAIN = against(0.05, 0.03, 0.07)


def champion_lead(value: float, low: float, high: float, **said: object) -> Baseline:
    return against(value, low, high, VERSION, **said)


def slice_of(place: int, p: float) -> SliceTest:
    said = {"column": "origin", "value": f"v{place}", "rows": 400, "lead": -0.01, "error": 0.004, "p": p}
    return SliceTest.model_validate({**said, "origin": "declared"})


def evaluated(*baselines: Baseline, champion: Baseline | None = None, **said: object) -> Evaluation:
    metric = Interval(name="auc", value=0.7, low=0.69, high=0.71)
    return Evaluation.model_validate(
        {
            "subject": "0123456789abcdef",
            "passed": False,
            "reasons": (),
            "metric": metric,
            "metrics": (metric,),
            "baselines": baselines or (CONSTANT, PLAIN),
            "champion": champion,
            "rows": 28_635,
            "key": "toy/evaluations/1.json",
            **said,
        }
    )


def use_case(**gate: object) -> UseCase:
    return UseCase.model_validate(
        {"name": "toy", "sources": {"rows": {"url": "rows.csv"}}, "target": {"column": "bought"}, "gate": gate}
    )


def reasons(evaluation: Evaluation, **gate: object) -> tuple[str, ...]:
    return judged(use_case(**gate).gate, evaluation).reasons


def verdicts(evaluation: Evaluation, which: str, **gate: object) -> list[str]:
    return [one.verdict for one in judged(use_case(**gate).gate, evaluation).findings if one.rule == which]


@pytest.fixture
def champion(memory: Store) -> ModelVersion:
    return Registry(memory, "toy").register(made_up_lineage(), made_up_balance(), {})


@pytest.mark.parametrize(
    ("lead", "margin", "said"),
    [
        ((0.05, 0.03, 0.07), 0.0, None),
        ((0.05, 0.03, 0.07), 0.05, None),
        ((0.05, 0.03, 0.07), 0.06, "it is better than XGBoost defaults by only 0.05 AUC, and 0.06 is asked for"),
        ((-0.02, -0.03, -0.01), 0.0, "it is worse than XGBoost defaults by 0.02 AUC"),
        ((0.01, -0.002, 0.03), 0.0, None),
    ],
)
def test_a_baseline_must_be_beaten_by_the_margin(
    lead: tuple[float, float, float], margin: float, said: str | None
) -> None:
    found = reasons(evaluated(CONSTANT, against(*lead)), margin=margin)
    assert found == (() if said is None else (said,))


def test_over_the_constant_more_than_chance_is_asked_for() -> None:
    near = evaluated(against(0.01, -0.002, 0.022, "constant"), PLAIN)
    assert reasons(near) == (
        "its lead over constant, +0.01 AUC, may be chance on 28,635 rows (between -0.002 and +0.022); "
        "about 94,000 rows would show a lead of that size",
    )
    assert verdicts(near, "baseline") == ["undecided", "pass"]


@pytest.mark.parametrize(
    ("lead", "gate", "verdict"),
    [
        ((0.010, 0.004, 0.016), {}, "pass"),
        ((0.010, -0.001, 0.021), {}, "undecided"),
        ((-0.001, -0.01, 0.008), {}, "undecided"),
        ((-0.010, -0.016, -0.004), {}, "fail"),
        ((0.0, 0.0, 0.0), {}, "fail"),
        ((0.010, 0.004, 0.016), {"champion_margin": 0.003}, "pass"),
        ((0.010, 0.004, 0.016), {"champion_margin": 0.005}, "undecided"),
        ((0.010, 0.004, 0.016), {"champion_margin": 0.02}, "fail"),
        ((-0.001, -0.004, 0.002), {"policy": "non_inferior", "champion_margin": 0.005}, "pass"),
        ((-0.001, -0.008, 0.006), {"policy": "non_inferior", "champion_margin": 0.005}, "undecided"),
        ((-0.010, -0.013, -0.007), {"policy": "non_inferior", "champion_margin": 0.005}, "fail"),
        ((-0.001, -0.004, 0.002), {"champion_margin": -0.005}, "pass"),
    ],
)
def test_the_bound_over_the_champion_decides(
    lead: tuple[float, float, float], gate: dict[str, object], verdict: str
) -> None:
    found = evaluated(champion=champion_lead(*lead))
    assert verdicts(found, "champion", **gate) == [verdict]
    action, sentence = decide(use_case(**gate), judged(use_case(**gate).gate, found), None)
    opening = {"pass": "Promoted", "undecided": "Not enough evidence", "fail": "Refused"}[verdict]
    assert sentence.startswith(f"{opening}: ")
    assert action == ("promote" if verdict == "pass" else "refuse")


def test_too_few_rows_are_told_with_those_that_would_do() -> None:
    found = evaluated(champion=champion_lead(0.01, -0.001, 0.021), rows=5_000)
    assert reasons(found) == (
        f"its lead over the champion {VERSION}, +0.01 AUC, may be chance on 5,000 rows (between -0.001 and +0.021); "
        "about 14,000 rows would show a lead of that size",
    )
    behind = evaluated(champion=champion_lead(-0.001, -0.012, 0.01), rows=5_000)
    assert reasons(behind) == (
        f"whether it is better than the champion {VERSION} can't be told from 5,000 rows: its lead is -0.001 AUC "
        "(between -0.012 and +0.01); so many rows would show a lead of +0.0166 or more",
    )


def test_what_more_rows_can_not_tell_is_said() -> None:
    lucky = evaluated(champion=champion_lead(0.004, -0.003, 0.011, error=0.001, luck=0.003, rate=0.025), rows=5_000)
    assert reasons(lucky) == (
        f"its lead over the champion {VERSION}, +0.004 AUC, may be chance on 5,000 rows (between -0.003 and +0.011); "
        "trained again from other seeds it could be as far behind, so more rows alone would not tell",
    )
    some = evaluated(champion=champion_lead(0.004, -0.003, 0.011, error=0.002, luck=0.001, rate=0.025), rows=5_000)
    assert reasons(some)[0].endswith("about 20,000 rows would show a lead of that size")
    single = judged(GateRules(), evaluated(champion=champion_lead(0.01, 0.004, 0.016)))
    assert "how far other seeds would have moved the lead is not known" in decide(use_case(), single, None)[1]


@pytest.mark.parametrize(
    ("opinion", "margin", "verdict"),
    [
        (Opinion(test="DeLong", p=0.01, low=0.001), 0.0, "pass"),
        (Opinion(test="DeLong", p=0.06, low=-0.0002), 0.0, "undecided"),
        (Opinion(test="DeLong", p=0.01, low=0.001), 0.002, "undecided"),
        (Opinion(test="McNemar", p=0.04), 0.0, "pass"),
        (Opinion(test="McNemar", p=0.06), 0.0, "undecided"),
        (Opinion(test="McNemar", p=0.06), 0.001, "pass"),
    ],
)
def test_the_stricter_of_two_opinions_counts(opinion: Opinion, margin: float, verdict: str) -> None:
    found = evaluated(champion=champion_lead(0.01, 0.003, 0.017, opinion=opinion))
    assert verdicts(found, "champion", champion_margin=margin) == [verdict]
    if verdict == "undecided":
        assert f"by {opinion.test}'s test" in reasons(found, champion_margin=margin)[0]


def test_a_slice_that_is_worse_refuses_and_is_named() -> None:
    better = champion_lead(0.01, 0.004, 0.016)
    bad = evaluated(champion=better, slices=(slice_of(0, 0.0001), *(slice_of(place, 0.5) for place in range(1, 9))))
    assert reasons(bad) == ("it is worse than the champion on the 400 rows where origin is v0, by 0.01 AUC",)
    fine = evaluated(champion=better, slices=tuple(slice_of(place, 0.02 + 0.1 * place) for place in range(9)))
    assert reasons(fine) == ()
    assert verdicts(fine, "slices") == ["pass"]
    assert not reasons(bad, slices={"false_discovery_rate": 0})


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=40),
    st.floats(0.01, 0.5),
    st.floats(0.0, 1.0),
)
def test_the_false_discovery_rate_is_benjaminis(chances: list[float], rate: float, more: float) -> None:
    def chosen(values: list[float]) -> set[str]:
        tests = [slice_of(place, p) for place, p in enumerate(values)]
        return {one.value for one in worse_slices(SliceRules(false_discovery_rate=rate), tests)}

    found = chosen(chances)
    size = len(chances)
    largest = max((k for k in range(1, size + 1) if sorted(chances)[k - 1] <= rate * k / size), default=0)
    assert len(found) == largest
    assert all(chances[int(one[1:])] <= rate * largest / size for one in found)
    # What is not worse can only make it harder to call others so.
    assert chosen([*chances, max(more, *chances)]) - {f"v{size}"} <= found


def test_a_simpler_model_that_is_as_good_is_said_also_of_a_promoted_one() -> None:
    near = judged(GateRules(), evaluated(CONSTANT, against(0.01, -0.002, 0.022, "logistic regression"), PLAIN))
    assert near.passed
    assert decide(use_case(), near, None)[1] == (
        "Promoted: on 28,635 gate rows its AUC is 0.7 (0.69 to 0.71), better by 0.01 (-0.002 to 0.022) than the best "
        "baseline, logistic regression; a simpler model is as good: on these rows logistic regression can't be told "
        "from it (its lead is +0.01 AUC, between -0.002 and +0.022)."
    )


def test_the_sentence_says_how_much_better(champion: ModelVersion) -> None:
    lead = against(0.01, 0.004, 0.016, champion.version, luck=0.001)
    seen = Seen(version=champion.version, rows=365, of=29_000, left=28_635)
    found = judged(GateRules(), evaluated(champion=lead, seen=(seen,)))
    ruling = rule(use_case(), found, champion)
    assert ruling.action == "promote"
    assert ruling.sentence == (
        "Promoted: on 28,635 gate rows its AUC is 0.7 (0.69 to 0.71), better by 0.05 (0.03 to 0.07) than the best "
        f"baseline, XGBoost defaults; it is better than the champion {champion.version} by 0.01 AUC (at least 0.004); "
        f"365 of the 29,000 gate rows were left out, because {champion.version} was trained on them."
    )
    assert ruling.said[0].text == "Promoted"
    assert rule(use_case(), Evaluation.model_validate_json(found.model_dump_json()), champion) == ruling


def test_manual_approval_waits_and_reasons_refuse_all_the_same() -> None:
    found = judged(GateRules(), evaluated())
    assert decide(use_case(approval="manual"), found, None)[0] == "wait"
    assert decide(use_case(approval="manual"), found, None)[1].startswith("Waits for approval: on 28,635 gate rows")
    worse = judged(GateRules(), evaluated(against(-0.1, -0.2, -0.05, "constant")))
    assert decide(use_case(approval="manual"), worse, None) == (
        "refuse",
        "Refused: it is worse than constant by 0.1 AUC.",
    )


def test_findings_of_others_count_and_stay() -> None:
    unfair = Finding(rule="fairness", verdict="fail", said=Said(text="group a is told less often"))
    found = judged(GateRules(), evaluated(findings=(unfair,)))
    assert found.reasons == ("group a is told less often",)
    assert judged(GateRules(), found) == found


def test_a_champion_that_came_in_between_refuses(champion: ModelVersion) -> None:
    action, sentence = decide(use_case(), judged(GateRules(), evaluated()), champion)
    assert action == "refuse"
    assert f"{champion.version} became the champion after this model was compared with no champion" in sentence


def test_the_champion_itself_needs_no_comparison(champion: ModelVersion) -> None:
    own = judged(GateRules(), evaluated(subject=champion.model.id))
    assert decide(use_case(), own, champion)[0] == "promote"


def test_evaluations_from_before_there_were_findings_keep_their_verdict() -> None:
    plain = Baseline(name="constant", value=0.5, difference=Interval(name="auc", value=0.2, low=0.19, high=0.21))
    passed = evaluated(plain, passed=True)
    assert decide(use_case(), passed, None)[0] == "promote"
    refused = evaluated(plain, reasons=("it is worse than constant by 0.1 AUC",))
    assert decide(use_case(), refused, None) == ("refuse", "Refused: it is worse than constant by 0.1 AUC.")


def test_large_numbers_are_not_told_to_the_fourth_decimal() -> None:
    lead = Interval(name="rmse", value=15.96, low=4.3, high=27.0)
    baseline = Baseline(name="linear regression", value=557.8, difference=lead)
    metric = Interval(name="rmse", value=1541.9, low=1512.4, high=1573.1)
    found = evaluated(baseline, metric=metric, metrics=(metric,))
    said = decide(use_case(), judged(GateRules(), found), None)[1]
    assert "its RMSE is 1,542 (1,512 to 1,573), better by 15.96 (4.3 to 27.0)" in said


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("{policy: non_inferior}", r"asks how much worse is still fine: give `champion_margin`, above 0"),
        ("{policy: cost}", r"gate\.policy.*what a row costs is not said: write `tune\.threshold\.costs`"),
        ("{false_promotions: 0}", r"gate\.false_promotions"),
    ],
)
def test_rules_that_do_not_go_together_are_named(tmp_path: Path, gate: str, said: str) -> None:
    file = tmp_path / "usecases" / "toy" / "usecase.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"name: toy\nsources: {{rows: {{url: rows.csv}}}}\ntarget: bought\ngate: {gate}\n")
    with pytest.raises(UserError, match=said):
        load_usecase("toy", tmp_path)
