"""The first screen of a training report: the decision in a sentence, the numbers, and what they mean."""

from __future__ import annotations

from tidemill.evaluation.evidence import Binary, Contender
from tidemill.reporting.charts import Bar, Colour, intervals
from tidemill.reporting.facts import accuracy
from tidemill.reporting.language import in_words, say, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_words
from tidemill.reporting.page import Figure, Headline, Prose, Section, Tone
from tidemill.reporting.wording import count, day, metric_name, number, percent, rival_name, sentence, span

__all__ = ["decision_words", "headline", "in_short", "question"]

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "promote": (to_say("Promoted"), "good"),
    "wait": (to_say("Waits for approval"), "warn"),
    "refuse": (to_say("Not promoted"), "bad"),
}

_NDCG = to_say("how much of what a perfect order would bring stands at the top of the list: 1 is perfect")
_MEANINGS = {
    "ndcg@1": to_say("the worth of the row in first place, as a share of the best that the list has: 1 is perfect"),
    "map": to_say(
        "the mean share of relevant rows among those down to each relevant one (average precision): 1 is perfect"
    ),
    "mrr": to_say("one divided by the place of the first relevant row, on average: 1 is perfect"),
    "auc": to_say(
        "how often a row of the positive class gets a higher score than a row of the other: 0.5 is a coin's toss, 1 "
        "is perfect"
    ),
    "log_loss": to_say("how surprised the model is by what happens, and less is better"),
    "brier": to_say("the mean squared distance of the probability from what happened, and less is better"),
    "accuracy": to_say("the share of rows that are answered rightly"),
    "rmse": to_say(
        "the typical size of an error in the target's own unit, large errors counting more, and less is better"
    ),
    "mae": to_say("the mean size of an error in the target's own unit, and less is better"),
    "average_precision": to_say(
        "how many of the flagged rows are right, averaged over all ways to cut; picked blindly it is the positive "
        "class's share, and 1 is perfect"
    ),
    "balanced_accuracy": to_say("the share of rows that are answered rightly, each class counting alike"),
    "f1": to_say("the harmonic mean of precision and recall"),
    "mcc": to_say("how well what is said goes with what happened: 0 is chance, 1 is perfect"),
    "mape": to_say("the mean error as a share of what happened, and less is better"),
    "smape": to_say("the mean error as a share of the middle of what was said and what happened, and less is better"),
    "rmsle": to_say(
        "the typical size of an error in the logarithm, which is nearly the relative error, and less is better"
    ),
    "poisson_deviance": to_say(
        "how far counts are from what was expected of them, as chance alone moves counts: near 1 for chance alone, "
        "and less is better"
    ),
    "r2": to_say(
        "the share of the target's variance that the model explains: 0 is no better than the mean, 1 is perfect"
    ),
}


def _meaning(metric: str) -> str:
    """What a metric measures, in a clause."""
    known = _MEANINGS.get(metric)
    if known is not None:
        return say(known)
    if not metric.startswith("ndcg"):
        return say("the measure that decides")
    _, _, most = metric.partition("@")
    return say("{meaning}; only the first {most} places count", meaning=say(_NDCG), most=most) if most else say(_NDCG)


def headline(material: Material) -> Headline:
    """The decision as the page says it."""
    verdict, tone = _VERDICTS[material.decision.action]
    return Headline(say(verdict), decision_words(material), tone)


def decision_words(material: Material) -> str:
    """The decision's sentence; without its first words where they are the verdict, and nobody is named in them."""
    said = material.decision.said
    if said:
        shown = said if said[0].values else said[1:] or said
        return " ".join(sentence(in_words(one)) for one in shown)
    words = material.decision.sentence.strip()
    for opening in ("Promoted: ", "Refused: ", "Not enough evidence: ", "Waits for approval: "):
        words = words.removeprefix(opening)
    return sentence(words)


def in_short(material: Material) -> Section:
    """What the model does and how it compares, in plain words and one chart."""
    return Section(say("In short"), [Prose(_plain_words(material)), _comparison(material)])


def question(material: Material) -> str:
    """What the model answers, as a person asks it."""
    return material.use_case.title or say("What is {target}?", target=material.evidence.target)


def _plain_words(material: Material) -> str:
    """Two paragraphs for somebody who wants to know in a minute."""
    asked = (
        say("The model answers the question **“{question}”** for one row at a time.", question=question(material))
        if material.evidence.ranking is None
        else say(
            "The model answers the question **“{question}”** for the rows of one list at a time.",
            question=question(material),
        )
    )
    return f"{asked} {_rows(material)}\n\n{_what_it_does(material)}"


def _rows(material: Material) -> str:
    evidence = material.evidence
    told = {"train": count(material.lineage.split.train.rows), "gate": count(evidence.rows)}
    if evidence.since and evidence.until:
        return say(
            "It was trained on {train} rows and judged on {gate} rows that it had not seen, from {since} to {until}.",
            **told,
            since=day(evidence.since),
            until=day(evidence.until),
        )
    return say("It was trained on {train} rows and judged on {gate} rows that it had not seen.", **told)


def _what_it_does(material: Material) -> str:
    evidence = material.evidence
    if evidence.binary is not None:
        return _binary_words(evidence.binary, evidence.rows)
    if evidence.regression is not None:
        shapes = evidence.regression
        return say(
            "Half of its answers are off by less than **{half}**, and nine in ten by less than **{most}**. The "
            "intervals "
            "that it gives hold the true value for {held} of the rows; they are made to hold {meant}.",
            half=number(shapes.errors["50%"], 3),
            most=number(shapes.errors["90%"], 3),
            held=percent(shapes.covered),
            meant=percent(shapes.coverage),
        )
    if evidence.ranking is not None:
        return ranking_words(material, evidence.ranking)
    right, plain = accuracy(evidence.challenger), accuracy(material.best_baseline)
    words = say("Of 100 rows it names the right class for **{right}**.", right=number(100 * (right or 0.0), 3))
    if plain is None:
        return words
    beside = say(
        "{rival} does for {right}.", rival=rival_name(material.best_baseline.name), right=number(100 * plain, 3)
    )
    return f"{words} {sentence(beside)}"


def _binary_words(binary: Binary, rows: int) -> str:
    (_, false), (missed, hit) = binary.confusion
    threshold = number(binary.threshold, 3)
    if not hit + false:
        return say(
            "At its threshold of {threshold} it calls no row `{positive}`.",
            threshold=threshold,
            positive=binary.positive,
        )
    called = say(
        "Of 100 rows it calls **{flagged}** `{positive}`. Of those, **{right} in 100** are; picked blindly it would be "
        "{blindly}.",
        flagged=number(100 * (false + hit) / max(rows, 1), 2),
        positive=binary.positive,
        right=number(100 * hit / (hit + false), 2),
        blindly=number(100 * binary.prevalence, 2),
    )
    finds = say(
        "So it finds **{share}** of all that are `{positive}`.",
        share=percent(hit / max(hit + missed, 1)),
        positive=binary.positive,
    )
    choice = say(
        "Where to cut is a choice, at {threshold} now: cut lower, and it finds more, with more false alarms.",
        threshold=threshold,
    )
    return f"{called} {finds} {choice}"


def _comparison(material: Material) -> Figure:
    colours: dict[str, Colour] = {"challenger": "sea", "champion": "sand", "baseline": "fog"}
    rows = [
        Bar(_name(one), one.metrics[0].value, one.metrics[0].low, one.metrics[0].high, colour=colours[one.role])
        for one in (material.evidence.challenger, *material.rivals)
    ]
    name = metric_name(material.metric.name)
    values = "; ".join(f"{row.label} {number(row.value)}" for row in rows)
    chart = intervals(rows, alt=say("{metric} on the gate rows: {values}", metric=name, values=values), x_label=name)
    what = say(
        "{metric} is {meaning}. The bars around the dots are {confidence} intervals: how far chance could move the "
        "value.",
        metric=name,
        meaning=_meaning(material.metric.name),
        confidence=percent(material.evidence.confidence),
    )
    words = f"{what}\n\n{_lead_words(material)}"
    return Figure(chart, say("Against plain models, on the same rows"), words)


def _lead_words(material: Material) -> str:
    lead = material.lead
    told = {
        "best": rival_name(material.best_baseline.name),
        "lead": number(abs(lead.value), 3),
        "span": span(lead.low, lead.high, 3),
    }
    if lead.value < 0:
        return say(
            "The strongest plain model is **{best}**. On the same rows this model is behind it by **{lead}** ({span}).",
            **told,
        )
    if lead.low > 0:
        return say(
            "The strongest plain model is **{best}**. On the same rows this model is ahead of it by **{lead}** "
            "({span}), "
            "which is more than chance.",
            **told,
        )
    return say(
        "The strongest plain model is **{best}**. On the same rows this model is ahead of it by **{lead}** ({span}), "
        "which "
        "may be chance.",
        **told,
    )


def _name(one: Contender) -> str:
    if one.role == "challenger":
        return say("this model")
    return say("champion {version}", version=one.name) if one.role == "champion" else rival_name(one.name)
