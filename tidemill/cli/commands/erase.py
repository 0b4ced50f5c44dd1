"""``tidemill erase``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.failing import DONE, FAILED
from tidemill.cli.text import plural, table

if TYPE_CHECKING:
    from tidemill.erasing.erasure import Request
    from tidemill.erasing.records import Erasure, Proof

__all__ = ["erase"]

_MOST_LINES = 20


@command("erase")
@click.argument("name")
@click.option("--id", "ids", multiple=True, metavar="VALUE", help="Who: a value of the column; may be given again.")
@click.option("--ids", "ids_file", metavar="URL", help="A file with one such value a line.")
@click.option("--column", metavar="COLUMN", help="The column that names the person.  [default: the use case's one id]")
@click.option("--why", default="", metavar="TEXT", help="The reason, for the record. It must not name the person.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--lift", is_flag=True, help="Refuse the people's rows no longer. What is gone stays gone.")
def erase(
    call: Call,
    name: str,
    ids: tuple[str, ...],
    ids_file: str | None,
    column: str | None,
    why: str,
    dry_run: bool,
    yes: bool,
    lift: bool,
) -> int:
    """Remove a person's rows from all that the lake holds of NAME, refuse them from now on, and prove the absence."""
    from tidemill.erasing.erasure import Request
    from tidemill.erasing.subjects import ids_in

    if not ids and not ids_file:
        raise click.UsageError("whom? Give --id, or --ids with a file of them")
    if lift and dry_run:
        raise click.UsageError("--lift changes a list and removes nothing: leave --dry-run out")
    values = (*ids, *(ids_in(absolute(ids_file)) if ids_file else ()))
    request = Request(values, column, _user(), why)
    if lift:
        return _lift(call, name, request)
    if dry_run:
        seen = _preview(call, name, request)
        call.answer(_data(seen), _text(seen))
        return DONE
    if not yes:
        _ask(call, name, request)
    return _erase(call, name, request)


def _erase(call: Call, name: str, request: Request) -> int:
    from pydantic import SecretStr

    from tidemill.usecase import load_usecase

    load_usecase(name)
    call.store()
    made: Erasure = call.flow(
        "erasing",
        f"erase {name}",
        use_case=name,
        ids=[SecretStr(one) for one in request.values],
        column=request.column,
        why=request.why,
        who=request.who,
    )
    call.answer(_data(made), _text(made))
    return DONE if made.proof is not None and made.proof.passed else FAILED


def _preview(call: Call, name: str, request: Request) -> Erasure:
    from tidemill.erasing.erasure import preview
    from tidemill.usecase import load_usecase

    return preview(call.store(writable=False), load_usecase(name), request)


def _ask(call: Call, name: str, request: Request) -> None:
    """Show what would go and ask, where somebody can answer. Raises UsageError where nobody can."""
    if call.json or not sys.stdin.isatty():
        raise click.UsageError("erasing can't be undone: say --yes, or look first with --dry-run")
    call.tell(_text(_preview(call, name, request)))
    click.confirm("Erase them for good?", abort=True, err=True)


def _lift(call: Call, name: str, request: Request) -> int:
    from tidemill.erasing.erasure import lift
    from tidemill.usecase import load_usecase

    made = lift(call.store(), load_usecase(name), request)
    call.answer(
        made.model_dump(mode="json"),
        f"{name}: {made.lifted:,} of {made.subjects:,} were erased, and are refused no longer. What was removed stays "
        "removed; the next collecting takes their rows again.",
    )
    return DONE


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return os.environ.get("USER", "unknown")


def _data(made: Erasure) -> dict[str, Any]:
    said = made.model_dump(mode="json")
    retrain = [one.version for one in made.versions if one.retrain]
    more = {
        "dry_run": made.preview,
        "rows": made.rows,
        "proved": made.proof is not None and made.proof.passed,
        "retrain": retrain,
        "advice": f"tidemill train {made.use_case}" if retrain else None,
    }
    return {**said, **more}


def _text(made: Erasure) -> str:
    who = plural(len(made.subjects), "person", "people")
    head = f"{click.style(made.use_case, bold=True)}: {who} by `{made.column}`"
    if not made.removed and not made.rewritten:
        gone = "no row in the lake" + ("" if made.preview else "; the next collections refuse them")
    elif made.preview:
        gone = f"{plural(made.rows, 'row')} would be removed"
    else:
        gone = f"{plural(made.rows, 'row')} removed"
    lines = [f"{head}: {gone}."]
    if made.removed:
        lines.append(_some([(one.kind, one.name, f"{one.rows:,}") for one in made.removed], ("what", "where", "rows")))
    if made.rewritten:
        what = "would be rewritten" if made.preview else "rewritten, with a mark where the name was"
        lines.append(f"{plural(len(made.rewritten), 'other object')} {what}.")
    lines += _models(made)
    lines += [f"Not reached, erase there yourself: {url}" for url in made.outside]
    if made.proof is not None:
        lines += _proof(made, made.proof)
    return "\n".join(lines)


def _models(made: Erasure) -> list[str]:
    lines = []
    for one in made.versions:
        live = " (the champion)" if one.champion else ""
        what = f"learnt from {plural(one.train_rows, 'row')}" if one.retrain else ""
        judged = f"was judged on {plural(one.gate_rows, 'row')}" if one.gate_rows else ""
        lines.append(f"{one.version}{live} {' and '.join(filter(None, (what, judged)))}.")
    if any(one.retrain for one in made.versions):
        lines += [
            f"What a model has learnt can't be taken out of it. Train anew: tidemill train {made.use_case}",
            "Where the gate finds the new version no better, promote it yourself: tidemill promote "
            f"{made.use_case} latest --why erasure",
        ]
    return lines


def _proof(made: Erasure, proof: Proof) -> list[str]:
    what = f"{plural(proof.objects, 'object')} ({proof.bytes:,} bytes, {plural(proof.tables, 'table')})"
    lines = [f"Looked through {what} in {proof.seconds:.1f} s: {sum(hit.times for hit in proof.hits):,} found."]
    if proof.hits:
        lines.append(
            _some([(hit.key, hit.where, f"{hit.times:,}") for hit in proof.hits], ("object", "where", "times"))
        )
    if proof.unscanned:
        lines += ["Not looked through:", _some([(one.key, one.why) for one in proof.unscanned], ("object", "why"))]
    if proof.columns_only:
        values = plural(proof.columns_only, "value is", "values are")
        lines.append(f"{values} too short to be looked for in texts: proved by columns and fields.")
    if not proof.passed:
        lines.append(f"Not proved: mend that, and run the same command again (erasure {made.id}).")
    return lines


def _some(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    more = f"\nand {len(rows) - _MOST_LINES:,} more: --json has them all" if len(rows) > _MOST_LINES else ""
    return table(head, rows[:_MOST_LINES]) + more
