"""Batch scoring, and a stored Model for Python: the same :meth:`Model.predict` as the REST service."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from tidemill.errors import UserError
from tidemill.progress import Ticker
from tidemill.results import Record
from tidemill.store import Store, create_url, shown

if (
    TYPE_CHECKING
):  # pandas and Arrow take two seconds to import: `tidemill.load` and the command line start without them
    import pandas as pd

    from tidemill.collecting import Landed
    from tidemill.learning.model import Model
    from tidemill.reading import Format
    from tidemill.registry import ModelVersion
    from tidemill.usecase import UseCase

__all__ = ["LoadedModel", "Scored", "load_model", "score"]


class Scored(Record):
    """What a batch scoring did: ``rows`` answered by ``version``, written to ``output``. ``seconds`` is wall time.

    ``warnings`` are expectations that the input does not meet, ``data_docs`` the URL of the pages that show them.
    """

    use_case: str
    version: str
    input: str
    output: str
    rows: int
    seconds: float
    warnings: tuple[str, ...] = ()
    data_docs: str | None = None


@dataclass(frozen=True)
class LoadedModel:
    """A version of a use case's model, in memory. Safe to share between threads."""

    use_case: str
    version: str
    model: Model

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a frame must bring."""
        return tuple(column.name for column in self.model.columns if column.required)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``prediction`` and one ``probability_<class>`` a class, or ``prediction``, ``lower``, ``upper``.

        Same rows, same order, index 0 to n-1. Raises UserError naming the row and column of what can't
        be read.
        """
        return self.model.predict(frame)


def load_model(store: Store, use_case: str, version: str = "champion", *, threads: int | None = None) -> LoadedModel:
    """The model of ``version`` (``champion`` and ``latest`` are understood). Raises UserError when there is none."""
    from tidemill.learning.model import Model
    from tidemill.registry import Registry

    found = Registry(store, use_case).version(version)
    return LoadedModel(use_case, found.version, Model.load(store, found.model, threads=threads))


def score(
    store: Store,
    use_case: UseCase,
    version: ModelVersion,
    input_url: str | None,
    output_url: str,
    *,
    format: Format = "auto",
    since: datetime | None = None,
    until: datetime | None = None,
    landed: Mapping[str, Landed] | None = None,
) -> Scored:
    """Answer every row at ``input_url`` and write the answers as one Parquet file at ``output_url``.

    Without ``input_url`` the rows are those of the primary source. ``landed`` is what
    :func:`tidemill.collecting.land` brought of sources that are no files.

    Rows go by ``score.batch_rows`` at a time, so memory is flat. The output has the use case's id
    columns that the input has, then what :meth:`Model.predict` gives, then ``model_version``: same rows,
    same order. It appears whole or not at all. ``since`` and ``until`` keep rows by their time.

    Raises UserError for an input that can't be read, a column that the model needs and the input lacks,
    and a value that can't be read (by its row, counted from 0, and column).
    """
    from tidemill.collecting import batches
    from tidemill.learning.model import Model

    started = time.perf_counter()
    model = Model.load(store, version.model)
    kinds = {column.name: column.kind for column in model.columns}
    size, limits = use_case.score.batch_rows, {"since": since, "until": until}
    frames = batches(use_case, input_url, size, format=format, **limits, types=kinds, landed=landed)
    read = shown(use_case.sources[use_case.primary].place if input_url is None else input_url)
    first = next(frames, None)
    if first is None:
        raise UserError(f"{read} has no rows to score: mend --input, or ask for another window")
    with create_url(output_url) as file:
        rows = _write(file, _answers(use_case, version, model, first, frames, read))
    return Scored(
        use_case=use_case.name,
        version=version.version,
        input=read,
        output=shown(output_url),
        rows=rows,
        seconds=round(time.perf_counter() - started, 3),
    )


def _answers(
    use_case: UseCase, version: ModelVersion, model: Model, first: pd.DataFrame, rest: Iterator[pd.DataFrame], url: str
) -> Iterator[pd.DataFrame]:
    """One frame of the output for each frame of the input."""
    from tidemill.learning.rows import placed

    carried = [name for name in use_case.id if name in first.columns]
    own = {*model.prediction_columns, "model_version"}
    for name in carried:
        if name in own:
            raise UserError(f"the id column `{name}` has a name that predictions use: rename it in {url} and as `id`")
    before = 0
    for frame in chain([first], rest):
        try:
            answered = model.predict(frame)
        except UserError as error:
            moved = placed(error, before)
            raise UserError(f"{url}: {moved}", row=moved.row, column=moved.column) from None
        for place, name in enumerate(carried):
            answered.insert(place, name, frame[name].array)
        answered["model_version"] = version.version
        before += len(frame)
        yield answered


def _write(file: BinaryIO, frames: Iterator[pd.DataFrame]) -> int:
    """The frames as one Parquet file, in the first one's schema; gives the rows."""
    import pyarrow.parquet as pq

    from tidemill.tables import fitted, table_of

    tables = map(table_of, frames)
    first = next(tables)
    rows, ticker = 0, Ticker("rows scored")
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(fitted(table, first.schema))
            rows += table.num_rows
            ticker.tell(rows)
    return rows
