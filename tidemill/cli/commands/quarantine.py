"""``tidemill quarantine``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.text import minute, plural, table
from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.quarantine import Summary

__all__ = ["quarantine"]


@command("quarantine")
@click.argument("name")
@click.argument("what", metavar="list|export|replay", type=click.Choice(["list", "export", "replay"]))
@click.option("--output", metavar="URL", help="export: the file to write, .csv, .parquet or .jsonl.")
@click.option("--input", "input_url", metavar="URL", help="replay: the exported file, mended.")
@click.option("--all", "everything", is_flag=True, help="export: also rows that have been brought back.")
@click.option("--why", default="", metavar="TEXT", help="replay: what was mended, for the record.")
def quarantine(
    call: Call, name: str, what: str, output: str | None, input_url: str | None, everything: bool, why: str
) -> None:
    """Look at the rows of NAME that were refused, write them to a file to mend, and bring them back."""
    if what == "export" and not output:
        raise click.UsageError("export needs --output, the file to write")
    if what == "replay" and not input_url:
        raise click.UsageError("replay needs --input, the exported file, mended")
    if what == "list":
        _list(call, name)
    elif what == "export":
        _export(call, name, absolute(str(output)), everything=everything)
    else:
        _replay(call, name, absolute(str(input_url)), why)


def _list(call: Call, name: str) -> None:
    from tidemill.quarantine import summary
    from tidemill.usecase import load_usecase

    found = summary(call.store(writable=False), load_usecase(name))
    call.answer(_data(name, found), _text(name, found))


def _export(call: Call, name: str, output: str, *, everything: bool) -> None:
    from tidemill.collecting.replays import Replays
    from tidemill.quarantine import export, holding
    from tidemill.usecase import load_usecase

    use_case, store = load_usecase(name), call.store(writable=False)
    found = holding(store, name)
    skip = set() if everything else Replays(store, name).replayed()
    rows = export(store, use_case, found, output, skip)
    call.answer(
        {"use_case": name, "output": output, "rows": rows},
        f"{plural(rows, 'row')} in {output}. Mend them there, keep the column `_quarantine`, then:\n"
        f"  tidemill quarantine {name} replay --input {output}",
    )


def _replay(call: Call, name: str, source: str, why: str) -> None:
    from tidemill.quarantine import holding, replay
    from tidemill.usecase import load_usecase

    use_case, store = load_usecase(name), call.store()
    done = replay(store, use_case, holding(store, name), source, why=why)
    if not done.replayed and done.refused:
        worst = "; ".join(f"{rows:,}: {reason}" for reason, rows in done.refused.items())
        raise UserError(f"none of the mended rows of {source} would pass, so nothing was brought back. {worst}")
    lines = [f"Brought back, for the next `tidemill train {name}`: {plural(done.replayed, 'row')}."]
    lines += [f"As before, and left in Quarantine: {plural(done.unchanged, 'row')}."] * bool(done.unchanged)
    lines += [f"Refused again: {plural(rows, 'row')}, {reason}." for reason, rows in done.refused.items()]
    call.answer(
        {
            "use_case": name,
            "replayed": done.replayed,
            "unchanged": done.unchanged,
            "refused": done.refused,
            "record": done.record,
        },
        "\n".join(lines),
    )


def _data(name: str, found: Summary) -> dict[str, Any]:
    return {
        "use_case": name,
        "rows": sum(one.rows for one in found.reasons),
        "replayed": found.replayed,
        "reasons": [
            {"stage": one.stage, "rule": one.rule, "reason": one.reason, "rows": one.rows} for one in found.reasons
        ],
        "when": found.when.isoformat(),
    }


def _text(name: str, found: Summary) -> str:
    if not found.reasons:
        return f"{name}: no row was refused by the training of {minute(found.when)} UTC."
    rows = [(f"{one.rows:,}", one.stage, one.rule, one.reason) for one in found.reasons]
    total = sum(one.rows for one in found.reasons)
    back = f" Brought back of them: {found.replayed:,}." if found.replayed else ""
    return (
        f"{name}: refused by the training of {minute(found.when)} UTC: {plural(total, 'row')}.{back}\n"
        f"{table(('rows', 'stage', 'rule', 'reason'), rows)}\n"
        f"To mend them: tidemill quarantine {name} export --output rows.csv"
    )
