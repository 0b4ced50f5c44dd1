"""Where the target came from, when it is no column of the rows: a label source, labelling functions."""

from __future__ import annotations

from collections.abc import Iterator

from tidemill.reporting.charts import Bar, bars
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Pairs, Prose, Table
from tidemill.reporting.wording import MISSING, count, moment, percent, plural
from tidemill.results import FunctionVotes, LabelArrivals, Voting

__all__ = ["the_labels"]

_HEAD = ["function", "says", "coverage", "overlaps", "conflicts", "estimated accuracy", "on known targets"]
_CAUTION = (
    "A model that learns from these labels is judged by them too: its figures say how well it copies the functions, "
    "and as much about the truth as the functions do. It may read what they read; a column that alone decides a label "
    "is a leak."
)


def the_labels(material: Material) -> Iterator[Block]:
    """What came of a label source's rows, and of the functions' votes. Nothing where rows bring their own target."""
    labelled = material.lineage.labelled
    if labelled.arrivals is not None:
        yield _arrivals(labelled.arrivals)
    if labelled.voting is not None:
        yield from _voting(labelled.voting)


def _arrivals(found: LabelArrivals) -> Pairs:
    told: list[tuple[str, Cell]] = [
        ("labels as of", moment(found.now)),
        ("rows of the label source", f"{count(found.rows)} in `{found.source}`"),
        ("labels that rows have", count(found.used)),
        ("corrected by a newer one", count(found.superseded)),
        ("known only later", count(found.later)),
        ("without a row", count(found.orphans)),
        ("without a key, or a moment that can be read", count(found.unreadable)),
        ("keys with different labels of one moment", count(found.tied)),
        ("rows whose label never came, and counts as given", count(found.absent)),
        ("rows with a label that was known before their own time", count(found.early)),
    ]
    always = {"labels as of", "rows of the label source", "labels that rows have"}
    return Pairs([(name, value) for name, value in told if name in always or value != "0"])


def _voting(found: Voting) -> Iterator[Block]:
    how = "weighed by a label model (Dawid-Skene)" if found.model else "counted"
    yield Table(
        _HEAD,
        [_function(one) for one in found.functions],
        f"Labelling functions: {plural(found.rows, 'row')} asked about, votes {how}. Overlaps and conflicts are with "
        "other functions; known targets are those that rows brought.",
    )
    steps = len(found.confidence)
    first = next((place for place, rows in enumerate(found.confidence) if rows), steps)
    shown = [
        Bar(f"{place * 100 // steps} to {(place + 1) * 100 // steps} %", found.confidence[place], colour="sea")
        for place in range(first, steps)
    ]
    if shown:
        alt = ", ".join(f"{bar.label} {count(bar.value)}" for bar in shown)
        yield Figure(bars(shown, alt=f"Rows by confidence: {alt}"), "How sure the labels are, in rows", _balance(found))
    judged = ""
    if found.gold_accuracy is not None:
        rows = plural(found.gold_voted, "row")
        judged = (
            f" On the {rows} of known target that they voted on, {percent(found.gold_accuracy)} of labels are right."
        )
    yield Prose(f"{_CAUTION}{judged}")


def _function(one: FunctionVotes) -> list[Cell]:
    known = MISSING if one.gold_accuracy is None else f"{percent(one.gold_accuracy)} of {count(one.gold_rows)}"
    shares = [percent(share) for share in (one.coverage, one.overlaps, one.conflicts, one.accuracy)]
    return [f"`{one.name}`", f"`{one.says}`", *shares, known]


def _balance(found: Voting) -> str:
    kept = f"{plural(found.labelled, 'row')} got a label"
    parts = [
        f"{count(rows)} {words}"
        for rows, words in (
            (found.gold, "had one already"),
            (found.silent, "nobody voted on"),
            (found.tied, "are undecided"),
            (found.unsure, "are too unsure"),
        )
        if rows
    ]
    return f"{kept}; {', '.join(parts)}." if parts else f"{kept}."
