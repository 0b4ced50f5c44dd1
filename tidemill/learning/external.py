"""Training rows that do not fit into memory as a table: one quantised matrix, made part by part.

XGBoost's histogram method reads bins, one byte a value, and not the numbers themselves. So parts are read
from the Snapshot, made numbers by the recipe, binned, and forgotten. Where even the bins are too many they
lie in temporary files (XGBoost's external memory), which are gone when the fit is, however it ends. The
limits of the bins come from the sample that the recipe was fitted on, which saves two passes over the rows.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tidemill.errors import TransientError, UserError
from tidemill.learning.features import Matrix
from tidemill.learning.room import Memory
from tidemill.learning.threads import available_threads
from tidemill.usecase.values import size_text

if TYPE_CHECKING:
    import xgboost

__all__ = ["Everything", "Part", "Stream", "ahead", "streamed_matrix"]

PARTS_AHEAD = 2
PASSES = 2

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Some training rows, one after another: as boosters read them, with targets, ages and weights of their own."""

    matrix: Matrix
    target: Doubles
    ages: Doubles | None
    given: Doubles | None = None


@dataclass(frozen=True)
class Stream:
    """All training rows, part by part; ``parts`` starts from the first one at each call."""

    memory: Memory
    parts: Callable[[], Generator[Part]]

    def seconds(self) -> float:
        """What making their matrix will take, judged by reading the first parts now."""
        started = time.perf_counter()
        with closing(self.parts()) as going:
            rows = len(next(going).target)
        return (
            PASSES * (time.perf_counter() - started) * self.memory.rows / (rows * min(PARTS_AHEAD, available_threads()))
        )


@dataclass(frozen=True)
class Everything:
    """All training rows as a matrix, and what their weights are made of: ages, and their own with mean 1."""

    matrix: xgboost.DMatrix
    ages: Doubles | None
    given: Doubles | None


def ahead(makers: Iterable[Callable[[], Part]]) -> Generator[Part]:
    """What the makers make, in their order, the next parts made by other threads meanwhile."""
    waiting: deque[Future[Part]] = deque()
    hands = ThreadPoolExecutor(PARTS_AHEAD, thread_name_prefix="parts")
    try:
        for make in makers:
            waiting.append(hands.submit(make))
            if len(waiting) > PARTS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        hands.shutdown(cancel_futures=True)


@contextmanager
def streamed_matrix(
    stream: Stream, like: xgboost.QuantileDMatrix, *, bins: int, types: Sequence[str]
) -> Iterator[Everything]:
    """All rows, binned as ``like`` is. Temporary files are removed at the end.

    Raises UserError when the disk for temporary files is too small, and whatever reading the rows raises.
    """
    if stream.memory.way != "disk":
        yield _built(stream, like, bins, types, None)
        return
    folder = Path(tempfile.gettempdir())
    _check_room(folder, stream.memory)
    with tempfile.TemporaryDirectory(prefix="tidemill-rows-", dir=folder) as cache:
        yield _built(stream, like, bins, types, f"{cache}/rows")


def _check_room(folder: Path, memory: Memory) -> None:
    free = shutil.disk_usage(folder).free
    if free < memory.files:
        raise UserError(
            f"streaming {memory.rows:,} training rows needs {size_text(memory.files)} of temporary files, and "
            f"{folder} has {size_text(free)} free: free some, set TMPDIR to a folder on a larger disk, or give "
            "training more memory (`tune.memory`)"
        )


def _built(
    stream: Stream, like: xgboost.QuantileDMatrix, bins: int, types: Sequence[str], cache: str | None
) -> Everything:
    """Make the matrix. Whatever stops the reading of rows is raised here, never taken for their end."""
    import xgboost

    rows = _Rows(stream, types)
    iterator = rows.iterator(cache)
    kind = xgboost.QuantileDMatrix if cache is None else xgboost.ExtMemQuantileDMatrix
    try:
        matrix = kind(iterator, ref=like, max_bin=bins, enable_categorical=True)
    except xgboost.core.XGBoostError:
        if rows.failure is None:
            raise
        raise rows.failure from None
    finally:
        rows.close()
    if rows.failure is not None:
        raise rows.failure
    if matrix.num_row() != stream.memory.rows:
        raise TransientError(f"{matrix.num_row():,} of {stream.memory.rows:,} training rows were read: run it again")
    given = rows.column("given")
    return Everything(matrix, rows.column("ages"), None if given is None else given / given.mean())


class _Rows:
    """What XGBoost asks for one part after another, as often as it likes to go through them."""

    def __init__(self, stream: Stream, types: Sequence[str]) -> None:
        self.failure: BaseException | None = None
        self._columns: dict[str, Doubles] = {}
        self._stream = stream
        self._types = list(types)
        self._parts: Generator[Part] | None = None
        self._read = 0

    def iterator(self, cache: str | None) -> xgboost.DataIter:
        """The object that XGBoost calls. Rows are read again at each pass, and not kept."""
        import xgboost

        again, following = self._again, self._following

        class Iterator(xgboost.DataIter):
            def reset(self) -> None:
                again()

            def next(self, input_data: Callable[..., None]) -> bool:
                return following(input_data)

        return Iterator(cache_prefix=cache, release_data=True)

    def column(self, name: str) -> Doubles | None:
        """``ages`` or ``given`` of all rows, where the parts brought them."""
        return self._columns.get(name)

    def close(self) -> None:
        """Let the threads go that read ahead."""
        if self._parts is not None:
            self._parts.close()

    def _again(self) -> None:
        self.close()
        self._parts, self._read = self._stream.parts(), 0

    def _following(self, input_data: Callable[..., None]) -> bool:
        try:
            part = None if self._parts is None else next(self._parts, None)
        except BaseException as failure:  # XGBoost would take an interrupt for the end of the rows
            self.failure = failure
            return False
        if part is None:
            return False
        for name, values in (("ages", part.ages), ("given", part.given)):
            if values is not None:
                column = self._columns.setdefault(name, np.empty(self._stream.memory.rows))
                column[self._read : self._read + len(values)] = values
        self._read += len(part.target)
        input_data(data=part.matrix, label=part.target, feature_types=self._types)
        return True
