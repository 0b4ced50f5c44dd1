"""The model gate: what a version must show on the gate rows before it may become the champion.

It must beat every baseline by the use case's margin, and the champion by its own. Over a constant (has it
learnt anything?) and over the champion (is it worth replacing what is live?) the lead must also be more than
chance: the whole of its paired interval on the right side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tidemill.registry import ModelVersion
from tidemill.results import Baseline, Evaluation, Interval, Proof
from tidemill.usecase.schema import GateRules, UseCase

__all__ = ["PROOF", "decide", "objections"]

PROOF = ("constant", "random order")
_NAMES = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "poisson_deviance": "Poisson deviance",
    "map": "MAP",
    "mrr": "MRR",
}


def objections(
    rules: GateRules, baselines: Sequence[Baseline], champion: Baseline | None, incomparable: str | None = None
) -> tuple[str, ...]:
    """Why a model may not be promoted, a clause a reason; empty when it may.

    ``incomparable`` says why there is no comparison with the champion, where there should be one.
    """
    found = [_objection(one.name, one.difference, rules.margin, proof=one.name in PROOF) for one in baselines]
    if champion is not None:
        named = f"the champion {champion.name}"
        found.append(_objection(named, champion.difference, rules.champion_margin, proof=True))
    return tuple(reason for reason in (*found, incomparable) if reason)


def decide(
    use_case: UseCase, evaluation: Evaluation, champion: ModelVersion | None, proof: Proof | None = None
) -> tuple[Literal["promote", "refuse", "wait"], str]:
    """What to do with the evaluated model, and why, in a sentence or two.

    ``champion`` is the version that is the champion at this moment. When the evaluation compared with
    another one, because a promotion came in between, the model is refused and can be evaluated anew. ``proof`` is None
    for versions from before there were proofs.
    """
    if proof is not None and not proof.passed:
        return "refuse", f"Refused: {'; '.join(reason.english for reason in proof.reasons)}."
    newcomer = champion is not None and champion.model.id != evaluation.subject
    if champion is not None and newcomer and evaluation.passed:
        compared = evaluation.champion.name if evaluation.champion else "no champion"
        if compared != champion.version:
            return "refuse", (
                f"Refused: {champion.version} became the champion after this model was compared with {compared}. "
                "Run the training again: only the comparison will be made anew."
            )
    if not evaluation.passed:
        return "refuse", f"Refused: {'; '.join(evaluation.reasons)}."
    shown = _shown(evaluation)
    if use_case.gate.approval == "manual":
        return "wait", f"Waits for approval: {shown}."
    return "promote", f"Promoted: {shown}."


def _objection(name: str, difference: Interval, margin: float, *, proof: bool) -> str | None:
    """Why a lead over ``name`` is not enough, or None; with ``proof`` it must be more than chance."""
    metric = _name(difference.name)
    if difference.value < 0 and margin >= 0:
        return f"it is worse than {name} by {_say(-difference.value)} {metric}"
    if difference.value < margin:
        return f"it is better than {name} by only {_say(difference.value)} {metric}, and {margin:g} is asked for"
    if proof and difference.low <= min(margin, 0.0):
        return (
            f"its difference from {name}, {_say(difference.value, '+')} {metric}, may be chance: "
            f"the interval goes from {_say(difference.low, '+')} to {_say(difference.high, '+')}"
        )
    return None


def _shown(evaluation: Evaluation) -> str:
    metric = evaluation.metric
    best = min(evaluation.baselines, key=lambda one: one.difference.value)
    text = (
        f"on {evaluation.rows:,} gate rows its {_name(metric.name)} is {_say(metric.value)} "
        f"({_say(metric.low)} to {_say(metric.high)}), better by {_say(best.difference.value)} "
        f"({_say(best.difference.low)} to {_say(best.difference.high)}) than the best baseline, {best.name}"
        f"{', which may be chance' if best.difference.low <= 0 else ''}"
    )
    if evaluation.champion is None:
        return text
    lead = evaluation.champion.difference
    how = "better" if lead.value >= 0 else "worse"
    return (
        f"{text}, and {how} by {_say(abs(lead.value))} ({_say(lead.low, '+')} to {_say(lead.high, '+')}) "
        f"than the champion {evaluation.champion.name}"
    )


def _say(value: float, sign: str = "") -> str:
    """A value with as many decimals as its size asks for."""
    decimals = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{value:{sign},.{decimals}f}"


def _name(metric: str) -> str:
    return metric.upper() if metric.startswith("ndcg") else _NAMES.get(metric, metric)
