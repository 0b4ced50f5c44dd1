"""``tidemill ledger``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, command
from tidemill.cli.failing import DONE, FAILED
from tidemill.cli.text import facts, minute, table
from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.registry import Line
    from tidemill.rerunning import Rerun

__all__ = ["decisions", "ledger", "line_data"]


@command("ledger")
@click.argument("name")
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--rerun", "again", is_flag=True, help="Let the gate decide again, and check every hash.")
def ledger(call: Call, name: str, number: int | None, again: bool) -> int:
    """Show every decision about NAME, or the one with a NUMBER; make the gate's decisions again."""
    store, registry = call.registry(name)
    lines = registry.lines()
    chosen = [line for line in lines if number in (None, line.entry.number)]
    if number is not None and not chosen:
        has = f"it has 1 to {lines[-1].entry.number}" if lines else "it is empty"
        raise UserError(f"the ledger of `{name}` has no entry {number}: {has}")
    if again:
        from tidemill.rerunning import rerun

        found = rerun(store, name, chosen)
        agree = all(one.agrees for one in found)
        data = [{**one.model_dump(mode="json"), "agrees": one.agrees} for one in found]
        call.answer({"use_case": name, "agree": agree, "entries": data}, _reruns(name, found))
        return DONE if agree else FAILED
    text = decisions(chosen) if number is None else "\n\n".join(map(_whole, chosen))
    empty = f"The ledger of {name} is empty: `tidemill train {name}` makes a version."
    call.answer({"use_case": name, "entries": [line_data(line) for line in chosen]}, text if lines else empty)
    return DONE


def line_data(line: Line) -> dict[str, Any]:
    """An entry as JSON: its fields, whether it ``holds``, and the ``sha256`` that the next one names."""
    return {**line.entry.model_dump(mode="json"), "holds": line.holds, "sha256": line.sha256}


def decisions(lines: list[Line]) -> str:
    """Entries, one a line."""
    rows = [
        (
            str(line.entry.number),
            minute(line.entry.when),
            line.entry.action,
            line.entry.version,
            line.entry.who.split(" (")[0],
            line.entry.why if line.holds else f"(came second, and has no effect) {line.entry.why}",
        )
        for line in lines
    ]
    return table(("", "when (UTC)", "what", "version", "who", "why"), rows)


def _whole(line: Line) -> str:
    entry = line.entry
    said = [
        ("when", f"{entry.when:%Y-%m-%d %H:%M:%S} UTC"),
        ("who", entry.who + (", by itself" if entry.automatic else "")),
        ("why", entry.why),
        ("champion", f"{entry.champion or 'none'}, before {entry.previous or 'none'}"),
        *([("compared with", entry.against)] if entry.against else []),
        *((f"hash of {what}", value or "was not to be had") for what, value in sorted(entry.hashes.items())),
        ("entry before", entry.parent or "none: it is the first"),
        ("this entry", line.sha256),
    ]
    head = f"{entry.number}: {entry.action} of {entry.version}"
    void = "" if line.holds else " (came second, and has no effect)"
    return f"{click.style(head, bold=True)}{void}\n{facts(said)}"


def _reruns(name: str, found: list[Rerun]) -> str:
    if not found:
        return f"The ledger of {name} is empty."
    rows = [
        (str(one.number), one.action, one.version, one.outcome, "; ".join([one.said, *one.problems])) for one in found
    ]
    wrong = sum(not one.agrees for one in found)
    same = sum(one.outcome == "same" for one in found)
    unknown = sum(one.outcome == "not re-runnable" for one in found)
    told = (
        f"{len(found)} entries, each following from the one before: {same} decided again to the same words, "
        f"{unknown} not re-runnable, {wrong} with something wrong."
    )
    rows = [(number, action, version, outcome, said.strip("; ")) for number, action, version, outcome, said in rows]
    return f"{table(('', 'what', 'version', 'again', ''), rows)}\n\n{told}"
