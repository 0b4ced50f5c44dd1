"""How often the model is right, told for a round number of cases, and what its errors cost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from tidemill.evaluation.evidence import Binary, Multiclass, Ranking, Regression
from tidemill.reporting.charts import Bar, bars
from tidemill.reporting.facts import accuracy
from tidemill.reporting.language import say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Figure, Prose
from tidemill.reporting.wording import count, number, percent
from tidemill.usecase.tuning import CostRules

__all__ = ["Thousand", "cost_words", "how_often_right", "thousand"]

_FEWEST = 5


@dataclass(frozen=True)
class Thousand:
    """Two classes in whole numbers of ``cases``, which are 1,000 or as many more as rare classes need."""

    cases: int
    found: int
    missed: int
    false_alarms: int

    @property
    def positives(self) -> int:
        """Cases that turn out positive."""
        return self.found + self.missed

    @property
    def flagged(self) -> int:
        """Cases that the model flags."""
        return self.found + self.false_alarms

    @property
    def left_alone(self) -> int:
        """Cases that it leaves alone, rightly."""
        return self.cases - self.found - self.missed - self.false_alarms


def thousand(binary: Binary) -> Thousand:
    """The confusion of the gate rows for 1,000 cases; for 10,000 or more where fewer than five would be positive."""
    (_, false_alarms), (missed, found) = binary.confusion
    rows = max(sum(map(sum, binary.confusion)), 1)
    cases = 1000
    while 0 < (found + missed) * cases < _FEWEST * rows and cases < 1_000_000:
        cases *= 10
    edges = [round(cases * whole / rows) for whole in accumulate((found, missed, false_alarms))]
    return Thousand(cases, edges[0], edges[1] - edges[0], edges[2] - edges[1])


def how_often_right(material: Material) -> list[Block]:
    """Words, and for two classes a picture."""
    evidence = material.evidence
    if evidence.binary is not None:
        return _flags(evidence.binary)
    if evidence.multiclass is not None:
        return [Prose(_classes(evidence.multiclass, accuracy(evidence.challenger) or 0.0))]
    if evidence.ranking is not None:
        return [Prose(_lists(evidence.ranking))]
    if evidence.regression is not None:
        return [Prose(_numbers(evidence.target, evidence.regression))]
    return []


def _flags(binary: Binary) -> list[Block]:
    told = thousand(binary)
    values = {
        "cases": count(told.cases),
        "positives": count(told.positives),
        "positive": binary.positive,
        "flagged": count(told.flagged),
        "found": count(told.found),
        "missed": count(told.missed),
        "false_alarms": count(told.false_alarms),
        "left_alone": count(told.left_alone),
    }
    words = say(
        "Of {cases} cases, **{positives}** turn out “{positive}”. The model flags **{flagged}**, and **{found}** of "
        "those "
        "are right.",
        **values,
    )
    wrong = say(
        "It misses {missed} that it should have flagged, and raises {false_alarms} false alarms. The other "
        "{left_alone} "
        "it leaves alone, rightly.",
        **values,
    )
    drawn = [
        Bar(say("found"), told.found, colour="leaf"),
        Bar(say("missed"), told.missed, colour="coral"),
        Bar(say("false alarms"), told.false_alarms, colour="sand"),
        Bar(say("left alone, rightly"), told.left_alone, colour="fog"),
    ]
    alt = "; ".join(f"{bar.label} {count(bar.value)}" for bar in drawn)
    chart = bars(drawn, alt=alt, form="count")
    return [Figure(chart, say("{cases} cases", cases=count(told.cases)), f"{words}\n\n{wrong}")]


def _classes(shapes: Multiclass, right: float) -> str:
    words = say("Of 1,000 cases it names the right class for **{right}**.", right=count(1000 * right))
    known = [one for one in shapes.classes if one.recall is not None]
    if not known:
        return words
    hardest = min(known, key=lambda one: one.recall or 0.0)
    return f"{words} " + say(
        "It finds it hardest to tell “{class_name}”: of 100 such cases it names {recall} rightly.",
        class_name=hardest.label,
        recall=number(100 * (hardest.recall or 0.0), 2),
    )


def _numbers(target: str, shapes: Regression) -> str:
    words = say(
        "Of 1,000 answers, 500 are off by less than **{half}** and 900 by less than **{most}**, in units of "
        "“{target}”.",
        half=number(shapes.errors["50%"], 3),
        most=number(shapes.errors["90%"], 3),
        target=target,
    )
    return f"{words} " + say(
        "With each answer it gives a range. Of 1,000 ranges, {held} hold what really comes; they are made to hold "
        "{meant}.",
        held=count(1000 * shapes.covered),
        meant=count(1000 * shapes.coverage),
    )


def _lists(ranking: Ranking) -> str:
    first = ranking.first_is_best
    return say(
        "Of 1,000 lists, the entry that it puts first is one of the best in **{model}**. In a random order that "
        "would be "
        "{shuffled}.",
        model=count(1000 * first["model"]),
        shuffled=count(1000 * first["shuffled"]),
    )


def cost_words(material: Material) -> str:
    """What errors cost: by the use case's own costs, else in numbers of cases."""
    binary = material.evidence.binary
    if binary is None:
        return _without_costs(material)
    told, rules = thousand(binary), material.use_case.tune.threshold
    if isinstance(rules, CostRules) and binary.costs:
        return _costs(binary, rules, told)
    words = say(
        "Nobody has said what an error costs. In {cases} cases there are {missed} misses and {false_alarms} false "
        "alarms: "
        "multiply each by what it costs you.",
        cases=count(told.cases),
        missed=count(told.missed),
        false_alarms=count(told.false_alarms),
    )
    return f"{words} " + say(
        "If misses are the dearer, the model can be set to flag more cases, and the other way round."
    )


def _costs(binary: Binary, rules: CostRules, told: Thousand) -> str:
    mean = {one.name: one.value for one in binary.costs}
    unit = say(
        "The owner says that a miss costs {miss} and a false alarm {alarm}.",
        miss=number(rules.of_missing),
        alarm=number(rules.of_raising),
    )
    whole = say(
        "With this model {cases} cases cost **{model}**; if none were flagged {never}, and if all were {always}.",
        cases=count(told.cases),
        model=number(told.cases * mean["as the model decides"], 3),
        never=number(told.cases * mean["never flagged"], 3),
        always=number(told.cases * mean["always flagged"], 3),
    )
    return f"{unit} {whole}"


def _without_costs(material: Material) -> str:
    evidence = material.evidence
    if evidence.regression is not None:
        shapes = evidence.regression
        return say(
            "An answer that is far off costs most: 50 in 1,000 are off by more than {far}. Nobody has said what that "
            "costs.",
            far=number(shapes.errors["95%"], 3),
        )
    if evidence.ranking is not None:
        wrong = 1 - evidence.ranking.first_is_best["model"]
        return say(
            "In {share} of lists something better stands further down. Nobody has said what that costs.",
            share=percent(wrong),
        )
    wrong = 1 - (accuracy(evidence.challenger) or 0.0)
    return say(
        "{wrong} of 1,000 answers are wrong. Nobody has said what that costs; which mistakes are made is in the "
        "report for "
        "engineers.",
        wrong=count(1000 * wrong),
    )
