"""The first screen of a training report: the decision in a sentence, the numbers, and what they mean."""

from __future__ import annotations

from tidemill.evaluation.evidence import Regression
from tidemill.reporting.charts import Bar, Colour, intervals
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_facts, ranking_words
from tidemill.reporting.page import Block, Fact, Figure, Headline, Prose, Section, Tone
from tidemill.reporting.wording import count, day, metric_name, moment, number, percent, span

__all__ = ["MEANINGS", "facts", "headline", "in_short"]

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "promote": ("Promoted", "good"),
    "wait": ("Waits for approval", "warn"),
    "refuse": ("Not promoted", "bad"),
}

_NDCG = "how much of what a perfect order would bring stands at the top of the list: 1 is perfect"
MEANINGS = {
    "ndcg": _NDCG,
    **{f"ndcg@{most}": f"{_NDCG}; only the first {most} places count" for most in (3, 5, 10, 20, 50, 100)},
    "ndcg@1": "the worth of the row in first place, as a share of the best that the list has: 1 is perfect",
    "map": "the mean share of relevant rows among those down to each relevant one (average precision): 1 is perfect",
    "mrr": "one divided by the place of the first relevant row, on average: 1 is perfect",
    "auc": "how often a row of the positive class gets a higher score than a row of the other: "
    "0.5 is a coin's toss, 1 is perfect",
    "log_loss": "how surprised the model is by what happens, and less is better",
    "brier": "the mean squared distance of the probability from what happened, and less is better",
    "accuracy": "the share of rows that are answered rightly",
    "rmse": "the typical size of an error in the target's own unit, large errors counting more, and less is better",
    "mae": "the mean size of an error in the target's own unit, and less is better",
    "average_precision": "how many of the flagged rows are right, averaged over all ways to cut; picked blindly it is "
    "the positive class's share, and 1 is perfect",
    "balanced_accuracy": "the share of rows that are answered rightly, each class counting alike",
    "f1": "the harmonic mean of precision and recall",
    "mcc": "how well what is said goes with what happened: 0 is chance, 1 is perfect",
    "mape": "the mean error as a share of what happened, and less is better",
    "smape": "the mean error as a share of the middle of what was said and what happened, and less is better",
    "rmsle": "the typical size of an error in the logarithm, which is nearly the relative error, and less is better",
    "poisson_deviance": "how far counts are from what was expected of them, as chance alone moves counts: "
    "near 1 for chance alone, and less is better",
    "r2": "the share of the target's variance that the model explains: 0 is no better than the mean, 1 is perfect",
}


def headline(material: Material) -> Headline:
    """The decision as the page says it."""
    verdict, tone = _VERDICTS[material.decision.action]
    sentence = material.decision.sentence.strip()
    for opening in ("Promoted: ", "Refused: ", "Waits for approval: "):
        if sentence.startswith(opening):
            rest = sentence.removeprefix(opening)
            sentence = rest[:1].upper() + rest[1:]
    return Headline(verdict, sentence, tone)


def facts(material: Material) -> list[Fact]:
    """The numbers that matter most, for the tiles below the headline."""
    metric, best = material.metric, material.best_baseline
    lead = next(one for one in material.lineage.evaluation.baselines if one.name == best.name).difference
    found = [
        Fact(
            metric_name(metric.name),
            number(metric.value),
            f"{span(metric.low, metric.high)}, {percent(material.evidence.confidence)} interval",
        ),
        Fact(
            f"ahead of {best.name}",
            number(lead.value, 3),
            f"the best baseline, at {number(best.metrics[0].value)}",
            "good" if lead.low > 0 else "warn" if lead.value > 0 else "bad",
        ),
        Fact("rows trained on", count(material.lineage.split.train.rows), _until(material)),
        Fact("gate rows", count(material.evidence.rows), "which the model had not seen"),
    ]
    return found + _of_the_task(material)


def _of_the_task(material: Material) -> list[Fact]:
    """Two more numbers that say most for this kind of prediction."""
    evidence = material.evidence
    if evidence.binary is not None:
        (_, false), (missed, hit) = evidence.binary.confusion
        name = evidence.binary.positive
        return [
            Fact(f"of all `{name}` found", percent(hit / max(hit + missed, 1)), "at the threshold (recall)"),
            Fact(f"of flagged are `{name}`", percent(hit / max(hit + false, 1)), "at the threshold (precision)"),
        ]
    if evidence.regression is not None:
        shapes = evidence.regression
        return [
            Fact("half of the errors", f"< {number(shapes.errors['50%'], 3)}", f"in units of `{evidence.target}`"),
            Fact(
                "inside of its intervals", percent(shapes.covered), f"meant: {percent(shapes.coverage)}{_held(shapes)}"
            ),
        ]
    if evidence.ranking is not None:
        return ranking_facts(evidence.ranking)
    right = next((one for one in evidence.challenger.metrics if one.name == "accuracy"), None)
    classes = evidence.multiclass.classes if evidence.multiclass else ()
    return [
        Fact("named rightly", percent(right.value if right else None), "of the gate rows (accuracy)"),
        Fact("classes", count(len(classes)), f"of `{evidence.target}`"),
    ]


def _held(shapes: Regression) -> str:
    """What was meant, and the interval of what was measured where it was taken."""
    meant = f"meant: {percent(shapes.coverage)}"
    if shapes.covered_low is None or shapes.covered_high is None:
        return meant
    return f"{percent(shapes.covered_low)} to {percent(shapes.covered_high)}, {meant}"


def in_short(material: Material) -> Section:
    """What the model does and how it compares, in plain words and one chart."""
    blocks: list[Block] = [Prose(_plain_words(material)), _comparison(material)]
    return Section("In short", blocks)


def _plain_words(material: Material) -> str:
    """Two paragraphs for somebody who decides."""
    use_case, evidence = material.use_case, material.evidence
    question = use_case.title or f"What is `{evidence.target}`?"
    of_what = "one row at a time" if evidence.ranking is None else "the rows of one list at a time"
    source = f"The model answers the question **“{question}”** for {of_what}. "
    when = f"It was trained on {count(material.lineage.split.train.rows)} rows"
    judged = f"and judged on {count(evidence.rows)} rows that it had not seen"
    window = f", from {day(evidence.since)} to {day(evidence.until)}" if evidence.since and evidence.until else ""
    first = f"{source}{when}, {judged}{window}."
    if evidence.binary is not None:
        return f"{first}\n\n{_binary_words(material)}"
    if evidence.regression is not None:
        errors = evidence.regression.errors
        return (
            f"{first}\n\nHalf of its answers are off by less than **{number(errors['50%'], 3)}**, and nine in ten by "
            "less "
            f"than **{number(errors['90%'], 3)}**. The intervals that it gives hold the true value for "
            f"{percent(evidence.regression.covered)} of the rows; they are made to hold "
            f"{percent(evidence.regression.coverage)}."
        )
    if evidence.ranking is not None:
        return f"{first}\n\n{ranking_words(material, evidence.ranking)}"
    right = next((one.value for one in evidence.challenger.metrics if one.name == "accuracy"), 0.0)
    plain = next((one.value for one in material.best_baseline.metrics if one.name == "accuracy"), None)
    beside = f" ({material.best_baseline.name}: {number(100 * plain, 3)})" if plain is not None else ""
    return f"{first}\n\nOf 100 rows it names the right class for **{number(100 * right, 3)}**{beside}."


def _binary_words(material: Material) -> str:
    binary = material.evidence.binary
    if binary is None:
        return ""
    (_, false), (missed, hit) = binary.confusion
    flagged = (false + hit) / max(material.evidence.rows, 1)
    if not hit + false:
        return f"At its threshold of {number(binary.threshold, 3)} it calls no row `{binary.positive}`."
    precision = hit / (hit + false)
    return (
        f"Of 100 rows it calls **{number(100 * flagged, 2)}** `{binary.positive}`. Of those, "
        f"**{number(100 * precision, 2)} in 100** are; picked blindly it would be "
        f"{number(100 * binary.prevalence, 2)}. "
        f"So it finds **{percent(hit / max(hit + missed, 1))}** of all that are `{binary.positive}`. "
        f"Where to cut is a choice, at {number(binary.threshold, 3)} now: cut lower, and it finds more, with more "
        "false alarms."
    )


def _comparison(material: Material) -> Figure:
    metric = material.metric
    contenders = [material.evidence.challenger, *material.rivals]
    colours: dict[str, Colour] = {"challenger": "sea", "champion": "sand", "baseline": "fog"}
    rows = [
        Bar(
            f"champion {one.name}" if one.role == "champion" else one.name,
            one.metrics[0].value,
            one.metrics[0].low,
            one.metrics[0].high,
            colour=colours[one.role],
        )
        for one in contenders
    ]
    name = metric_name(metric.name)
    said = "; ".join(f"{row.label} {number(row.value)}" for row in rows)
    best = material.best_baseline
    lead = next(one for one in material.lineage.evaluation.baselines if one.name == best.name).difference
    words = (
        f"{name} is {MEANINGS.get(metric.name, 'the measure that decides')}. The bars around the dots are "
        f"{percent(material.evidence.confidence)} intervals: how far chance could move the value.\n\n"
        f"The strongest plain model is **{best.name}**. On the same rows this model is ahead of it by "
        f"**{number(lead.value, 3)}** ({span(lead.low, lead.high, 3)})"
        f"{', which is more than chance' if lead.low > 0 else ', which may be chance'}."
    )
    chart = intervals(rows, alt=f"{name} on the gate rows: {said}", x_label=name)
    return Figure(chart, "Against plain models, on the same rows", words)


def _until(material: Material) -> str:
    boundary = material.lineage.split.boundary
    return f"until {moment(boundary)}" if boundary is not None else f"split by {material.lineage.split.by}"
