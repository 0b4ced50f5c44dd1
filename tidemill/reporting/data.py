"""The report's section on the data: every row accounted for, every column shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tidemill.reporting.charts import Bar, Colour, bars, sparkline, waterfall
from tidemill.reporting.checks import leaks, personal, traps
from tidemill.reporting.labels import the_labels
from tidemill.reporting.language import retold, say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Badge, Block, Cell, Figure, Picture, Section, Table
from tidemill.reporting.wording import MISSING, count, percent

__all__ = ["the_data"]

_CLASSES: tuple[Colour, ...] = ("sea", "coral", "sand", "leaf", "fog", "tide")
_TASKS = {
    "binary": to_say("yes or no"),
    "multiclass": to_say("class"),
    "regression": to_say("number"),
    "count": to_say("count"),
    "ranking": to_say("rank"),
}
_KINDS = {
    "number": to_say("number"),
    "category": to_say("category"),
    "time": to_say("time"),
    "boolean": to_say("boolean"),
}


def the_data(material: Material) -> Section:
    """Rows, sources, target and columns."""
    balance, labelled = material.version.balance, material.lineage.labelled
    lead = say(
        "{collected} rows were collected, and {used} of them ({share}) were used.",
        collected=count(balance.collected),
        used=count(balance.used),
        share=percent(balance.used / max(balance.collected, 1)),
    )
    if labelled.why:
        kind = say(_TASKS[labelled.task])
        lead += " " + say("What is predicted is a **{kind}**: {why}.", kind=kind, why=retold(labelled.why))
    blocks: list[Block | None] = [_rows(material)]
    refused = _refused(material)
    if refused:
        head = [say("refused because"), say("rows")]
        blocks.append(Table(head, [[why, rows] for why, rows in refused.most_common()]))
    changes = material.lineage.cleaned.changes
    if changes:
        blocks.append(Table([say("what cleaning did to the values")], [[said] for said in changes]))
    blocks += [leaks(material), traps(material), personal(material), _sources(material)]
    if labelled.classes:
        blocks.append(_target(material))
    blocks += the_labels(material)
    blocks.append(_columns(material))
    return Section(say("The data"), [block for block in blocks if block is not None], lead)


def _rows(material: Material) -> Figure:
    balance = material.version.balance
    steps = [
        Bar(say("collected"), balance.collected, colour="tide"),
        Bar(say("repeats"), -balance.deduplicated, colour="fog"),
        Bar(say("quarantined"), -balance.quarantined, colour="coral"),
        Bar(say("waiting"), -balance.waiting, colour="sand"),
        *([Bar(say("of erased people"), -balance.erased, colour="coral")] if balance.erased else []),
        Bar(say("used"), balance.used, colour="sea"),
    ]
    alt = ", ".join(f"{step.label} {count(abs(step.value))}" for step in steps)
    chart = waterfall(steps, alt=say("Rows: {counts}", counts=alt))
    return Figure(chart, say("Every row, accounted for"), " ".join(_account(material)))


def _account(material: Material) -> Iterator[str]:
    """Where each row went, a sentence or two each."""
    balance, split = material.version.balance, material.lineage.split
    yield say(
        "No row is dropped silently: what was collected is what was used, plus repeats, plus rows in quarantine, "
        "plus rows that wait."
    )
    if balance.quarantined:
        yield say_plural(
            "{count} row went to quarantine, with its reason, below.",
            "{count} rows went to quarantine, each with its reason, below.",
            balance.quarantined,
        )
    if balance.waiting:
        yield say_plural(
            "{count} row waits for a label or a later window.",
            "{count} rows wait for a label or a later window.",
            balance.waiting,
        )
    if balance.waiting and split.later:
        yield say_plural(
            "Of these, {count} lies after the gate's window.",
            "Of these, {count} lie after the gate's window.",
            split.later,
        )
    if balance.erased:
        yield say_plural(
            "{count} row was of somebody who was erased, and is stored nowhere.",
            "{count} rows were of people who were erased, and are stored nowhere.",
            balance.erased,
        )
    if corrected := material.lineage.labelled.corrected:
        yield say_plural(
            "{count} row has the label that a person gave it in review.",
            "{count} rows have the label that a person gave them in review.",
            corrected,
        )
    yield say(
        "Of the rows used, {train} trained the model and {gate} judged it.",
        train=count(split.train.rows),
        gate=count(split.gate.rows),
    )


def _refused(material: Material) -> Counter[str]:
    """Why rows are in quarantine, with how many."""
    lineage = material.lineage
    reasons: Counter[str] = Counter()
    reasons.update(
        {say("could not be read: {why}", why=retold(why)): rows for why, rows in lineage.collected.refused.items()}
    )
    for refused in (lineage.cleaned.refused, lineage.labelled.refused):
        reasons.update({retold(why): rows for why, rows in refused.items()})
    for one in lineage.validation.results:
        if one.refused_rows:
            where = f"`{one.column}`: " if one.column else ""
            reasons[f"{where}{retold(one.expectation)}"] += one.refused_rows
    return reasons


def _sources(material: Material) -> Table:
    rows: list[list[Cell]] = []
    for source in material.lineage.collected.sources:
        unread, alone = source.refused or None, source.unmatched or None
        rows.append(
            [source.name, source.url, source.files, source.rows, unread, alone, "; ".join(map(retold, source.notes))]
        )
    head = [
        say("source"),
        say("where"),
        say("files"),
        say("rows read"),
        say("rows that can't be read"),
        say("rows without a partner"),
        say("notes"),
    ]
    for place in (6, 4):
        if not any(row[place] for row in rows):
            head, rows = [*head[:place], *head[place + 1 :]], [[*row[:place], *row[place + 1 :]] for row in rows]
    return Table(head, rows, say("Where the rows came from"))


def _target(material: Material) -> Figure:
    labelled = material.lineage.labelled
    whole = max(sum(one.rows for one in labelled.classes), 1)
    shown = [
        Bar(
            str(one.label),
            one.rows / whole,
            note=say_plural("{count} row", "{count} rows", one.rows),
            colour=_CLASSES[place % len(_CLASSES)],
        )
        for place, one in enumerate(labelled.classes[:20])
    ]
    rarest = min(labelled.classes, key=lambda one: one.rows)
    words = say(
        "The target is `{target}`. Its rarest value, `{rarest}`, is in {share} of the rows, so a model that never says "
        "it would be right for the other {rest}: accuracy alone would flatter.",
        target=material.evidence.target,
        rarest=str(rarest.label),
        share=percent(rarest.rows / whole),
        rest=percent(1 - rarest.rows / whole),
    )
    shares = ", ".join(f"{bar.label} {percent(bar.value)}" for bar in shown)
    chart = bars(shown, alt=say("Shares of the target's values: {shares}", shares=shares), form="percent")
    return Figure(chart, say("What is predicted"), words)


def _columns(material: Material) -> Table:
    """Every column of the training rows but the target: the ones that the model reads first."""
    excluded, read = material.excluded, material.read_columns
    rows: list[list[Cell]] = []
    for one in sorted(material.columns, key=lambda view: (view.name not in read, view.name in excluded)):
        if one.name == material.evidence.target:
            continue
        alt = say("distribution of {column}", column=one.name)
        colour: Colour = "sea" if one.name in read else "fog"
        picture = Picture(sparkline(one.counts, alt=alt, colour=colour)) if one.counts else None
        use: Cell = (
            Badge(say("read"), "good")
            if one.name in read
            else retold(excluded.get(one.name, to_say("not read by itself")))
        )
        missing = percent(one.missing) if one.missing else MISSING
        rows.append([one.name, say(_KINDS[one.kind]), picture, one.words, missing, use])
    head = [say("column"), say("kind"), say("shape"), say("values"), say("missing"), say("in the model")]
    caption = say_plural(
        "{count} column in the model; the others stay out, each for a reason. Shapes and shares are of an even sample "
        "of the training rows.",
        "{count} columns in the model; the others stay out, each for a reason. Shapes and shares are of an even sample "
        "of the training rows.",
        len(read),
    )
    return Table(head, rows, caption)
