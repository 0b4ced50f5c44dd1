"""Batch scoring: a table goes in by parts, and its answers come out as one file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tidemill.errors import UserError
from tidemill.results import ModelReference, Record
from tidemill.store import Store, create_url, shown

if TYPE_CHECKING:
    from tidemill.cleaning import Kind
    from tidemill.collecting import Landed
    from tidemill.learning.model import Model
    from tidemill.reading import Format
    from tidemill.usecase import UseCase

__all__ = ["Named", "Scored", "score"]


class Named(Protocol):
    """A Model in the lake and the name that its answers go by, such as a :class:`~tidemill.registry.ModelVersion`."""

    @property
    def version(self) -> str:
        """What answers are stamped with."""

    @property
    def model(self) -> ModelReference:
        """Where the Model is."""


class Scored(Record):
    """What a batch scoring did: ``rows`` answered by ``version``, written to ``output``. ``seconds`` is wall time.

    ``erased`` rows were an erased person's, and were left out. ``warnings`` are expectations that the input does not
    meet, ``data_docs`` the URL of the pages that show them.
    """

    use_case: str
    version: str
    input: str
    output: str
    rows: int
    seconds: float
    warnings: tuple[str, ...] = ()
    data_docs: str | None = None
    erased: int = 0


def score(
    store: Store,
    use_case: UseCase,
    version: Named,
    input_url: str | None,
    output_url: str,
    *,
    format: Format = "auto",
    since: datetime | None = None,
    until: datetime | None = None,
    landed: Mapping[str, Landed] | None = None,
    who: str | None = None,
    recorded: bool = True,
    explain: int | None = None,
) -> Scored:
    """Answer every row at ``input_url`` and write the answers as one Parquet file at ``output_url``.

    Without ``input_url`` the rows are those of the primary source. ``landed`` is what
    :func:`tidemill.collecting.land` brought of sources that are no files. The lake records what was answered, and
    ``who`` asked (left out, the user of this process), unless it is not to be ``recorded``.

    Rows go by ``score.batch_rows`` at a time, so memory is flat. Where rows are ranked, a query's rows may lie
    anywhere: 16 bytes of each row are held, and the answers wait on temporary disk until the last has come.
    The output has the id columns and the query that the input has, then what :meth:`Model.predict` gives, then
    ``model_version``: same rows, same order, without those of erased people. With ``explain``, before the version: the
    so many columns that moved the row's score most (``because_1``, ``because_1_adds``, …), what all others add
    (``because_rest``) and from where (``because_base``). It appears whole or not at all. ``since`` and ``until`` keep
    rows by their time.

    Raises UserError for an input that can't be read, a column that the model needs and the input lacks,
    and a value that can't be read (by its row, counted from 0, and column).
    """
    from tidemill.answered import Answered, noted
    from tidemill.collecting import batches
    from tidemill.erasing.tombstones import ErasedLog, Sieve
    from tidemill.learning.model import Model
    from tidemill.registry.drafting import user
    from tidemill.scoring.answers import Answers
    from tidemill.scoring.known_past import Stale, knowing

    started, began = time.perf_counter(), datetime.now(UTC)
    model = Model.load(store, version.model)
    read = shown(use_case.sources[use_case.primary].place if input_url is None else input_url)
    erased = ErasedLog(store, use_case.name).standing()
    rows_from = partial(
        batches,
        use_case,
        input_url,
        use_case.score.batch_rows,
        format=format,
        until=until,
        types=_kinds(model),
        landed=landed,
    )
    plan = model.description.forecast
    if plan is not None:
        reach = None if since is None else since - plan.reach
        model = knowing(model, rows_from(since=reach, sieve=Sieve(erased)), read)
    sieve = Sieve(erased)
    frames = rows_from(since=since, sieve=sieve)
    first = next(frames, None)
    if first is None:
        raise UserError(f"{read} has no rows to score: mend --input, or ask for another window")
    stale = Stale(model, first)
    said = Answered(
        use_case=use_case.name,
        version=version.version,
        door="batch",
        who=who or user(),
        began=began,
        input=read,
        output=shown(output_url),
    )
    with noted(store, said) if recorded else nullcontext(_unnoted) as finish:
        with create_url(output_url) as file:
            rows = Answers(model, version.version, use_case.id, read, explain).write(file, first, stale.counted(frames))
        finish(rows)
    return Scored(
        use_case=use_case.name,
        version=version.version,
        input=read,
        output=said.output,
        rows=rows,
        seconds=round(time.perf_counter() - started, 3),
        warnings=(*stale.warnings(rows), *_left_out(sieve.rows)),
        erased=sieve.rows,
    )


def _kinds(model: Model) -> dict[str, Kind]:
    """How the columns are read that the Model reads, its query among them, and those of a forecast's past."""
    query, plan = model.description.query, model.description.forecast
    kinds = {column.name: column.kind for column in (*model.columns, *([query] if query else []))}
    return {**kinds, **(plan.kinds if plan else {})}


def _left_out(rows: int) -> tuple[str, ...]:
    """What to say of the rows of erased people."""
    if not rows:
        return ()
    return (
        f"{rows:,} rows were left out, because the people were erased from this lake: `tidemill erase --lift` takes "
        "that back for somebody who may be known again",
    )


def _unnoted(rows: int) -> None:
    """Nobody is to know of these rows."""
