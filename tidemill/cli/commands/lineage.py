"""``tidemill lineage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command
from tidemill.cli.text import facts, minute, table

if TYPE_CHECKING:
    from tidemill.lineage import TracedSnapshot, TracedVersion

__all__ = ["lineage"]

_SHOWN_FILES = 5
_SHORT = 12


@command("lineage")
@click.argument("name")
@click.argument("version")
def lineage(call: Call, name: str, version: str) -> None:
    """Show which data made VERSION of NAME: sources, Snapshots, refused rows, study, model, evaluation, code."""
    from tidemill.lineage import trace

    store, registry = call.registry(name)
    found = trace(store, registry.version(version), registry.lines())
    call.answer(found.model_dump(mode="json"), _text(found))


def _text(found: TracedVersion) -> str:
    model, judged = found.model, found.evaluation
    metric = judged["metric"]
    files = ", ".join(f"{file} {sha256[:_SHORT]}" for file, sha256 in model.files.items())
    compared = f", compared with the champion {judged['compared_with']}" if judged["compared_with"] else ""
    score = f"{metric['name']} {metric['value']:.4f} on {judged['rows']:,} gate rows{compared}"
    made = [
        ("study", f"{found.study['id']}: {found.study['trials']} trials by {found.study['metric']}"),
        ("model", f"{model.id}: {files}" if model.problem is None else f"{model.id} is DAMAGED: {model.problem}"),
        ("evaluation", f"{score}: {judged['key']}, sha256 {found.hashes.get('evidence', '')[:_SHORT] or 'not kept'}"),
        ("code", found.code or "unknown"),
    ]
    return "\n\n".join(
        [
            f"{click.style(found.version, bold=True)} of {found.use_case}, made {minute(found.created)} UTC",
            _sources(found),
            table(
                ("rows of", "rows", "snapshot", "made (UTC)", "watermark (UTC)", "files (sha256)"),
                [_snapshot(one) for one in found.snapshots],
            ),
            *_erased(found),
            _left_out(found),
            facts(made),
        ]
    )


def _sources(found: TracedVersion) -> str:
    lines = []
    for one in found.sources:
        lines.append(f"{one.name}: {one.rows:,} rows of {one.url}")
        lines += [
            f"  {file.name}, {file.size or 0:,} bytes, version {file.version[:32]}" for file in one.read[:_SHOWN_FILES]
        ]
        more = len(one.read) - _SHOWN_FILES
        lines += [f"  and {more} more: see --json"] if more > 0 else []
        lines += [f"  {note}" for note in one.notes]
    return "\n".join(lines)


def _snapshot(one: TracedSnapshot) -> tuple[str, ...]:
    parts = ", ".join(sha256[:_SHORT] for sha256 in one.parts[:2]) + (", …" if len(one.parts) > 2 else "")
    return (
        one.stage,
        f"{one.rows:,}",
        one.id,
        minute(one.created) if one.created else "",
        minute(one.watermark) if one.watermark else "",
        parts if one.here else "no longer in this lake",
    )


def _erased(found: TracedVersion) -> list[str]:
    """What erasures took out of the Snapshots after they were written."""
    lines = [
        f"{one.erased:,} of the {one.rows:,} rows of {one.stage} were erased, the last on {minute(one.redacted)} UTC"
        for one in found.snapshots
        if one.redacted is not None
    ]
    if not lines:
        return []
    after = "The version learnt from them or was judged on them as they were: its numbers can't be computed again."
    return ["\n".join([f"{click.style('redacted', fg='yellow')}: {lines[0]}", *lines[1:], after])]


def _left_out(found: TracedVersion) -> str:
    rows = [("used", f"{found.used:,}", ""), ("deduplicated", f"{found.deduplicated:,}", "")]
    rows += (
        [("waiting", f"{found.waiting:,}", "for their label, or later than the gate's window")] if found.waiting else []
    )
    for one in found.refused:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in one.reasons.items())
        rows.append((f"refused by {one.stage}", f"{one.rows:,}", reasons))
    return table(("collected rows", "", ""), rows)
