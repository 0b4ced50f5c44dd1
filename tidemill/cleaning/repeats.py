"""Which rows repeat another, and which are not the newest of their id: for more rows than memory holds.

Each row leaves a small record (its hashes, its time, its place) in one of many files on this machine's
temporary disk, by what it could repeat; then the files are settled one by one, some million records at a
time. What becomes of a row is one byte, on disk too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.errors import UserError
from tidemill.hashing import Hashes

__all__ = ["KEPT", "REFUSED", "REPEATED", "SUPERSEDED", "Fates", "fates", "scratch"]

KEPT, REFUSED, REPEATED, SUPERSEDED = range(4)
_BUCKET_ROWS = 1_000_000
_MOST_BUCKETS = 512
_RECORD = np.dtype(
    [
        ("key", "u8"), ("key2", "u8"), ("row_hash", "u8"), ("row_hash2", "u8"),
        ("time", "i8"), ("place", "u8"), ("refused", "u1"),
    ]
)  # fmt: skip


_Records = npt.NDArray[np.void]


class Fates:
    """What becomes of each row of a table, by its place."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._rows = folder, rows
        self._buckets = min(_MOST_BUCKETS, max(1, -(-rows // _BUCKET_ROWS)))
        self._by_id = False
        self._whole_rows = False
        # Written, so that a full disk is told now, and not by a signal later.
        np.full(rows or 1, KEPT, dtype=np.uint8).tofile(folder / "fates")
        self.fate: npt.NDArray[np.uint8] = np.memmap(folder / "fates", dtype=np.uint8, mode="r+")

    def add(
        self,
        start: int,
        refused: npt.NDArray[np.bool_],
        rows: Hashes | None,
        ids: Hashes | None,
        times: npt.NDArray[np.int64] | None,
    ) -> None:
        """The next rows, from place ``start``: which are refused, the hashes of the rows (None: equal ones are kept)
        and of their ids (None: ids may repeat), and their times. Always the same of them None."""
        self.fate[start : start + len(refused)] = np.where(refused, REFUSED, KEPT)
        self._by_id, self._whole_rows = ids is not None, rows is not None
        if rows is None and ids is None:
            return
        record = np.zeros(len(refused), dtype=_RECORD)
        record["place"] = np.arange(start, start + len(refused))
        record["refused"] = refused
        if times is not None:
            record["time"] = times
        if rows is not None:
            record["key"], record["key2"] = record["row_hash"], record["row_hash2"] = rows
        if ids is not None:
            good = ~refused  # a refused row has no say about ids, and may lack one
            record["key"][good], record["key2"][good] = ids[0][good], ids[1][good]
        self._keep(self._once(record) if rows is not None else record[~refused])

    def _once(self, record: _Records) -> _Records:
        """Without rows that are equal to an earlier one of the same frame, so that a table of one row stays small."""
        several = pd.Series(record["row_hash"]).duplicated(keep=False).to_numpy()
        if not several.any():
            return record
        again = np.zeros(len(record), dtype=bool)
        again[several] = pd.DataFrame(record[["row_hash", "row_hash2"]][several]).duplicated()
        self.fate[record["place"][again]] = REPEATED
        return record[~again]

    def _keep(self, record: _Records) -> None:
        bucket = (record["key"] >> np.uint64(40)) % np.uint64(self._buckets)
        order = np.argsort(bucket, kind="stable")
        ends = np.cumsum(np.bincount(bucket.astype(np.int64), minlength=self._buckets))
        for number, piece in enumerate(np.split(record[order], ends[:-1])):
            if len(piece):
                with (self._folder / f"bucket-{number}").open("ab") as file:
                    piece.tofile(file)

    def count(self, fate: int) -> int:
        """How many rows have it."""
        return int((self.fate[: self._rows] == fate).sum())

    def settle(self) -> None:
        """Decide, when all rows have gone by: of equal rows the first stays, of one id the newest good row."""
        for number in range(self._buckets):
            file = self._folder / f"bucket-{number}"
            if file.exists():
                self._settle(np.fromfile(file, dtype=_RECORD))
                file.unlink()

    def _settle(self, records: _Records) -> None:
        order = np.argsort(records["key"])
        key = records["key"][order]
        same = key[1:] == key[:-1]
        if not same.any():
            return
        several = np.zeros(len(order), dtype=bool)
        several[1:] |= same
        several[:-1] |= same
        some = pd.DataFrame(records[np.sort(order[several])])
        if self._whole_rows:
            again = some.duplicated(["row_hash", "row_hash2"]).to_numpy()
            self.fate[some["place"].to_numpy()[again]] = REPEATED
            some = some[~again]
        if self._by_id:
            good = some[some["refused"] == 0].sort_values(["time", "place"])
            older = good.duplicated(["key", "key2"], keep="last").to_numpy()
            self.fate[good["place"].to_numpy()[older]] = SUPERSEDED


@contextmanager
def fates(rows: int) -> Iterator[Fates]:
    """A place for the fates of ``rows`` rows, on temporary disk: some 50 bytes a row, given back at the end."""
    with scratch() as folder:
        yield Fates(folder, rows)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on temporary disk, gone at the end. Raises UserError when there is no room for it."""
    try:
        with TemporaryDirectory(prefix="tidemill-clean-") as folder:
            yield Path(folder)
    except OSError as problem:  # the lake and the sources raise errors of their own
        raise UserError(
            f"cleaning needs temporary disk, some 60 bytes a row, and can't use {gettempdir()}: "
            f"{problem.strerror or problem}. Make room there, or set TMPDIR to a folder with more"
        ) from None
