"""Erasing: a person's rows out of the lake, for good."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import SecretStr

from flows.opening import open_use_case, run_name
from tasks.erase import erase
from tasks.stage import artifact_key
from tidemill.erasing.erasure import Request
from tidemill.erasing.records import Erasure
from tidemill.erasing.subjects import ids_in

__all__ = ["erasing"]


@flow(name="erasing", flow_run_name=run_name, persist_result=False)
def erasing(
    use_case: str,
    ids: list[SecretStr] | None = None,
    ids_file: str | None = None,
    column: str | None = None,
    why: str = "",
    who: str = "prefect",
    lake: str | None = None,
) -> Erasure:
    """Remove the rows of people from everything that the lake holds of a use case, and refuse them from now on.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        ids: values that name the people. Prefect keeps the parameters of a run that is started in its UI or API:
            `ids_file` keeps them out of it.
        ids_file: a file or URL with one such value a line, read by the worker.
        column: the column that they are values of; left out, the use case's one `id`.
        why: the reason, for the record; it must not name the person.
        who: who asks for it, for the record.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
    """
    case, store = open_use_case(use_case, lake)
    values = [one.get_secret_value() for one in ids or []] + (ids_in(ids_file) if ids_file else [])
    made = erase(case, store, Request(tuple(values), column, who, why)).result
    create_markdown_artifact(
        _words(made),
        key=artifact_key(case.name, "erasing"),
        description=f"{made.rows:,} rows of {len(made.subjects):,} people removed",
    )
    return made


def _words(made: Erasure) -> str:
    proof = made.proof
    assert proof is not None
    found = "\n".join(f"- `{hit.key}` ({hit.where}): {hit.times:,}" for hit in proof.hits)
    unread = "\n".join(f"- `{one.key}`: {one.why}" for one in proof.unscanned)
    models = "\n".join(
        f"- `{one.version}`{', the champion' * one.champion}: {one.train_rows:,} training rows, "
        f"{one.gate_rows:,} gate rows"
        for one in made.versions
    )
    return (
        f"## Erasure {made.id}\n\n{made.rows:,} rows removed. {proof.objects:,} objects ({proof.bytes:,} bytes) were "
        f"looked through afterwards.\n\n### Still there\n\n{found or 'Nothing.'}\n\n### Not looked through\n\n"
        f"{unread or 'Nothing.'}\n\n### Versions that learnt from them, or were judged on them\n\n{models or 'None.'}\n"
    )
