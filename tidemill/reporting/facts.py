"""The numbers that matter most, as tiles below the headline."""

from __future__ import annotations

from tidemill.evaluation.evidence import Contender, Regression
from tidemill.reporting.language import say, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_facts
from tidemill.reporting.page import Fact
from tidemill.reporting.wording import count, metric_name, moment, number, percent, rival_name, span

__all__ = ["accuracy", "facts"]

_SPLITS = {
    "time": to_say("split by time"),
    "group": to_say("split by group"),
    "query": to_say("split by list"),
    "random": to_say("split by chance"),
}


def facts(material: Material) -> list[Fact]:
    """The numbers that matter most, for the tiles below the headline."""
    metric, best = material.metric, material.best_baseline
    lead = material.lead
    interval = say(
        "{span}, {confidence} interval",
        span=span(metric.low, metric.high).replace("\u00a0", " "),
        confidence=percent(material.evidence.confidence),
    )
    found = [
        Fact(metric_name(metric.name), number(metric.value), interval),
        Fact(
            say("ahead of {rival}", rival=rival_name(best.name)),
            number(lead.value, 3),
            say("the best baseline, at {value}", value=number(best.metrics[0].value)),
            "good" if lead.low > 0 else "warn" if lead.value > 0 else "bad",
        ),
        Fact(say("rows trained on"), count(material.lineage.split.train.rows), _until(material)),
        Fact(say("gate rows"), count(material.evidence.rows), say("which the model had not seen")),
    ]
    return found + _of_the_task(material)


def _of_the_task(material: Material) -> list[Fact]:
    """Two more numbers that say most for this kind of prediction."""
    evidence = material.evidence
    if evidence.binary is not None:
        (_, false), (missed, hit) = evidence.binary.confusion
        name = evidence.binary.positive
        return [
            Fact(
                say("of all `{positive}` found", positive=name),
                percent(hit / max(hit + missed, 1)),
                say("at the threshold (recall)"),
            ),
            Fact(
                say("of flagged are `{positive}`", positive=name),
                percent(hit / max(hit + false, 1)),
                say("at the threshold (precision)"),
            ),
        ]
    if evidence.regression is not None:
        shapes = evidence.regression
        return [
            Fact(
                say("half of the errors"),
                f"< {number(shapes.errors['50%'], 3)}",
                say("in units of `{target}`", target=evidence.target),
            ),
            Fact(say("inside of its intervals"), percent(shapes.covered), _held(shapes)),
        ]
    if evidence.ranking is not None:
        return ranking_facts(evidence.ranking)
    classes = evidence.multiclass.classes if evidence.multiclass else ()
    return [
        Fact(say("named rightly"), percent(accuracy(evidence.challenger)), say("of the gate rows (accuracy)")),
        Fact(say("classes"), count(len(classes)), say("of `{target}`", target=evidence.target)),
    ]


def _held(shapes: Regression) -> str:
    """What was meant, and the interval of what was measured where it was taken."""
    meant = say("meant: {share}", share=percent(shapes.coverage))
    if shapes.covered_low is None or shapes.covered_high is None:
        return meant
    held = say("{low} to {high}", low=percent(shapes.covered_low), high=percent(shapes.covered_high))
    return f"{held}, {meant}"


def accuracy(one: Contender) -> float | None:
    """The share of rows that it answers rightly, where that is measured."""
    return next((metric.value for metric in one.metrics if metric.name == "accuracy"), None)


def _until(material: Material) -> str:
    split = material.lineage.split
    if split.boundary is not None:
        return say("until {moment}", moment=moment(split.boundary))
    return say(_SPLITS[split.by])
