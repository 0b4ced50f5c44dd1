"""The decision on an evaluated version, and why, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tidemill.gate.findings import judged, lead_of
from tidemill.gate.numbers import metric_name, shown
from tidemill.registry import ModelVersion
from tidemill.results import Evaluation, Proof, Record
from tidemill.said import Said, to_say
from tidemill.usecase.schema import UseCase

__all__ = ["Ruling", "decide", "rule"]

Action = Literal["promote", "refuse", "wait"]
_TOLD = ("champion", "seeds", "simpler", "rows", "classes")
_PROMOTED = Said(text="Promoted")
_WAITS = Said(text="Waits for approval")
_REFUSED = Said(text="Refused")
_NOT_ENOUGH = Said(text="Not enough evidence")


class Ruling(Record):
    """What to do with a version: ``said`` is the outcome in a word or two, then its reasons, a clause each."""

    action: Action
    said: tuple[Said, ...]

    @property
    def sentence(self) -> str:
        """The whole of it in English."""
        outcome, *clauses = (one.english for one in self.said)
        return f"{outcome}: {'; '.join(clauses)}."


def decide(
    use_case: UseCase, evaluation: Evaluation, champion: ModelVersion | None, proof: Proof | None = None
) -> tuple[Action, str]:
    """What to do with the evaluated model, and why, in a sentence or two: :func:`rule` in English."""
    ruling = rule(use_case, evaluation, champion, proof)
    return ruling.action, ruling.sentence


def rule(
    use_case: UseCase, evaluation: Evaluation, champion: ModelVersion | None, proof: Proof | None = None
) -> Ruling:
    """What to do with the evaluated model, and why. Every rule is applied anew to the stored numbers.

    ``champion`` is the version that is the champion at this moment. When the evaluation compared with
    another one, because a promotion came in between, the model is refused and can be evaluated anew. ``proof`` is None
    for versions from before there were proofs.
    """
    if proof is not None and not proof.passed:
        return Ruling(action="refuse", said=(_REFUSED, *proof.reasons))
    known = judged(use_case.gate, evaluation) if evaluation.findings else evaluation
    if not known.passed:
        return _against(known)
    if champion is not None and champion.model.id != evaluation.subject:
        compared = evaluation.champion.name if evaluation.champion else ""
        if compared != champion.version:
            return Ruling(action="refuse", said=(_REFUSED, _changed(champion.version, compared)))
    clauses = _shown(known)
    if use_case.gate.approval == "manual":
        return Ruling(action="wait", said=(_WAITS, *clauses))
    return Ruling(action="promote", said=(_PROMOTED, *clauses))


def _against(evaluation: Evaluation) -> Ruling:
    """The reasons against a model; only what can't be told is no reason to call it bad."""
    found = [one for one in evaluation.findings if one.against]
    if not evaluation.findings:
        plain = tuple(Said(text="{reason}", values={"reason": reason}) for reason in evaluation.reasons)
        return Ruling(action="refuse", said=(_REFUSED, *plain))
    failed = any(one.verdict == "fail" for one in found)
    found.sort(key=lambda one: one.verdict != "fail")
    clauses = (said for one in found for said in one.clauses)
    return Ruling(action="refuse", said=(_REFUSED if failed else _NOT_ENOUGH, *clauses))


def _changed(champion: str, compared: str) -> Said:
    values: dict[str, str | int | float] = {"champion": champion}
    if not compared:
        text = to_say(
            "{champion} became the champion after this model was compared with no champion. "
            "Run the training again: only the comparison will be made anew"
        )
        return Said(text=text, values=values)
    text = to_say(
        "{champion} became the champion after this model was compared with {compared}. "
        "Run the training again: only the comparison will be made anew"
    )
    return Said(text=text, values={**values, "compared": compared})


def _shown(evaluation: Evaluation) -> Sequence[Said]:
    """What the model showed: against the best baseline, against the champion, and what else is to be known."""
    metric = evaluation.metric
    values: dict[str, str | int | float] = {
        "rows": evaluation.rows,
        "metric": metric_name(metric.name),
        "value": shown(metric.value),
        "low": shown(metric.low),
        "high": shown(metric.high),
    }
    told = [Said(text="on {rows:,} gate rows its {metric} is {value:,} ({low:,} to {high:,})", values=values)]
    if evaluation.baselines:
        best = min(evaluation.baselines, key=lambda one: one.difference.value)
        values |= {
            "lead": shown(best.difference.value),
            "lead_low": shown(best.difference.low),
            "lead_high": shown(best.difference.high),
            "baseline": best.name,
        }
        text = to_say(
            "on {rows:,} gate rows its {metric} is {value:,} ({low:,} to {high:,}), better by {lead:,} "
            "({lead_low:,} to {lead_high:,}) than the best baseline, {baseline}"
        )
        told = [Said(text=text, values=values)]
    if evaluation.champion is not None and not evaluation.findings:
        lead = lead_of(evaluation.champion)
        text = to_say("it is ahead of the champion {champion} by {lead:+,} ({low:+,} to {high:+,})")
        said = {"champion": evaluation.champion.name, "lead": shown(lead.value)}
        told.append(Said(text=text, values={**said, "low": shown(lead.low), "high": shown(lead.high)}))
    told += [one.said for one in evaluation.findings if one.rule in _TOLD]
    return told
