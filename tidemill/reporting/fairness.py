"""The report's section on groups of rows: what the model does to each, how far apart they are, what stands for them."""

from __future__ import annotations

from tidemill.evaluation.evidence import Evidence
from tidemill.fairness.records import Fairness, Gap, GroupedBy, Rate
from tidemill.reporting.charts import Bar, Format, Mark, bars, intervals
from tidemill.reporting.language import say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Badge, Block, Cell, Figure, Figures, Fold, Notice, Prose, Section, Table
from tidemill.reporting.wording import MISSING, count, number, percent
from tidemill.task import is_classification

__all__ = ["how_groups_fare", "treated_differently"]

_MOST_FIGURES = 6
_SHARES = ("selection_rate", "tpr", "fpr")
_TELLING = 0.65


def how_groups_fare(material: Material) -> Section | None:
    """The groups that the use case names; None where it names none."""
    found = material.evidence.fairness
    if found is None:
        return None
    blocks: list[Block] = [Prose(_reading(found))]
    for column in found.columns:
        blocks += _column(material.evidence, found, column)
    return Section(say("How groups fare"), blocks, _lead(found))


def treated_differently(evidence: Evidence) -> list[str]:
    """For those who decide: which groups differ beyond the limit, or beyond chance where there is none."""
    found = evidence.fairness
    if found is None:
        return []
    return [
        say(
            "`{column}`: {high_group} and {low_group} differ in {what} ({high} against {low}).",
            column=column.column,
            high_group=gap.high_group,
            low_group=gap.low_group,
            what=_title(gap.measure, gap.label, evidence),
            high=_value(gap.high, _form(gap.measure, evidence)),
            low=_value(gap.low, _form(gap.measure, evidence)),
        )
        for column in found.columns
        for gap in column.gaps
        if gap.verdict == "beyond" and gap.measure != "selection_ratio"
    ]


def _lead(found: Fairness) -> str:
    names = ", ".join(f"`{column.column}`" for column in found.columns)
    limited = [gap for column in found.columns for gap in column.gaps if gap.limit is not None]
    beyond = [gap for gap in limited if gap.verdict == "beyond"]
    if not limited:
        return say(
            "What the model does to the groups of {names}. No limits are set for how far apart they may be.",
            names=names,
        )
    if not beyond:
        return say(
            "The groups of {names} are within the limits that are set, or too close to them to tell.", names=names
        )
    if found.refuses:
        return say("Groups of {names} are farther apart than allowed: the model was refused for it.", names=names)
    return say(
        "Groups of {names} are farther apart than the limits that are set. It is reported, no more.", names=names
    )


def _reading(found: Fairness) -> str:
    return say(
        "Each dot is one group with its interval. A difference counts when it is more than chance, with false alarms "
        "held down over all pairs of groups and all measures together. Groups of fewer than {rows:,} gate rows are not "
        "judged. That groups differ does not say why: they may differ in what the answer hangs on, and the data may "
        "hold old injustice.",
        rows=found.minimum_rows,
    )


def _column(evidence: Evidence, found: Fairness, column: GroupedBy) -> list[Block]:
    blocks: list[Block] = []
    if column.unjudged:
        measures = ", ".join(_title(measure, None, evidence) for measure in column.unjudged)
        blocks.append(
            Notice(
                "warn",
                say("`{column}`: too few rows to compare its groups", column=column.column),
                say(
                    "Not judged against the limits: {measures}. It takes two groups of {rows:,} rows each.",
                    measures=measures,
                    rows=found.minimum_rows,
                ),
            )
        )
    keys = [(gap.measure, gap.label) for gap in column.gaps if gap.measure != "selection_ratio"]
    if len(keys) > _MOST_FIGURES:  # several classes: those whose groups are farthest apart
        far = {(gap.measure, gap.label): gap.size.value for gap in column.gaps}
        keys = sorted(sorted(keys, key=lambda key: -far[key])[:_MOST_FIGURES], key=keys.index)
    figures = [_figure(evidence, found, column, measure, label) for measure, label in keys]
    proxies = _proxies(column)
    blocks.append(Figures([*figures, *([proxies] if proxies else [])], packed=True))
    blocks.append(
        Fold(say("`{column}` in numbers", column=column.column), [_gaps(evidence, column), _rates(evidence, column)])
    )
    return blocks


def _figure(evidence: Evidence, found: Fairness, column: GroupedBy, measure: str, label: str | None) -> Figure:
    gap = next(one for one in column.gaps if (one.measure, one.label) == (measure, label))
    rows = []
    for group in column.groups:
        rate = next(one for one in group.rates if (one.measure, one.label) == (measure, label))
        if rate.value is not None:
            extreme = gap.verdict == "beyond" and group.value in (gap.high_group, gap.low_group)
            note = say("{rows:,} rows", rows=rate.rows)
            rows.append(Bar(group.value, rate.value, rate.low, rate.high, note, "coral" if extreme else "sea"))
    form = _form(measure, evidence)
    marks = [Mark(0.0, "", axis="x")] if measure == "calibration" else []
    title = say("`{column}`: {measure}", column=column.column, measure=_title(measure, label, evidence))
    alt = "; ".join(f"{row.label} {_value(row.value, form)}" for row in rows)
    words = f"{_meaning(measure, label, evidence)} {_gap_words(gap, form)}"
    ratio = next((one for one in column.gaps if (one.measure, one.label) == ("selection_ratio", label)), None)
    if measure == "selection_rate" and ratio is not None:
        words += f" {_ratio_words(ratio)}"
    few = [group.value for group in column.groups if group.value not in {row.label for row in rows}]
    if few:
        words += " " + say("Too few rows to judge: {groups}.", groups=", ".join(few[:8]))
    return Figure(intervals(rows, alt=f"{title}: {alt}", form=form, marks=marks), title, words)


def _title(measure: str, label: str | None, evidence: Evidence) -> str:
    answer = label or (evidence.binary.positive if evidence.binary else "")
    if measure == "selection_rate":
        return say("how often it says {answer}", answer=answer)
    if measure == "selection_ratio":
        return say("lowest rate over highest")
    if measure == "tpr":
        return say("how much of {answer} it finds", answer=answer)
    if measure == "fpr":
        return say("how often it wrongly says {answer}", answer=answer)
    if measure == "calibration":
        if label:
            return say("predicted less what happened, {answer}", answer=label)
        return say("predicted less what happened")
    if measure == "exposure":
        return say("how near the top")
    return say("wrong answers") if is_classification(evidence.task) else say("mean absolute error")


def _meaning(measure: str, label: str | None, evidence: Evidence) -> str:
    answer = label or (evidence.binary.positive if evidence.binary else "")
    if measure == "selection_rate":
        return say("The share of rows for which the model says `{answer}` (selection rate).", answer=answer)
    if measure == "tpr":
        return say("Of the rows that are `{answer}`, the share that it finds (true positive rate).", answer=answer)
    if measure == "fpr":
        return say(
            "Of the rows that are not `{answer}`, the share for which it says so all the same (false positive rate).",
            answer=answer,
        )
    if measure == "calibration":
        return say("What is predicted less what happened, on average: above 0 it expects too much, below 0 too little.")
    if measure == "exposure":
        return say("How much of the attention at the top of the lists its rows get; 1 is what chance would bring.")
    if is_classification(evidence.task):
        return say("The share of wrong answers.")
    return say("How far off the predictions are on average, in the target's unit.")


def _gap_words(gap: Gap, form: Format) -> str:
    size = say(
        "**{high_group}** and **{low_group}** are {size} apart ({low} to {high}).",
        high_group=gap.high_group,
        low_group=gap.low_group,
        size=_value(gap.size.value, form),
        low=_value(gap.size.low, form),
        high=_value(gap.size.high, form),
    )
    if gap.limit is None:
        if gap.verdict == "beyond":
            return f"{size} {say('That is more than chance.')}"
        return f"{size} {say('That may be chance.')}"
    limit = percent(gap.limit) if form == "percent" else f"{gap.limit:g}"
    if gap.verdict == "beyond":
        return f"{size} {say('The limit is {limit}: this is more, and not by chance.', limit=limit)}"
    if gap.verdict == "within":
        return f"{size} {say('The limit is {limit}.', limit=limit)}"
    return f"{size} {say('The limit is {limit}: this is more, but that may be chance.', limit=limit)}"


def _ratio_words(gap: Gap) -> str:
    if gap.limit is None:
        return say(
            "The lowest rate is {size:.2f} of the highest ({low:.2f} to {high:.2f}); four fifths is a usual rule.",
            size=gap.size.value,
            low=gap.size.low,
            high=gap.size.high,
        )
    said = say(
        "The rate of {low_group} is {size:.2f} of that of {high_group} ({low:.2f} to {high:.2f}), and {limit:.2f} is "
        "asked for.",
        low_group=gap.low_group,
        high_group=gap.high_group,
        size=gap.size.value,
        low=gap.size.low,
        high=gap.size.high,
        limit=gap.limit,
    )
    return f"{said} {say('That may be chance.')}" if gap.verdict == "may be chance" else said


def _proxies(column: GroupedBy) -> Figure | None:
    if not column.proxies:
        return None
    rows = [Bar(one.column, one.auc, colour="coral" if one.auc >= _TELLING else "sea") for one in column.proxies]
    best = column.proxies[0]
    name = column.column
    words = [say("The model reads `{column}` itself.", column=name)] if column.read else []
    if best.auc >= _TELLING:
        words.append(
            say(
                "`{proxy}` tells `{column}` with AUC {auc:.2f}: it can stand for it.",
                proxy=best.column,
                column=name,
                auc=best.auc,
            )
        )
    else:
        words.append(say("No column tells `{column}` well by itself.", column=name))
    if column.together is not None:
        words.append(
            say("All columns that the model reads, taken together, tell it with AUC {auc:.2f}.", auc=column.together)
        )
    words.append(say("0.5 is guessing, 1 is knowing; told for rows that were not fitted on."))
    alt = "; ".join(f"{row.label} {row.value:.2f}" for row in rows)
    chart = bars(rows, alt=say("AUC of columns for {column}: {rows}", column=name, rows=alt))
    return Figure(chart, say("What tells `{column}`", column=name), " ".join(words))


def _gaps(evidence: Evidence, column: GroupedBy) -> Table:
    head = [say("measure"), say("highest"), say("lowest"), say("apart"), say("interval"), say("limit"), say("verdict")]
    rows: list[list[Cell]] = []
    for gap in column.gaps:
        form = _form(gap.measure, evidence)
        rows.append(
            [
                _title(gap.measure, gap.label, evidence),
                f"{gap.high_group} {_value(gap.high, form)}",
                f"{gap.low_group} {_value(gap.low, form)}",
                _value(gap.size.value, form),
                f"{_value(gap.size.low, form)} – {_value(gap.size.high, form)}",
                MISSING if gap.limit is None else _value(gap.limit, form),
                _verdict(gap),
            ]
        )
    return Table(head, rows, say("The two groups that are farthest apart in each measure"))


def _verdict(gap: Gap) -> Cell:
    if gap.limit is None and gap.measure == "selection_ratio":
        return MISSING
    if gap.limit is None:
        return Badge(say("a difference"), "plain") if gap.verdict == "beyond" else Badge(say("may be chance"), "plain")
    if gap.verdict == "beyond":
        return Badge(say("beyond the limit"), "bad")
    return Badge(say("within"), "good") if gap.verdict == "within" else Badge(say("can't tell"), "warn")


def _rates(evidence: Evidence, column: GroupedBy) -> Table:
    keys = list(dict.fromkeys((one.measure, one.label) for group in column.groups for one in group.rates))
    head = [column.column, say("rows"), *(_title(measure, label, evidence) for measure, label in keys)]
    rows: list[list[Cell]] = [
        [group.value, count(group.rows), *(_told(one, _form(one.measure, evidence)) for one in group.rates)]
        for group in column.groups
    ]
    return Table(head, rows, say("Every group, with intervals"))


def _told(one: Rate, form: Format) -> str:
    if one.value is None or one.low is None or one.high is None:
        return MISSING
    return f"{_value(one.value, form)} ({_value(one.low, form)} – {_value(one.high, form)})"


def _form(measure: str, evidence: Evidence) -> Format:
    shares = measure in _SHARES or (measure == "error" and is_classification(evidence.task))
    return "percent" if shares else "signed" if measure == "calibration" else "number"


def _value(value: float, form: Format) -> str:
    return percent(value) if form == "percent" else number(value, 3)
