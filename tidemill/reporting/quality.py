"""The report's section on how good the model is: the shapes of its answers on the gate rows."""

from __future__ import annotations

from tidemill.evaluation.evidence import Bin, Binary, Multiclass, Regression
from tidemill.reporting.charts import Line, Mark, Shape, histogram, lines, matrix
from tidemill.reporting.forecasts import forecast_blocks
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_blocks
from tidemill.reporting.page import Block, Cell, Figure, Figures, Section, Table
from tidemill.reporting.wording import MISSING, count, metric_name, number, percent, plural, span

__all__ = ["how_good_it_is"]

_WAYS = {
    "constant": " They are as wide for every row, by the errors on validation rows.",
    "scaled": " They grow with the errors that are usual for predictions of that size.",
    "quantile": " Their ends are predicted for each row, and corrected by what they missed on validation rows.",
}


def how_good_it_is(material: Material) -> Section:
    """Metrics with intervals, then the plots that fit the task."""
    evidence = material.evidence
    blocks: list[Block] = []
    if evidence.binary is not None:
        blocks += _binary(material, evidence.binary)
    if evidence.multiclass is not None:
        blocks += _multiclass(evidence.multiclass)
    if evidence.regression is not None:
        blocks += _regression(evidence.target, evidence.regression)
    if evidence.forecast is not None:
        blocks += forecast_blocks(evidence.target, evidence.forecast)
    if evidence.ranking is not None:
        blocks += ranking_blocks(material, evidence.ranking)
    drawn = f" of the {plural(evidence.ranking.queries, 'query', 'queries')}" if evidence.ranking else ""
    lead = (
        f"All on the {count(evidence.rows)} gate rows. Intervals are at {percent(evidence.confidence)}, "
        f"from {count(evidence.resamples)} bootstrap resamples{drawn}."
    )
    if evidence.weight:
        lead += f" In every metric a row counts as much as `{evidence.weight}` says; the pictures count rows."
    return Section("How good it is", [_metrics(material), *blocks], lead)


def _metrics(material: Material) -> Table:
    """Every metric of everybody; the interval only of the model itself."""
    others = material.rivals
    names = [one.name for one in material.evidence.challenger.metrics]
    rows: list[list[Cell]] = []
    for name in names:
        own = next(one for one in material.evidence.challenger.metrics if one.name == name)
        values: list[Cell] = [f"{number(own.value)}", span(own.low, own.high)]
        for other in others:
            theirs = next((one.value for one in other.metrics if one.name == name), None)
            values.append(MISSING if theirs is None else number(theirs))
        rows.append([metric_name(name), *values])
    head = ["metric", "this model", "interval", *(one.name for one in others)]
    binary = material.evidence.task == "binary"
    caption = "What a threshold decides is shown for this model only, accuracy of the others at 0.5." if binary else ""
    return Table(head, rows, caption)


def _binary(material: Material, binary: Binary) -> list[Block]:
    return [
        Figures([_roc(material, binary), _precision_recall(binary)]),
        Figures([_calibration(binary), _scores(binary)]),
        Figures([_confusion(binary), _flagging(binary)]),
        *([_costs(binary)] if binary.costs else []),
        _cuts(binary),
    ]


def _costs(binary: Binary) -> Table:
    """What the decisions cost, by the use case's own costs."""
    rows: list[list[Cell]] = [[one.name, number(one.value), span(one.low, one.high)] for one in binary.costs]
    flagged = f"`{binary.positive}` at a threshold of {number(binary.threshold, 3)}"
    caption = f"Costs less gains, by `tune.threshold` of the use case. The model says {flagged}."
    return Table(["decision", "mean cost of a row", "interval"], rows, caption)


def _roc(material: Material, binary: Binary) -> Figure:
    evidence = material.evidence
    own = evidence.challenger.roc
    series = [Line("this model", own.x, own.y)] if own else []
    for rival in (material.best_baseline, *(one for one in material.rivals if one.role == "champion")):
        if rival.roc:
            champion = rival.role == "champion"
            series.append(
                Line(rival.name, rival.roc.x, rival.roc.y, colour="sand" if champion else "fog", style="dashes")
            )  # fmt: skip
    area = next(one.value for one in evidence.challenger.metrics if one.name == "auc")
    chart = lines(
        series,
        alt=f"ROC curve: AUC {area:.4f}",
        x_label=f"false alarms: share of all {binary.negative} that are flagged",
        y_label=f"share of all {binary.positive} that are found",
        x_format="percent",
        y_format="percent",
        diagonal=True,
        square=True,
        x_limits=(0, 1),
        y_limits=(0, 1.01),
    )
    at = next((y for x, y in zip(own.x, own.y, strict=True) if x >= 0.2), 1.0) if own else 0.0
    words = (
        f"Every point is a place to cut. When one in five `{binary.negative}` rows may be flagged by mistake, the "
        "model "
        f"finds **{percent(at)}** of the `{binary.positive}` ones. The dotted line is a coin's toss; the area under "
        "the "
        f"curve is the AUC, **{number(area)}**."
    )
    return Figure(chart, "What is found for how many false alarms", words)


def _precision_recall(binary: Binary) -> Figure:
    chart = lines(
        [Line("this model", binary.pr.x, binary.pr.y)],
        alt=f"Precision against recall; the share of {binary.positive} is {binary.prevalence:.3f}",
        x_label=f"share of all {binary.positive} that are found (recall)",
        y_label="share of flagged rows that are right (precision)",
        x_format="percent",
        y_format="percent",
        marks=[Mark(binary.prevalence, "picked blindly")],
        square=True,
        x_limits=(0, 1),
        y_limits=(0, min(max(max(binary.pr.y[3:], default=1.0), binary.prevalence) * 1.15, 1.01)),
    )
    words = (
        f"The more of the `{binary.positive}` rows one wants to find, the more of the flagged ones are wrong. "
        f"Picked blindly, **{percent(binary.prevalence)}** of rows are `{binary.positive}`; what lies above the dashed "
        "line is what the model adds."
    )
    return Figure(chart, "How often a flag is right", words)


def _calibration(binary: Binary) -> Figure:
    worst = max(binary.calibration, key=lambda one: abs(one.predicted - one.observed))
    way = "too high" if worst.predicted > worst.observed else "too low"
    trusted = worst.low <= worst.predicted <= worst.high
    words = (
        "Rows are put into bins by their predicted probability; a dot on the dotted line means that as many "
        "happened as "
        f"were predicted. On average the probabilities are off by **{number(100 * binary.calibration_error, 2)} "
        "points**. "
    )
    words += (
        "No bin is off by more than chance allows."
        if trusted
        else f"The largest gap is {way}: where it says {percent(worst.predicted)}, {percent(worst.observed)} "
        f"are `{binary.positive}`."
    )
    return Figure(_reliability(binary.calibration, binary.positive), "Can its probabilities be believed?", words)


def _reliability(bins: tuple[Bin, ...], what: str) -> str:
    top = min(max(max(one.predicted for one in bins), max(one.high for one in bins)) * 1.08, 1.0)
    said = "; ".join(f"{percent(one.predicted)} predicted, {percent(one.observed)} observed" for one in bins)
    return lines(
        [
            Line(
                "observed",
                [one.predicted for one in bins],
                [one.observed for one in bins],
                [one.low for one in bins],
                [one.high for one in bins],
                style="dotted line",
            )
        ],
        alt=f"Calibration: {said}",
        x_label="predicted probability",
        y_label=f"share that was {what}",
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
        alt=f"Distribution of predicted probabilities for {binary.negative} and {binary.positive} rows",
        x_label="predicted probability",
        y_label="share of the class's rows",
        x_format="percent",
        marks=[Mark(binary.threshold, "threshold", axis="x")],
        height=350,
    )
    overlap = sum(
        min(first / max(sum(shapes[0].counts), 1), second / max(sum(shapes[1].counts), 1))
        for first, second in zip(shapes[0].counts, shapes[1].counts, strict=True)
    )
    words = (
        f"The further the two shapes stand apart, the better the classes can be told apart. Here they overlap by "
        f"**{percent(overlap)}**. What lies right of the threshold is called `{binary.positive}`."
    )
    return Figure(chart, "Where the probabilities lie", words)


def _confusion(binary: Binary) -> Figure:
    (true_negative, false_positive), (false_negative, true_positive) = binary.confusion
    names = [binary.negative, binary.positive]
    chart = matrix(
        binary.confusion,
        names,
        names,
        alt=(
            f"{count(true_positive)} {binary.positive} rows found and {count(false_negative)} missed; "
            f"{count(true_negative)} {binary.negative} rows left alone and {count(false_positive)} flagged by mistake"
        ),
        row_label="what it was",
        column_label="what the model said",
    )
    words = (
        f"Of {count(false_negative + true_positive)} rows that were `{binary.positive}` the model found "
        f"**{count(true_positive)}**, and it missed {count(false_negative)}. It raised **{count(false_positive)}** "
        f"false alarms among {count(true_negative + false_positive)} rows that were `{binary.negative}`."
    )
    return Figure(chart, f"Right and wrong at a threshold of {number(binary.threshold, 3)}", words)


def _flagging(binary: Binary) -> Figure:
    shares = [0.0, *(cut.flagged for cut in binary.cuts), 1.0]
    found = [0.0, *(cut.recall for cut in binary.cuts), 1.0]
    tenth = next(cut for cut in binary.cuts if cut.flagged == 0.1)
    chart = lines(
        [Line("this model", shares, found, style="dotted line")],
        alt="; ".join(f"flagging {percent(cut.flagged)} finds {percent(cut.recall)}" for cut in binary.cuts),
        x_label="share of rows flagged, the likeliest first",
        y_label=f"share of all {binary.positive} that are found",
        x_format="percent",
        y_format="percent",
        diagonal=True,
        x_limits=(0, 1),
        y_limits=(0, 1.03),
        height=350,
    )
    words = (
        f"If there is time to look at one row in ten, the likeliest tenth holds **{percent(tenth.recall)}** of all "
        f"`{binary.positive}` rows, {number(tenth.recall / 0.1, 2)} times as many as a tenth picked blindly."
    )
    return Figure(chart, "What looking at a part of the rows finds", words)


def _cuts(binary: Binary) -> Table:
    rows: list[list[Cell]] = [
        [percent(cut.flagged), number(cut.threshold, 3), percent(cut.precision), percent(cut.recall)]
        for cut in binary.cuts
    ]
    head = ["rows flagged", "threshold", f"of them {binary.positive}", f"of all {binary.positive} found"]
    return Table(head, rows, "Other places to cut (`tune.threshold` sets one)")


def _multiclass(shapes: Multiclass) -> list[Block]:
    hardest = min(
        (one for one in shapes.classes if one.recall is not None), key=lambda one: one.recall or 0.0, default=None
    )
    chart = matrix(
        shapes.confusion,
        shapes.shown,
        shapes.shown,
        alt="Truth by prediction, a row a true class",
        row_label="what it was",
        column_label="what the model said",
    )
    words = "Each row is a true class; the darker the diagonal, the better."
    if hardest is not None:
        words += f" The hardest is `{hardest.label}`: **{percent(hardest.recall)}** of its rows are named rightly."
    error = number(100 * shapes.calibration_error, 2)
    believed = (
        "Rows by the probability of the class that was named, and the share that was named rightly. On average it "
        "is off "
        f"by **{error} points**."
    )
    rows: list[list[Cell]] = [
        [
            one.label,
            one.rows,
            *(MISSING if value is None else percent(value) for value in (one.precision, one.recall)),
            MISSING if one.auc is None else number(one.auc),
        ]
        for one in shapes.classes
    ]
    return [
        Figures(
            [
                Figure(chart, "Which classes are taken for which", words),
                Figure(
                    _reliability(shapes.calibration, "named rightly"), "Can its probabilities be believed?", believed
                ),
            ]
        ),
        Table(["class", "rows", "precision", "recall", "AUC against the rest"], rows),
    ]


def _held(shapes: Regression) -> str:
    low, high = shapes.covered_low, shapes.covered_high
    return "" if low is None or high is None else f", {percent(low)} to {percent(high)}"


def _regression(target: str, shapes: Regression) -> list[Block]:
    bins = shapes.calibration
    chart = lines(
        [
            Line(
                "observed",
                [one.predicted for one in bins],
                [one.observed for one in bins],
                [one.low for one in bins],
                [one.high for one in bins],
                style="dotted line",
            )
        ],
        alt="; ".join(f"{number(one.predicted, 3)} predicted, {number(one.observed, 3)} observed" for one in bins),
        x_label=f"predicted {target}",
        y_label=f"observed {target}",
        diagonal=True,
        square=True,
    )
    residuals = histogram(
        shapes.residuals.edges,
        [Shape("rows", shapes.residuals.counts["rows"], "sea")],
        alt=f"Distribution of errors; half are smaller than {number(shapes.errors['50%'], 3)}",
        x_label="error: predicted minus observed",
        y_label="share of rows",
        marks=[Mark(0.0, "no error", axis="x")],
        height=350,
    )
    words = (
        "Rows in bins by their prediction: the line is what happened on average, the band holds eight in ten rows. "
        "On the dotted line, as much happened as was predicted."
    )
    spread = (
        f"Half of the errors are smaller than **{number(shapes.errors['50%'], 3)}**, and 95 % are smaller than "
        f"{number(shapes.errors['95%'], 3)}. The predicted intervals are {number(shapes.width, 3)} wide and hold the "
        "truth "
        f"for **{percent(shapes.covered)}** of the rows{_held(shapes)} (meant: {percent(shapes.coverage)})."
        f"{_WAYS.get(shapes.way, '')}"
    )
    figures = [
        Figure(chart, "Predicted against observed", words),
        Figure(residuals, "How large the errors are", spread),
    ]
    return [Figures(figures)]
