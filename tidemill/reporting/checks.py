"""The report's section on what the data had to be and was, and what was found in it: leaks, traps, personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tidemill.personal import KIND_WORDS
from tidemill.reporting.language import retold, say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Badge, Block, Cell, Fold, Link, Notice, Pairs, Prose, Section, Table, Tone
from tidemill.reporting.wording import MISSING, count, listed, sentence
from tidemill.results import ExpectationResult

__all__ = ["checks", "leaks", "personal", "traps"]

_TRAPS = {
    "names_rows": to_say("A column that names rows, left out of the model unless allowed"),
    "time_order": to_say("The target goes by the time"),
    "class_order": to_say("The rows are sorted by the target"),
    "later_than_row": to_say("A time after the row's own"),
    "duplicates": to_say("The same rows on both sides of the split"),
    "target_moved": to_say("The target moved between training and gate rows"),
    "changed": to_say("A column that comes or goes between training and gate rows"),
}
_TONES: dict[str, Tone] = {"critical": "bad", "warning": "warn", "info": "plain"}
_SEVERITIES = {"critical": to_say("critical"), "warning": to_say("warning"), "info": to_say("info")}


def checks(material: Material) -> Section:
    """What the data had to be, and was."""
    validation, title = material.lineage.validation, say("Checks on the data")
    results = validation.results
    if not results:
        words = say(
            "This use case has no expectations yet. `expectations/{name}.yaml` is where they go, and `tidemill init` "
            "writes a first draft from the data.",
            name=material.use_case.name,
        )
        return Section(title, [Prose(words)], say("Nothing was asked of the data before training."))
    failed = [one for one in results if not one.passed]
    passed = [one for one in results if one.passed]
    blocks: list[Block] = []
    if failed:
        words = say(
            "A failed warning is for a person to look at; a critical one would have stopped the run before training."
        )
        blocks += [_told(failed), Prose(words)]
    if passed:
        summary = say_plural("The {count} expectation that passed", "The {count} expectations that passed", len(passed))
        blocks.append(Fold(summary, [_told(passed)]))
    if validation.data_docs:
        link = Link("Data Docs", material.link(validation.data_docs))
        blocks.append(Pairs([(say("Every expectation, and Great Expectations' own page"), link)]))
    return Section(title, blocks, _outcome(results, len(failed)))


def _outcome(results: Sequence[ExpectationResult], failed: int) -> str:
    """How many expectations passed, in a sentence."""
    by_severity = Counter(one.severity for one in results)
    kinds = listed([f"{count(rows)} {say(_SEVERITIES[name])}" for name, rows in by_severity.items()])
    if not failed:
        return say_plural(
            "The one expectation passed ({kinds}).",
            "All {count} expectations passed ({kinds}).",
            len(results),
            kinds=kinds,
        )
    return say_plural(
        "{failed} of {count} expectation failed ({kinds} in all).",
        "{failed} of {count} expectations failed ({kinds} in all).",
        len(results),
        failed=failed,
        kinds=kinds,
    )


def leaks(material: Material) -> Notice:
    """Columns that know the answer, each with its evidence."""
    found = material.lineage.validation.leaks
    left_out = [leak for leak in found if not leak.allowed]
    allowed = [leak for leak in found if leak.allowed]
    if not found:
        return Notice("good", say("No leak found"), _no_leak(len(material.use_case.columns.forbid)))
    told = [f"`{leak.column}`: {retold(leak.evidence)}." for leak in left_out]
    told += [
        say(
            "`{column}` was **allowed** by the use case all the same: {evidence}.",
            column=leak.column,
            evidence=retold(leak.evidence),
        )
        for leak in allowed
    ]
    title = (
        say_plural("{count} leak found and left out", "{count} leaks found and left out", len(left_out))
        if left_out
        else say("Leaks were found and allowed")
    )
    return Notice("warn" if left_out and not allowed else "bad", title, "\n\n".join(told))


def _no_leak(forbidden: int) -> str:
    if not forbidden:
        return say("No column gives the answer away.")
    return say_plural(
        "No column beyond the {count} that the use case forbids gives the answer away.",
        "No column beyond the {count} that the use case forbids gives the answer away.",
        forbidden,
    )


def traps(material: Material) -> Notice | None:
    """What else would make the model or its proof worth less; None where nothing was found."""
    found = [*material.lineage.validation.traps, *material.lineage.split.traps]
    if not found:
        return None
    told = []
    for trap in found:
        where = ", ".join(f"`{name}`" for name in trap.columns)
        what = f"**{say(_TRAPS[trap.kind])}**{f' ({where})' if where else ''}: {retold(trap.evidence)}."
        told.append(f"{what} {say('The use case **allows** it.')}" if trap.allowed else what)
    grave = any(trap.severity == "critical" for trap in found)
    tone: Tone = "bad" if grave else "warn" if any(trap.severity == "warning" for trap in found) else "plain"
    title = say_plural("{count} trap in the data", "{count} traps in the data", len(found))
    return Notice(tone, title, "\n\n".join(told))


def personal(material: Material) -> Notice | None:
    """Every column with personal data, with its evidence; None where the scan found none."""
    found = material.lineage.validation.personal
    if not found:
        return None
    told = []
    for one in found:
        use = say("**read by the model**, as the use case allows") if one.allowed else say("left out of the model")
        told.append(
            f"`{one.column}`: {say(KIND_WORDS.get(one.kind, one.kind))}, {use}. {sentence(retold(one.evidence))}"
        )
    told.append(
        say("Values of these columns are masked on every page; Snapshots and Quarantine hold them as they came.")
    )
    title = say_plural("{count} column with personal data", "{count} columns with personal data", len(found))
    return Notice("warn" if any(one.allowed for one in found) else "plain", title, "\n\n".join(told))


def _told(results: Sequence[ExpectationResult]) -> Table:
    rows: list[list[Cell]] = []
    for one in results:
        found = retold(one.observed)
        if one.refused_rows:
            found += "; " + say_plural("{count} row refused", "{count} rows refused", one.refused_rows)
        severity = Badge(say(_SEVERITIES[one.severity]), _TONES[one.severity])
        column = f"`{one.column}`" if one.column else MISSING
        rows.append([retold(one.expectation), column, severity, found, one.note or None])
    head = [say("expectation"), say("column"), say("severity"), say("what was found"), say("why it is asked")]
    return Table(head, rows)
