"""The report's sections on the data: every row accounted for, every column shown, every check told."""

from __future__ import annotations

from collections import Counter

from tidemill.personal import KIND_WORDS
from tidemill.reporting.charts import Bar, Colour, bars, sparkline, waterfall
from tidemill.reporting.labels import the_labels
from tidemill.reporting.material import Material
from tidemill.reporting.page import (
    Badge,
    Block,
    Cell,
    Figure,
    Fold,
    Link,
    Notice,
    Pairs,
    Picture,
    Prose,
    Section,
    Table,
    Tone,
)  # fmt: skip
from tidemill.reporting.wording import MISSING, count, listed, percent, plural
from tidemill.results import ExpectationResult

__all__ = ["checks", "the_data"]

_CLASSES: tuple[Colour, ...] = ("sea", "coral", "sand", "leaf", "fog", "tide")
_HEAD = ("expectation", "column", "severity", "what was found", "why it is asked")
_TRAPS = {
    "names_rows": "A column that names rows, left out of the model unless allowed",
    "time_order": "The target goes by the time",
    "class_order": "The rows are sorted by the target",
    "later_than_row": "A time after the row's own",
    "duplicates": "The same rows on both sides of the split",
    "target_moved": "The target moved between training and gate rows",
    "changed": "A column that comes or goes between training and gate rows",
}
_TASKS = {
    "binary": "yes or no",
    "multiclass": "class",
    "regression": "number",
    "count": "count",
    "ranking": "rank",
}
_TONES: dict[str, Tone] = {"critical": "bad", "warning": "warn", "info": "plain"}


def the_data(material: Material) -> Section:
    """Rows, sources, target and columns."""
    balance = material.version.balance
    lead = (
        f"{count(balance.collected)} rows were collected, and {count(balance.used)} of them "
        f"({percent(balance.used / max(balance.collected, 1))}) were used."
    )
    labelled = material.lineage.labelled
    if labelled.why:
        lead += f" What is predicted is a **{_TASKS[labelled.task]}**: {labelled.why}."
    blocks: list[Block | None] = [_rows(material)]
    refused = _refused(material)
    if refused:
        blocks.append(Table(["refused because", "rows"], [[why, rows] for why, rows in refused.most_common()]))
    changes = material.lineage.cleaned.changes
    if changes:
        blocks.append(Table(["what cleaning did to the values"], [[said] for said in changes]))
    blocks += [_leaks(material), _traps(material), _personal(material), _sources(material)]
    if material.lineage.labelled.classes:
        blocks.append(_target(material))
    blocks += the_labels(material)
    blocks.append(_columns(material))
    return Section("The data", [block for block in blocks if block is not None], lead)


def checks(material: Material) -> Section:
    """What the data had to be, and was."""
    validation = material.lineage.validation
    results = validation.results
    failed = [one for one in results if not one.passed]
    blocks: list[Block] = []
    if not results:
        blocks.append(
            Prose(
                f"This use case has no expectations yet. `expectations/{material.use_case.name}.yaml` is where they "
                "go, "
                "and `tidemill init` writes a first draft from the data."
            )
        )
        return Section("Checks on the data", blocks, "Nothing was asked of the data before training.")
    by_severity = Counter(one.severity for one in results)
    kinds = listed([f"{number} {name}" for name, number in by_severity.items()])
    lead = (
        f"All {plural(len(results), 'expectation')} passed ({kinds})."
        if not failed
        else f"{len(failed)} of {plural(len(results), 'expectation')} failed ({kinds} in all)."
    )
    if failed:
        blocks.append(Table(_HEAD, [_told(one) for one in failed]))
        blocks.append(
            Prose(
                "A failed warning is for a person to look at; a critical one would have stopped the run before "
                "training."
            )
        )
    passed = [one for one in results if one.passed]
    if passed:
        rows = [_told(one) for one in passed]
        blocks.append(Fold(f"The {plural(len(passed), 'expectation')} that passed", [Table(_HEAD, rows)]))
    if validation.data_docs:
        blocks.append(
            Pairs(
                [
                    (
                        "Every expectation, and Great Expectations' own page",
                        Link("Data Docs", material.link(validation.data_docs)),
                    )
                ]
            )
        )
    return Section("Checks on the data", blocks, lead)


def _rows(material: Material) -> Figure:
    balance, split = material.version.balance, material.lineage.split
    steps = [
        Bar("collected", balance.collected, colour="tide"),
        Bar("repeats", -balance.deduplicated, colour="fog"),
        Bar("quarantined", -balance.quarantined, colour="coral"),
        Bar("waiting", -balance.waiting, colour="sand"),
        Bar("used", balance.used, colour="sea"),
    ]
    words = [
        "No row is dropped silently: what was collected is what was used, plus repeats, plus rows in quarantine, "
        "plus rows that wait."
    ]
    if balance.quarantined:
        words.append(f"{plural(balance.quarantined, 'row')} went to quarantine, each with its reason, below.")
    if balance.waiting:
        later = f" ({count(split.later)} lie after the gate's window)" if split.later else ""
        words.append(f"{plural(balance.waiting, 'row')} wait for a label or a later window{later}.")
    if corrected := material.lineage.labelled.corrected:
        words.append(f"{plural(corrected, 'row')} have the label that a person gave them in review.")
    words.append(
        f"Of the rows used, {count(split.train.rows)} trained the model and {count(split.gate.rows)} judged it."
    )
    alt = ", ".join(f"{step.label} {count(abs(step.value))}" for step in steps)
    return Figure(waterfall(steps, alt=f"Rows: {alt}"), "Every row, accounted for", " ".join(words))


def _refused(material: Material) -> Counter[str]:
    """Why rows are in quarantine, with how many."""
    lineage = material.lineage
    reasons: Counter[str] = Counter()
    reasons.update({f"could not be read: {why}": rows for why, rows in lineage.collected.refused.items()})
    reasons.update(lineage.cleaned.refused)
    reasons.update(lineage.labelled.refused)
    for one in lineage.validation.results:
        if one.refused_rows:
            where = f"`{one.column}`: " if one.column else ""
            reasons[f"{where}{one.expectation}"] += one.refused_rows
    return reasons


def _leaks(material: Material) -> Notice:
    leaks = material.lineage.validation.leaks
    left_out = [leak for leak in leaks if not leak.allowed]
    allowed = [leak for leak in leaks if leak.allowed]
    told = [f"`{leak.column}`: {leak.evidence}." for leak in left_out]
    told += [f"`{leak.column}` was **allowed** by the use case all the same: {leak.evidence}." for leak in allowed]
    if not leaks:
        forbidden = len(material.use_case.columns.forbid)
        beyond = f" beyond the {count(forbidden)} that the use case forbids" if forbidden else ""
        return Notice("good", "No leak found", f"No column{beyond} gives the answer away.")
    title = f"{plural(len(left_out), 'leak')} found and left out" if left_out else "Leaks were found and allowed"
    return Notice("warn" if left_out and not allowed else "bad", title, "\n\n".join(told))


def _traps(material: Material) -> Notice | None:
    """What else would make the model or its proof worth less; None where nothing was found."""
    found = [*material.lineage.validation.traps, *material.lineage.split.traps]
    if not found:
        return None
    told = []
    for trap in found:
        where = ", ".join(f"`{name}`" for name in trap.columns)
        what = f"**{_TRAPS[trap.kind]}**{f' ({where})' if where else ''}"
        allowed = " The use case **allows** it." if trap.allowed else ""
        told.append(f"{what}: {trap.evidence}.{allowed}")
    grave = any(trap.severity == "critical" for trap in found)
    tone: Tone = "bad" if grave else "warn" if any(trap.severity == "warning" for trap in found) else "plain"
    return Notice(tone, f"{plural(len(found), 'trap')} in the data", "\n\n".join(told))


def _personal(material: Material) -> Notice | None:
    """Every column with personal data, with its evidence; None where the scan found none."""
    found = material.lineage.validation.personal
    if not found:
        return None
    told = []
    for one in found:
        kind = KIND_WORDS.get(one.kind, one.kind)
        use = "**read by the model**, as the use case allows" if one.allowed else "left out of the model"
        told.append(f"`{one.column}`: {kind}, {use}. {one.evidence[:1].upper()}{one.evidence[1:]}.")
    told.append("Values of these columns are masked on every page; Snapshots and Quarantine hold them as they came.")
    allowed = sum(one.allowed for one in found)
    title = f"{plural(len(found), 'column')} with personal data"
    return Notice("warn" if allowed else "plain", title, "\n\n".join(told))


def _sources(material: Material) -> Table:
    rows: list[list[Cell]] = []
    for source in material.lineage.collected.sources:
        rows.append(
            [
                source.name,
                source.url,
                source.files,
                source.rows,
                source.refused or None,
                source.unmatched or None,
                "; ".join(source.notes),
            ]
        )
    head = ["source", "where", "files", "rows read", "rows that can't be read", "rows without a partner", "notes"]
    for place in (6, 4):
        if not any(row[place] for row in rows):
            head, rows = [*head[:place], *head[place + 1 :]], [[*row[:place], *row[place + 1 :]] for row in rows]
    return Table(head, rows, "Where the rows came from")


def _target(material: Material) -> Figure:
    labelled = material.lineage.labelled
    whole = max(sum(one.rows for one in labelled.classes), 1)
    shown = [
        Bar(str(one.label), one.rows / whole, note=f"{count(one.rows)} rows", colour=_CLASSES[place % len(_CLASSES)])
        for place, one in enumerate(labelled.classes[:20])
    ]
    rarest = min(labelled.classes, key=lambda one: one.rows)
    words = (
        f"The target is `{material.evidence.target}`. Its rarest value, `{rarest.label}`, is in "
        f"{percent(rarest.rows / whole)} of the rows, so a model that never says it would be right for the other "
        f"{percent(1 - rarest.rows / whole)}: accuracy alone would flatter."
    )
    alt = ", ".join(f"{bar.label} {percent(bar.value)}" for bar in shown)
    return Figure(bars(shown, alt=f"Shares of the target's values: {alt}", form="percent"), "What is predicted", words)


def _columns(material: Material) -> Table:
    """Every column of the training rows but the target: the ones that the model reads first."""
    excluded, read = material.excluded, material.read_columns
    rows: list[list[Cell]] = []
    for one in sorted(material.columns, key=lambda view: (view.name not in read, view.name in excluded)):
        if one.name == material.evidence.target:
            continue
        alt = f"distribution of {one.name}"
        picture = (
            Picture(sparkline(one.counts, alt=alt, colour="sea" if one.name in read else "fog")) if one.counts else None
        )
        use: Cell = Badge("read", "good") if one.name in read else excluded.get(one.name, "not read by itself")
        rows.append([one.name, one.kind, picture, one.words, percent(one.missing) if one.missing else MISSING, use])
    head = ["column", "kind", "shape", "values", "missing", "in the model"]
    caption = (
        f"{plural(len(read), 'column')} in the model; the others stay out, each for a reason. "
        "Shapes and shares are of an even sample of the training rows."
    )
    return Table(head, rows, caption)


def _told(result: ExpectationResult) -> list[Cell]:
    found = result.observed
    if result.refused_rows:
        found = f"{found}; {plural(result.refused_rows, 'row')} refused"
    columns = f"`{result.column}`" if result.column else MISSING
    return [result.expectation, columns, Badge(result.severity, _TONES[result.severity]), found, result.note or None]
