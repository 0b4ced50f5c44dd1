"""A first ``usecase.yaml``, inferred from data: what `tidemill init` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from tidemill.errors import UserError, did_you_mean
from tidemill.scaffold.findings import Findings, look_at
from tidemill.scaffold.writing import source_title, usecase_text
from tidemill.usecase.schema import Source, Target, UseCase
from tidemill.usecase.values import check_name

__all__ = ["Findings", "found_usecase"]


def found_usecase(
    name: str,
    source_url: str,
    frame: pd.DataFrame,
    *,
    rows: int | None = None,
    target: str,
    time: str | None = None,
    id: str | Sequence[str] | None = None,
    group: str | None = None,
    reading: Mapping[str, str] | None = None,
    table: str | None = None,
) -> tuple[str, Findings]:
    """The commented text of a ``usecase.yaml`` that loads, with what the data suggests, and what was found.

    ``frame`` holds raw rows of the source, some or all (of ``rows``); ``source_url`` is written as it is, so a relative
    one must start at the use case's folder, and ``reading`` are fields of the source beside it; with a ``table`` it is
    a database's. What is certain is said; what is only likely (columns to forbid or ignore, ranges, an id) is there as
    a comment with its reason.

    Raises :exc:`UserError` for a name that is none, columns that are not in ``frame`` (did you mean…), a
    time column that holds no times, two columns of one name, and a frame without rows.
    """
    try:
        check_name(name)
    except ValueError as problem:
        raise UserError(f"`{name}` can't be the name of a use case: {problem}") from None
    ids = (id,) if isinstance(id, str) else tuple(dict.fromkeys(id or ()))
    _check_columns(table or source_title(source_url), frame, target, time, ids, group)
    place = {"sql": {"url": source_url, "table": table}} if table else {"url": source_url}
    use_case = UseCase(
        name=name,
        sources={_source_name(table or source_url): Source.model_validate({**place, **(reading or {})})},
        target=Target(column=target),
        time=time,
        id=ids,
        group=group,
    )
    found = look_at(use_case, frame)
    return usecase_text(use_case, found, rows), found


def _check_columns(
    source: str, frame: pd.DataFrame, target: str, time: str | None, ids: Sequence[str], group: str | None
) -> None:
    known = [str(column) for column in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise UserError(f"{source} has two columns called `{twice[0]}`: rename or drop one of them")
    if frame.empty:
        raise UserError(f"{source} has no rows: collect some first")
    roles = [("target", target), ("time", time), ("group", group), *(("id", column) for column in ids)]
    for role, column in roles:
        if column is None:
            continue
        if column not in known:
            there = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
            raise UserError(
                f"{source} has no column `{column}` for the {role}{did_you_mean(column, known)}; it has: {there}"
            )
        if role != "target" and column == target:
            raise UserError(
                f"`{column}` can't be the target and the {role} at once: name another column for one of them"
            )


def _source_name(url: str) -> str:
    """A short word for the source: its file's or folder's name, without ending, date or star."""
    for part in reversed(url.partition("://")[2].split("/") if "://" in url else url.split("/")):
        stem = part.split(".")[0].lower()
        word = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in stem).strip("_0123456789")
        if word:
            return word
    return "data"
