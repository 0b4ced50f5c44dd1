"""Where the target came from, when it is no column of the rows: a label source, labelling functions."""

from __future__ import annotations

from collections.abc import Iterator

from tidemill.reporting.charts import Bar, bars
from tidemill.reporting.language import say, say_plural
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Pairs, Prose, Table
from tidemill.reporting.wording import MISSING, count, moment, percent
from tidemill.results import FunctionVotes, LabelArrivals, Voting

__all__ = ["the_labels"]


def the_labels(material: Material) -> Iterator[Block]:
    """What came of a label source's rows, and of the functions' votes. Nothing where rows bring their own target."""
    labelled = material.lineage.labelled
    if labelled.arrivals is not None:
        yield _arrivals(labelled.arrivals)
    if labelled.voting is not None:
        yield from _voting(labelled.voting)


def _arrivals(found: LabelArrivals) -> Pairs:
    always: list[tuple[str, Cell]] = [
        (say("labels as of"), moment(found.now)),
        (say("rows of the label source"), say("{rows} in `{source}`", rows=count(found.rows), source=found.source)),
        (say("labels that rows have"), count(found.used)),
    ]
    told = [
        (say("corrected by a newer one"), found.superseded),
        (say("known only later"), found.later),
        (say("without a row"), found.orphans),
        (say("without a key, or a moment that can be read"), found.unreadable),
        (say("keys with different labels of one moment"), found.tied),
        (say("rows whose label never came, and counts as given"), found.absent),
        (say("rows with a label that was known before their own time"), found.early),
    ]
    return Pairs([*always, *((name, count(rows)) for name, rows in told if rows)])


def _voting(found: Voting) -> Iterator[Block]:
    yield _functions(found)
    steps = len(found.confidence)
    first = next((place for place, rows in enumerate(found.confidence) if rows), steps)
    shown = [
        Bar(
            say("{low} to {high}", low=str(place * 100 // steps), high=percent((place + 1) / steps, 0)),
            found.confidence[place],
            colour="sea",
        )
        for place in range(first, steps)
    ]
    if shown:
        counts = ", ".join(f"{bar.label} {count(bar.value)}" for bar in shown)
        chart = bars(shown, alt=say("Rows by confidence: {counts}", counts=counts))
        yield Figure(chart, say("How sure the labels are, in rows"), _balance(found))
    caution = say(
        "A model that learns from these labels is judged by them too: its figures say how well it copies the "
        "functions, "
        "and as much about the truth as the functions do. It may read what they read; a column that alone decides a "
        "label is a leak."
    )
    if found.gold_accuracy is not None:
        caution += " " + say_plural(
            "On the {count} row of known target that they voted on, {share} of labels are right.",
            "On the {count} rows of known target that they voted on, {share} of labels are right.",
            found.gold_voted,
            share=percent(found.gold_accuracy),
        )
    yield Prose(caution)


def _functions(found: Voting) -> Table:
    """What each labelling function is worth."""
    asked = say_plural(
        "Labelling functions: {count} row asked about.", "Labelling functions: {count} rows asked about.", found.rows
    )
    how = say("Votes are weighed by a label model (Dawid-Skene).") if found.model else say("Votes are counted.")
    rest = say("Overlaps and conflicts are with other functions; known targets are those that rows brought.")
    head = [
        say("function"),
        say("says"),
        say("coverage"),
        say("overlaps"),
        say("conflicts"),
        say("estimated accuracy"),
        say("on known targets"),
    ]
    return Table(head, [_function(one) for one in found.functions], f"{asked} {how} {rest}")


def _function(one: FunctionVotes) -> list[Cell]:
    known = (
        MISSING
        if one.gold_accuracy is None
        else say("{share} of {rows}", share=percent(one.gold_accuracy), rows=count(one.gold_rows))
    )
    shares = [percent(share) for share in (one.coverage, one.overlaps, one.conflicts, one.accuracy)]
    return [f"`{one.name}`", f"`{one.says}`", *shares, known]


def _balance(found: Voting) -> str:
    """What became of the rows that the functions were asked about."""
    said = [say_plural("{count} row got a label.", "{count} rows got a label.", found.labelled)]
    if found.gold:
        said.append(say_plural("{count} row had one already.", "{count} rows had one already.", found.gold))
    if found.silent:
        said.append(say_plural("Nobody voted on {count} row.", "Nobody voted on {count} rows.", found.silent))
    if found.tied:
        said.append(say_plural("{count} row is undecided.", "{count} rows are undecided.", found.tied))
    if found.unsure:
        said.append(say_plural("{count} row is too unsure.", "{count} rows are too unsure.", found.unsure))
    return " ".join(said)
