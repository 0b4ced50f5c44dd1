"""Batch scoring, and a stored Model for Python: the same :meth:`Model.predict` as the REST service."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from tidemill.errors import UserError
from tidemill.progress import Ticker
from tidemill.results import ModelReference, Record
from tidemill.store import Store, create_url, shown

if (
    TYPE_CHECKING
):  # pandas and Arrow take two seconds to import: `tidemill.load` and the command line start without them
    import pandas as pd
    from pyarrow import Table

    from tidemill.collecting import Landed
    from tidemill.learning.explaining import Explanation
    from tidemill.learning.model import Model
    from tidemill.ranks import RankBook
    from tidemill.reading import Format
    from tidemill.registry import ModelVersion
    from tidemill.usecase import UseCase

__all__ = ["LoadedModel", "Named", "Scored", "chosen_version", "load_model", "score"]


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


@dataclass(frozen=True)
class LoadedModel:
    """A version of a use case's model, in memory. Safe to share between threads.

    ``problem`` says why it is not the champion that was asked for, if so.
    """

    use_case: str
    version: str
    model: Model
    problem: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a frame must bring."""
        return tuple(column.name for column in self.model.columns if column.required)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``prediction`` and one ``probability_<class>`` a class, or ``prediction``, ``lower``, ``upper``.

        Where rows are ranked, ``prediction`` and, if the frame has the query's column, ``rank`` within the query.
        Same rows, same order, index 0 to n-1. Raises UserError naming the row and column of what can't
        be read.
        """
        return self.model.predict(frame)

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """Why each row's score is what it is: ``.contributions``, a column a column, and ``.base``.

        They add up to the score: log-odds of the positive (or the predicted) class, or the target's unit. Raises
        UserError as :meth:`predict` does.
        """
        return self.model.explain(frame)


def load_model(store: Store, use_case: str, version: str = "champion", *, threads: int | None = None) -> LoadedModel:
    """The model of ``version`` (``champion`` and ``latest`` are understood). Raises UserError when there is none.

    A damaged champion is never loaded: the last good one before it is, with a RuntimeWarning.
    """
    from tidemill.learning.model import Model
    from tidemill.registry import Registry

    def loaded(found: ModelVersion) -> Model:
        return Model.load(store, found.model, threads=threads)

    registry = Registry(store, use_case)
    answering = registry.answering(loaded) if version == "champion" else None
    if answering is None:
        found = registry.version(version)
        return LoadedModel(use_case, found.version, loaded(found))
    if answering.problem is not None:
        warnings.warn(answering.problem, RuntimeWarning, stacklevel=3)
    return LoadedModel(use_case, answering.version.version, answering.loaded, answering.problem)


def chosen_version(store: Store, use_case: str, version: str) -> tuple[ModelVersion, str | None]:
    """The version that is to answer, and the alarm to give when it is not the champion that was asked for.

    Raises UserError when there is none, and DamagedError when the champion is damaged, and all before it.
    """
    from tidemill.registry import Registry

    registry = Registry(store, use_case)
    answering = registry.answering(registry.whole) if version == "champion" else None
    return (registry.version(version), None) if answering is None else (answering.version, answering.problem)


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
    from tidemill.ranks import RankBook, reranked
    from tidemill.registry.drafting import user
    from tidemill.tables import table_of

    started, began = time.perf_counter(), datetime.now(UTC)
    model = Model.load(store, version.model)
    query = model.description.query
    kinds = {column.name: column.kind for column in (*model.columns, *([query] if query else []))}
    plan = model.description.forecast
    kinds |= plan.kinds if plan else {}
    size, limits = use_case.score.batch_rows, {"since": since, "until": until}
    erased = ErasedLog(store, use_case.name).standing()
    sieve = Sieve(erased)
    frames = batches(use_case, input_url, size, format=format, **limits, types=kinds, landed=landed, sieve=sieve)
    read = shown(use_case.sources[use_case.primary].place if input_url is None else input_url)
    if plan is not None:
        limits["since"] = since - plan.reach if since is not None else None
        model = _knowing(
            model,
            batches(
                use_case, input_url, size, format=format, **limits, types=kinds, landed=landed, sieve=Sieve(erased)
            ),
            read,
        )
    first = next(frames, None)
    if first is None:
        raise UserError(f"{read} has no rows to score: mend --input, or ask for another window")
    stale = _Stale(model, first)
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
            book = RankBook() if query is not None and query.name in first.columns else None
            answered = map(
                table_of, _answers(use_case, version, model, first, stale.counted(frames), read, book, explain)
            )
            rows = _write(file, answered if book is None else reranked(answered, book))
        finish(rows)
    return Scored(
        use_case=use_case.name,
        version=version.version,
        input=read,
        output=shown(output_url),
        rows=rows,
        seconds=round(time.perf_counter() - started, 3),
        warnings=(*stale.warnings(rows), *_left_out(sieve.rows)),
        erased=sieve.rows,
    )


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


def _knowing(model: Model, frames: Iterator[pd.DataFrame], url: str) -> Model:
    """A forecast that knows the past that the rows themselves bring."""
    try:
        return model.remembering(frames)
    except UserError as error:
        raise UserError(f"{url}: {error}", row=error.row, column=error.column) from None


class _Stale:
    """Counts the rows of a forecast whose newest past nobody brought."""

    def __init__(self, model: Model, first: pd.DataFrame) -> None:
        self._forecaster = model.forecaster
        self._rows = self._forecaster.beyond(first) if self._forecaster else 0

    def counted(self, rest: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The frames that follow, as they are."""
        for frame in rest:
            self._rows += self._forecaster.beyond(frame) if self._forecaster else 0
            yield frame

    def warnings(self, rows: int) -> tuple[str, ...]:
        """What to say of them, if there are any."""
        if self._forecaster is None or not self._rows:
            return ()
        from tidemill.usecase.values import duration_text

        plan, until = self._forecaster.plan, self._forecaster.until
        return (
            f"{self._rows:,} of {rows:,} rows were answered without their newest past: `{plan.target}` is known until "
            f"{until:%Y-%m-%d %H:%M} UTC, and the forecast reaches {duration_text(plan.gap)} further. Bring newer rows "
            f"that have their `{plan.target}` in the input, or train again",
        )


def _answers(
    use_case: UseCase,
    version: Named,
    model: Model,
    first: pd.DataFrame,
    rest: Iterator[pd.DataFrame],
    url: str,
    book: RankBook | None,
    explain: int | None,
) -> Iterator[pd.DataFrame]:
    """One frame of the output for each frame of the input; ``book`` notes their queries and scores."""
    from tidemill.learning.queries import RANK
    from tidemill.learning.rows import placed

    named = dict.fromkeys([*use_case.id, *filter(None, [model.query])])
    carried = [name for name in named if name in first.columns]
    own = {*model.prediction_columns, *([RANK] if book else []), *_because(explain or 0), "model_version"}
    for name in carried:
        if name in own:
            field = "id" if name in use_case.id else "query"
            raise UserError(
                f"the {field} column `{name}` has a name that predictions use: rename it in {url} and as `{field}`"
            )
    before = 0
    for frame in chain([first], rest):
        try:
            answered = model.predict(frame)
            if explain is not None:
                answered = answered.assign(**_reasons(model.explain(frame), explain))
        except UserError as error:
            moved = placed(error, before)
            raise UserError(f"{url}: {moved}", row=moved.row, column=moved.column) from None
        if book is not None:
            book.add(frame[model.query], answered["prediction"])
        for place, name in enumerate(carried):
            answered.insert(place, name, frame[name].array)
        answered["model_version"] = version.version
        before += len(frame)
        yield answered


def _because(most: int) -> list[str]:
    """The columns that tell of the ``most`` strongest columns of a row, in their order."""
    named = [name for place in range(1, most + 1) for name in (f"because_{place}", f"because_{place}_adds")]
    return [*named, "because_rest", "because_base"] if most else []


def _reasons(found: Explanation, most: int) -> dict[str, Any]:
    """A column of the output for each of :func:`_because`; where there are fewer columns, the last are empty."""
    import pandas as pd

    names, adds, rest = found.strongest(most)
    told: dict[str, Any] = {}
    for place in range(most):
        there = place < adds.shape[1]
        own = [row[place] for row in names] if there else [None] * len(names)
        told[f"because_{place + 1}"] = pd.array(own, dtype="str")
        told[f"because_{place + 1}_adds"] = adds[:, place] if there else float("nan")
    return {**told, "because_rest": rest, "because_base": found.base}


def _write(file: BinaryIO, tables: Iterator[Table]) -> int:
    """The tables as one Parquet file, in the first one's schema; gives the rows."""
    import pyarrow.parquet as pq

    from tidemill.tables import fitted

    first = next(tables)
    rows, ticker = 0, Ticker("rows scored")
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(fitted(table, first.schema))
            rows += table.num_rows
            ticker.tell(rows)
    return rows
