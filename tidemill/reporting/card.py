"""The model card: what a version is, in a page (Mitchell et al., Model cards, 2019), from blocks as every page."""

from __future__ import annotations

from collections.abc import Iterator

from tidemill.reporting.deciding import libraries
from tidemill.reporting.language import retold, say, say_plural
from tidemill.reporting.limits import limits_of
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Points, Prose, Section, Table
from tidemill.reporting.summary import question
from tidemill.reporting.wording import (
    count,
    day,
    metric_name,
    moment,
    number,
    percent,
    rival_name,
    signed,
    span,
    value_name,
)  # fmt: skip

__all__ = ["card_kicker", "card_sections"]


def card_kicker(material: Material) -> str:
    """The line above everything: of what, from when, and who answers for it."""
    return say(
        "Model card of {use_case}, version {version}, {moment}. Owner: {owner}.",
        use_case=material.use_case.name,
        version=material.version.version,
        moment=moment(material.version.created),
        owner=material.use_case.owner or say("not named"),
    )


def card_sections(material: Material) -> list[Section]:
    """Purpose, data, evaluation, columns, limits and lineage."""
    return [
        Section(say("Purpose"), [Prose(_purpose(material))]),
        Section(say("Data"), list(_data(material))),
        Section(say("Evaluation"), list(_evaluation(material))),
        Section(say("Columns"), list(_columns(material))),
        Section(say("Limits"), [Points(limits_of(material))]),
        Section(say("Lineage"), [_lineage(material)]),
    ]


def _purpose(material: Material) -> str:
    labelled = material.lineage.labelled
    target = say("Target: `{target}`.", target=material.evidence.target)
    asked = question(material)
    words = f"{asked} {target} {_answers(material)}"
    if labelled.why:
        words += " " + say("Task: `{task}`, as {why}.", task=labelled.task, why=retold(labelled.why))
    return words


def _answers(material: Material) -> str:
    """What it gives for a row."""
    classes = [f"`{one.label}`" for one in material.lineage.labelled.classes]
    if classes:
        return say("Answers: {classes}, with a probability of each.", classes=" / ".join(classes))
    if material.evidence.ranking is not None:
        return say("Answers: a score without a unit, and the rank within the list.")
    numbers = material.evidence.regression
    words = say("Answers: a number, with an interval.")
    if numbers is None or numbers.covered_low is None or numbers.covered_high is None:
        return words
    return f"{words} " + say(
        "Intervals are made to hold {meant} of rows; of the gate rows they held {held} ({span}).",
        meant=percent(numbers.coverage),
        held=percent(numbers.covered),
        span=span(numbers.covered_low, numbers.covered_high, 3),
    )


def _data(material: Material) -> Iterator[Block]:
    balance, split = material.version.balance, material.lineage.split
    yield Points(
        [
            say(
                "`{source}`: {url}, {rows} rows in {files} files",
                source=one.name,
                url=one.url,
                rows=count(one.rows),
                files=count(one.files),
            )
            for one in material.lineage.collected.sources
        ]
    )
    rows = say(
        "{collected} rows were collected: {repeats} repeats, {quarantined} quarantined, {waiting} waiting, {used} "
        "used.",
        collected=count(balance.collected),
        repeats=count(balance.deduplicated),
        quarantined=count(balance.quarantined),
        waiting=count(balance.waiting),
        used=count(balance.used),
    )
    sides = {"train": count(split.train.rows), "gate": count(split.gate.rows)}
    parted = (
        say("{train} rows before {moment} trained the model, {gate} judged it.", moment=moment(split.boundary), **sides)
        if split.boundary
        else say("{train} rows trained the model, {gate} others judged it.", **sides)
    )
    yield Prose(f"{rows} {parted}")


def _evaluation(material: Material) -> Iterator[Block]:
    evidence = material.evidence
    told = {
        "rows": count(evidence.rows),
        "confidence": percent(evidence.confidence),
        "resamples": count(evidence.resamples),
    }
    if evidence.since and evidence.until:
        words = say(
            "On {rows} gate rows, {since} to {until}; {confidence} intervals from {resamples} bootstrap resamples.",
            since=day(evidence.since),
            until=day(evidence.until),
            **told,
        )
    else:
        words = say("On {rows} gate rows; {confidence} intervals from {resamples} bootstrap resamples.", **told)
    yield Prose(words)
    own: list[list[Cell]] = [
        [metric_name(one.name), number(one.value), span(one.low, one.high)] for one in evidence.challenger.metrics
    ]
    yield Table([say("metric"), say("value"), say("interval")], own)
    yield _raced(material)
    worse = [one for one in evidence.slices if one.verdict == "worse" and one.metric is not None]
    if worse:
        parts: list[list[Cell]] = [
            [
                f"{one.column} = {value_name(one.value)}",
                count(one.rows),
                number(one.metric.value if one.metric else None),
            ]
            for one in worse
        ]
        head = [say("part"), say("rows"), metric_name(material.metric.name)]
        yield Table(head, parts, say("Clearly worse than on all rows"))


def _raced(material: Material) -> Table:
    raced = [(rival_name(one.name), one) for one in material.lineage.evaluation.baselines]
    champion = material.lineage.evaluation.champion
    if champion is not None:
        raced.append((say("the champion {version}", version=champion.name), champion))
    rows: list[list[Cell]] = [
        [
            name,
            number(one.value),
            signed(one.difference.value),
            span(one.difference.low, one.difference.high, 3, sign=True),
        ]
        for name, one in raced
    ]
    return Table([say("against"), metric_name(material.metric.name), say("better by"), say("interval")], rows)


def _columns(material: Material) -> Iterator[Block]:
    drivers = [f"`{one.column}` {percent(one.share)}" for one in material.evidence.importances[:8]]
    yield Prose(say("What moves its answers most: {columns}.", columns=", ".join(drivers) or say("nothing")))
    if material.excluded:
        yield Prose(say_plural("{count} column is left out:", "{count} columns are left out:", len(material.excluded)))
        yield Points([f"`{name}`: {retold(why)}" for name, why in material.excluded.items()])


def _lineage(material: Material) -> Table:
    made_of = material.lineage
    trials = say_plural("{count} trial", "{count} trials", made_of.study.trials)
    rows: list[list[Cell]] = [
        [say("model"), f"`{made_of.model.id}`"],
        [say("study"), f"`{made_of.study.id}`, {trials}"],
        [say("training rows"), f"`{made_of.split.train.id}`"],
        [say("gate rows"), f"`{made_of.split.gate.id}`"],
        [say("evaluation"), f"`{made_of.evaluation.key}`"],
        [say("ledger entry"), f"`{material.decision.entry}`"],
        [say("seed"), str(material.use_case.seed)],
        [say("code"), made_of.code or say("not known")],
        [say("libraries"), libraries()],
    ]
    return Table([say("what"), say("id")], rows)
