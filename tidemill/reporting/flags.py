"""The report's part on two classes: what is found for how many false alarms, and can probabilities be believed?"""

from __future__ import annotations

from tidemill.evaluation.evidence import Bin, Binary
from tidemill.reporting.charts import Colour, Line, Mark, Shape, histogram, lines, matrix
from tidemill.reporting.language import say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Table
from tidemill.reporting.wording import count, number, percent, rival_name, span

__all__ = ["flag_blocks", "reliability"]


def flag_blocks(material: Material, binary: Binary) -> list[Block]:
    """Every plot of two classes, two by two, and the tables of costs and of cuts."""
    return [
        Figures([_roc(material, binary), _precision_recall(binary)]),
        Figures([_calibration(binary), _scores(binary)]),
        Figures([_gain(binary), _lift(binary)]),
        _confusion(binary),
        *([_costs(binary)] if binary.costs else []),
        _cuts(binary),
    ]


def _costs(binary: Binary) -> Table:
    """What the decisions cost, by the use case's own costs."""
    rows: list[list[Cell]] = [[one.name, number(one.value), span(one.low, one.high)] for one in binary.costs]
    caption = say(
        "Costs less gains, by `tune.threshold` of the use case. The model says `{positive}` at a threshold of "
        "{threshold}.",
        positive=binary.positive,
        threshold=number(binary.threshold, 3),
    )
    return Table([say("decision"), say("mean cost of a row"), say("interval")], rows, caption)


def _roc(material: Material, binary: Binary) -> Figure:
    evidence = material.evidence
    own = evidence.challenger.roc
    series = [Line(say("this model"), own.x, own.y)] if own else []
    for rival in (material.best_baseline, *(one for one in material.rivals if one.role == "champion")):
        if rival.roc:
            colour: Colour = "sand" if rival.role == "champion" else "fog"
            series.append(Line(rival_name(rival.name), rival.roc.x, rival.roc.y, colour=colour, style="dashes"))
    area = number(next(one.value for one in evidence.challenger.metrics if one.name == "auc"))
    chart = lines(
        series,
        alt=say("ROC curve: AUC {area}", area=area),
        x_label=say("false alarms: share of all {negative} that are flagged", negative=binary.negative),
        y_label=say("share of all {positive} that are found", positive=binary.positive),
        x_format="percent",
        y_format="percent",
        diagonal=True,
        square=True,
        x_limits=(0, 1),
        y_limits=(0, 1.01),
    )
    at = next((y for x, y in zip(own.x, own.y, strict=True) if x >= 0.2), 1.0) if own else 0.0
    words = say(
        "Every point is a place to cut. When one in five `{negative}` rows may be flagged by mistake, the model finds "
        "**{share}** of the `{positive}` ones. The dotted line is a coin's toss; the area under the curve is the AUC, "
        "**{area}**.",
        negative=binary.negative,
        share=percent(at),
        positive=binary.positive,
        area=area,
    )
    return Figure(chart, say("What is found for how many false alarms (ROC)"), words)


def _precision_recall(binary: Binary) -> Figure:
    prevalence = percent(binary.prevalence)
    chart = lines(
        [Line(say("this model"), binary.pr.x, binary.pr.y)],
        alt=say(
            "Precision against recall; the share of {positive} is {share}", positive=binary.positive, share=prevalence
        ),
        x_label=say("share of all {positive} that are found (recall)", positive=binary.positive),
        y_label=say("share of flagged rows that are right (precision)"),
        x_format="percent",
        y_format="percent",
        marks=[Mark(binary.prevalence, say("picked blindly"))],
        square=True,
        x_limits=(0, 1),
        y_limits=(0, min(max(max(binary.pr.y[3:], default=1.0), binary.prevalence) * 1.15, 1.01)),
    )
    words = say(
        "The more of the `{positive}` rows one wants to find, the more of the flagged ones are wrong. Picked blindly, "
        "**{share}** of rows are `{positive}`; what lies above the dashed line is what the model adds.",
        positive=binary.positive,
        share=prevalence,
    )
    return Figure(chart, say("How often a flag is right"), words)


def _calibration(binary: Binary) -> Figure:
    worst = max(binary.calibration, key=lambda one: abs(one.predicted - one.observed))
    gap = {
        "predicted": percent(worst.predicted),
        "observed": percent(worst.observed),
        "positive": binary.positive,
    }
    if worst.low <= worst.predicted <= worst.high:
        verdict = say("No bin is off by more than chance allows.")
    elif worst.predicted > worst.observed:
        verdict = say("The largest gap is too high: where it says {predicted}, {observed} are `{positive}`.", **gap)
    else:
        verdict = say("The largest gap is too low: where it says {predicted}, {observed} are `{positive}`.", **gap)
    words = say(
        "Rows are put into bins by their predicted probability; a dot on the dotted line means that as many happened "
        "as "
        "were predicted. On average the probabilities are off by **{error} points**.",
        error=number(100 * binary.calibration_error, 2),
    )
    chart = reliability(binary.calibration, say("share that was {class_name}", class_name=binary.positive))
    return Figure(chart, say("Can its probabilities be believed?"), f"{words} {verdict}")


def reliability(bins: tuple[Bin, ...], y_label: str) -> str:
    """Predicted probability against what happened, in bins; as SVG."""
    top = min(max(max(one.predicted for one in bins), max(one.high for one in bins)) * 1.08, 1.0)
    said = "; ".join(
        say(
            "{predicted} predicted, {observed} observed",
            predicted=percent(one.predicted),
            observed=percent(one.observed),
        )
        for one in bins
    )
    return lines(
        [
            Line(
                say("observed"),
                [one.predicted for one in bins],
                [one.observed for one in bins],
                [one.low for one in bins],
                [one.high for one in bins],
                style="dotted line",
            )
        ],
        alt=say("Calibration: {bins}", bins=said),
        x_label=say("predicted probability"),
        y_label=y_label,
        x_format="percent",
        y_format="percent",
        diagonal=True,
        square=True,
        x_limits=(0, top),
        y_limits=(0, top),
    )


def _scores(binary: Binary) -> Figure:
    shown = binary.histogram
    shapes = [
        Shape(binary.negative, shown.counts[binary.negative], "sea"),
        Shape(binary.positive, shown.counts[binary.positive], "coral"),
    ]
    chart = histogram(
        shown.edges,
        shapes,
        alt=say(
            "Distribution of predicted probabilities for {negative} and {positive} rows",
            negative=binary.negative,
            positive=binary.positive,
        ),
        x_label=say("predicted probability"),
        y_label=say("share of the class's rows"),
        x_format="percent",
        marks=[Mark(binary.threshold, say("threshold"), axis="x")],
        height=350,
    )
    overlap = sum(
        min(first / max(sum(shapes[0].counts), 1), second / max(sum(shapes[1].counts), 1))
        for first, second in zip(shapes[0].counts, shapes[1].counts, strict=True)
    )
    words = say(
        "The further the two shapes stand apart, the better the classes can be told apart. Here they overlap by "
        "**{share}**. What lies right of the threshold is called `{positive}`.",
        share=percent(overlap),
        positive=binary.positive,
    )
    return Figure(chart, say("Where the probabilities lie"), words)


def _confusion(binary: Binary) -> Figure:
    (left_alone, false_alarms), (missed, found) = binary.confusion
    told = {
        "found": count(found),
        "positive": binary.positive,
        "missed": count(missed),
        "false_alarms": count(false_alarms),
        "negative": binary.negative,
        "positives": count(missed + found),
        "negatives": count(left_alone + false_alarms),
    }
    names = [binary.negative, binary.positive]
    chart = matrix(
        binary.confusion,
        names,
        names,
        alt=say(
            "{found} {positive} rows found and {missed} missed; {false_alarms} {negative} rows of {negatives} "
            "flagged by "
            "mistake",
            **told,
        ),
        row_label=say("what it was"),
        column_label=say("what the model said"),
    )
    words = say(
        "Of {positives} rows that were `{positive}` the model found **{found}**, and it missed {missed}. It raised "
        "**{false_alarms}** false alarms among {negatives} rows that were `{negative}`.",
        **told,
    )
    title = say("Right and wrong at a threshold of {threshold}", threshold=number(binary.threshold, 3))
    return Figure(chart, title, words)


def _gain(binary: Binary) -> Figure:
    shares = [0.0, *(cut.flagged for cut in binary.cuts), 1.0]
    found = [0.0, *(cut.recall for cut in binary.cuts), 1.0]
    tenth = next(cut for cut in binary.cuts if cut.flagged == 0.1)
    said = "; ".join(
        say("flagging {flagged} finds {found}", flagged=percent(cut.flagged), found=percent(cut.recall))
        for cut in binary.cuts
    )
    chart = lines(
        [Line(say("this model"), shares, found, style="dotted line")],
        alt=said,
        x_label=say("share of rows flagged, the likeliest first"),
        y_label=say("share of all {positive} that are found", positive=binary.positive),
        x_format="percent",
        y_format="percent",
        diagonal=True,
        x_limits=(0, 1),
        y_limits=(0, 1.03),
        height=350,
    )
    words = say(
        "If there is time to look at one row in ten, the likeliest tenth holds **{share}** of all `{positive}` rows. "
        "The "
        "dotted line is what looking at rows blindly finds.",
        share=percent(tenth.recall),
        positive=binary.positive,
    )
    return Figure(chart, say("What looking at a part of the rows finds (gain)"), words)


def _lift(binary: Binary) -> Figure:
    lifts = [cut.recall / cut.flagged for cut in binary.cuts]
    first, tenth = binary.cuts[0], next(cut for cut in binary.cuts if cut.flagged == 0.1)
    said = "; ".join(
        say("the likeliest {flagged}: {lift} times", flagged=percent(cut.flagged), lift=number(lift, 3))
        for cut, lift in zip(binary.cuts, lifts, strict=True)
    )
    chart = lines(
        [Line(say("this model"), [cut.flagged for cut in binary.cuts], lifts, style="dotted line")],
        alt=said,
        x_label=say("share of rows flagged, the likeliest first"),
        y_label=say("times as many {positive} as picked blindly", positive=binary.positive),
        x_format="percent",
        marks=[Mark(1.0, say("picked blindly"))],
        x_limits=(0, max(cut.flagged for cut in binary.cuts) * 1.04),
        y_limits=(0, max(1.0, *lifts) * 1.12),
        height=350,
    )
    words = say(
        "Among the likeliest {first} there are **{most}** times as many `{positive}` rows as among rows picked "
        "blindly, "
        "and among the likeliest tenth {tenth} times. Where the line comes down to 1, looking further adds nothing.",
        first=percent(first.flagged),
        most=number(lifts[0], 2),
        positive=binary.positive,
        tenth=number(tenth.recall / 0.1, 2),
    )
    return Figure(chart, say("How much better than picking blindly (lift)"), words)


def _cuts(binary: Binary) -> Table:
    rows: list[list[Cell]] = [
        [percent(cut.flagged), number(cut.threshold, 3), percent(cut.precision), percent(cut.recall)]
        for cut in binary.cuts
    ]
    head = [
        say("rows flagged"),
        say("threshold"),
        say("of them {positive}", positive=binary.positive),
        say("of all {positive} found", positive=binary.positive),
    ]
    return Table(head, rows, say("Other places to cut (`tune.threshold` sets one)"))
