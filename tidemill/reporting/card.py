"""The model card: what a version is, in a page of Markdown (Mitchell et al., Model cards, 2019)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tidemill.reporting.deciding import libraries, limits_of
from tidemill.reporting.material import Material
from tidemill.reporting.wording import count, day, metric_name, moment, number, percent, signed, span

__all__ = ["model_card"]


def model_card(material: Material) -> str:
    """The card as Markdown. What users wrote is escaped."""
    parts = [
        _head(material),
        _data(material),
        _evaluation(material),
        _weak_places(material),
        _columns(material),
        "## Limits\n\n" + "\n".join(f"- {line}" for line in limits_of(material)),
        _lineage(material),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(material: Material) -> str:
    use_case, version = material.use_case, material.version
    classes = " or ".join(f"`{_code(str(one.label))}`" for one in material.lineage.labelled.classes)
    answers = f"Answers: {classes}, with a probability of each." if classes else "Answers: a number, with an interval."
    labelled, numbers = material.lineage.labelled, material.evidence.regression
    task = f" Task: {labelled.task}, as {_text(labelled.why)}." if labelled.why else ""
    if numbers is not None and numbers.covered_low is not None and numbers.covered_high is not None:
        answers += (
            f" Intervals are made to hold {percent(numbers.coverage)} of rows; of the gate rows they held "
            f"{percent(numbers.covered)} ({span(numbers.covered_low, numbers.covered_high, 3)})."
        )
    if material.evidence.ranking is not None:
        answers = "Answers: a score without a unit, and the rank within the query."
    return (
        f"# {_text(use_case.title or use_case.name)}\n\n"
        f"Model card of `{_code(use_case.name)}`, version `{version.version}`, {moment(version.created)}. "
        f"Owner: {_text(use_case.owner) or 'not named'}.\n\n"
        f"**{_text(material.decision.sentence)}**\n\n"
        f"## Purpose\n\n{_text(use_case.title) or 'Not written down: `title` of the use case.'} "
        f"Target: `{_code(material.evidence.target)}`. {answers}{task}"
    )


def _data(material: Material) -> str:
    balance, split = material.version.balance, material.lineage.split
    sources = "\n".join(
        f"- `{_code(one.name)}`: {_text(one.url)}, {count(one.rows)} rows in {one.files} files"
        for one in material.lineage.collected.sources
    )
    until = f" before {moment(split.boundary)}" if split.boundary else ""
    return (
        f"## Data\n\n{sources}\n\n"
        f"{count(balance.collected)} rows were collected: {count(balance.deduplicated)} repeats, "
        f"{count(balance.quarantined)} quarantined, {count(balance.waiting)} waiting, {count(balance.used)} used. "
        f"{count(split.train.rows)} rows{until} trained the model, {count(split.gate.rows)} judged it (split by "
        f"{split.by})."
    )


def _evaluation(material: Material) -> str:
    evidence = material.evidence
    own = [[metric_name(one.name), number(one.value), span(one.low, one.high)] for one in evidence.challenger.metrics]
    raced = list(material.lineage.evaluation.baselines)
    if material.lineage.evaluation.champion is not None:
        raced.append(material.lineage.evaluation.champion)
    against = [
        [
            _text(one.name),
            number(one.value),
            signed(one.difference.value),
            f"{signed(one.difference.low)} to {signed(one.difference.high)}",
        ]
        for one in raced
    ]
    name = metric_name(evidence.metric)
    window = f", {day(evidence.since)} to {day(evidence.until)}" if evidence.since and evidence.until else ""
    return (
        f"## Evaluation\n\nOn {count(evidence.rows)} gate rows{window}; {percent(evidence.confidence)} intervals from "
        f"{count(evidence.resamples)} bootstrap resamples.\n\n"
        f"{_table(['metric', 'value', 'interval'], own)}\n\n"
        f"{_table(['against', name, 'better by', 'interval'], against)}"
    )


def _weak_places(material: Material) -> str:
    worse = [one for one in material.evidence.slices if one.verdict == "worse" and one.metric is not None]
    if not worse:
        return ""
    rows = [
        [_text(f"{one.column} = {one.value}"), count(one.rows), number(one.metric.value if one.metric else None)]
        for one in worse
    ]
    return f"Clearly worse than on all rows:\n\n{_table(['part', 'rows', metric_name(material.metric.name)], rows)}"


def _columns(material: Material) -> str:
    drivers = [f"`{_code(one.column)}` {percent(one.share)}" for one in material.evidence.importances[:8]]
    excluded = [f"- `{_code(name)}`: {_text(why)}" for name, why in material.excluded.items()]
    left_out = "\n\nLeft out:\n\n" + "\n".join(excluded) if excluded else ""
    return f"## Columns\n\nWhat moves its answers most: {', '.join(drivers) or 'nothing'}.{left_out}"


def _lineage(material: Material) -> str:
    made_of = material.lineage
    rows = [
        ["model", f"`{made_of.model.id}`"],
        ["study", f"`{made_of.study.id}`, {made_of.study.trials} trials"],
        ["training rows", f"`{made_of.split.train.id}`"],
        ["gate rows", f"`{made_of.split.gate.id}`"],
        ["evaluation", f"`{made_of.evaluation.key}`"],
        ["ledger entry", f"`{material.decision.entry}`"],
        ["seed", str(material.use_case.seed)],
        ["code", _text(made_of.code or "not known")],
        ["libraries", libraries()],
    ]
    return f"## Lineage\n\n{_table(['what', 'id'], rows)}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """One line of plain text, safe inside of Markdown and its tables."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Text inside of backticks."""
    return " ".join(text.replace("`", "'").replace("|", "¦").split())
