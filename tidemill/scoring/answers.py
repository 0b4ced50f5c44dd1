"""The table that a batch's answers make, a frame of it for each frame of the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tidemill.errors import UserError
from tidemill.learning.explaining import Explanation
from tidemill.learning.model import Model
from tidemill.learning.queries import RANK
from tidemill.learning.rows import placed
from tidemill.progress import Ticker
from tidemill.scoring.ranks import RankBook, reranked
from tidemill.tables import fitted, table_of

__all__ = ["Answers"]


@dataclass(frozen=True)
class Answers:
    """Answers of ``model`` to the rows of ``read``, stamped with ``version``.

    ``id`` names the columns that are carried over beside the query, ``explain`` how many reasons a row is to have.
    """

    model: Model
    version: str
    id: Sequence[str]
    read: str
    explain: int | None

    def write(self, file: BinaryIO, first: pd.DataFrame, rest: Iterator[pd.DataFrame]) -> int:
        """Answer every row, and write the answers as one Parquet file; gives the rows.

        Raises UserError for a value that can't be read, and for a column that is named as an answer is.
        """
        query = self.model.query
        book = RankBook() if query is not None and query in first.columns else None
        tables = map(table_of, self._frames(first, rest, book))
        return _write(file, tables if book is None else reranked(tables, book))

    def _frames(
        self, first: pd.DataFrame, rest: Iterator[pd.DataFrame], book: RankBook | None
    ) -> Iterator[pd.DataFrame]:
        """One frame of the output for each frame of the input; ``book`` notes their queries and scores."""
        carried = self._carried(first, ranked=book is not None)
        before = 0
        for frame in chain([first], rest):
            answered = self._answered(frame, before)
            if book is not None:
                book.add(frame[self.model.query], answered["prediction"])
            for place, name in enumerate(carried):
                answered.insert(place, name, frame[name].array)
            answered["model_version"] = self.version
            before += len(frame)
            yield answered

    def _carried(self, first: pd.DataFrame, *, ranked: bool) -> list[str]:
        """The columns of the input that the output has too; none may be named as an answer is."""
        named = dict.fromkeys([*self.id, *filter(None, [self.model.query])])
        carried = [name for name in named if name in first.columns]
        own = {
            *self.model.prediction_columns,
            *([RANK] if ranked else []),
            *_because(self.explain or 0),
            "model_version",
        }
        for name in carried:
            if name in own:
                field = "id" if name in self.id else "query"
                raise UserError(
                    f"the {field} column `{name}` has a name that predictions use: rename it in {self.read} and as "
                    f"`{field}`"
                )
        return carried

    def _answered(self, frame: pd.DataFrame, before: int) -> pd.DataFrame:
        """What the Model says of a frame that comes after so many rows."""
        try:
            answered = self.model.predict(frame)
            if self.explain is None:
                return answered
            return answered.assign(**_reasons(self.model.explain(frame), self.explain))
        except UserError as error:
            moved = placed(error, before)
            raise UserError(f"{self.read}: {moved}", row=moved.row, column=moved.column) from None


def _because(most: int) -> list[str]:
    """The columns that tell of the ``most`` strongest columns of a row, in their order."""
    named = [name for place in range(1, most + 1) for name in (f"because_{place}", f"because_{place}_adds")]
    return [*named, "because_rest", "because_base"] if most else []


def _reasons(found: Explanation, most: int) -> dict[str, Any]:
    """A column of the output for each of :func:`_because`; where there are fewer columns, the last are empty."""
    names, adds, rest = found.strongest(most)
    told: dict[str, Any] = {}
    for place in range(most):
        there = place < adds.shape[1]
        own = [row[place] for row in names] if there else [None] * len(names)
        told[f"because_{place + 1}"] = pd.array(own, dtype="str")
        told[f"because_{place + 1}_adds"] = adds[:, place] if there else float("nan")
    return {**told, "because_rest": rest, "because_base": found.base}


def _write(file: BinaryIO, tables: Iterator[pa.Table]) -> int:
    """The tables as one Parquet file, in the first one's schema; gives the rows."""
    first = next(tables)
    rows, ticker = 0, Ticker("rows scored")
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(fitted(table, first.schema))
            rows += table.num_rows
            ticker.tell(rows)
    return rows
