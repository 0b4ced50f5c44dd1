"""The reference that tasks hand each other, and the rows behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tidemill.errors import UserError, did_you_mean
from tidemill.snapshot.manifest import FORMAT, Frozen, Manifest, Part, part_key
from tidemill.store import Store

if TYPE_CHECKING:  # what only refers to Snapshots (the registry, `tidemill models`) starts without pandas and Arrow
    import pandas as pd
    import pyarrow as pa

__all__ = ["PartReader", "Snapshot"]


class Snapshot(Frozen):
    """A reference to an immutable table: where it is, what it is, how many rows it has."""

    use_case: str
    id: str
    kind: str
    rows: int

    @property
    def prefix(self) -> str:
        """The folder of its manifest in the lake."""
        return f"{self.use_case}/snapshots/{self.id}"

    def manifest(self, store: Store) -> Manifest:
        """The stored description. Raises UserError when it is missing, damaged or of a newer format."""
        key = f"{self.prefix}/manifest.json"
        try:
            said = store.read_json(key)
        except KeyError:
            raise UserError(
                f"{store.url_of(key)} is missing: the Snapshot {self.id} is not in this lake. Restore it, "
                f"or remove {store.url_of(f'{self.use_case}/stages')} so that it is made again"
            ) from None
        stored = said.get("format") if isinstance(said, dict) else None
        if isinstance(stored, int) and stored > FORMAT:
            raise UserError(
                f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
            )
        try:
            return Manifest.model_validate(said)
        except ValidationError:
            raise UserError(f"{store.url_of(key)} is damaged: restore it, or remove it and run again") from None

    def frames(self, store: Store, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """One frame a part, in row order, each checked against its sha256; memory for one part at a time.

        A whole-number column without missing values in one part and with some in another is int64
        here and float64 there; :meth:`read` gives one dtype.
        """
        for table in self.tables(store, columns):
            yield table.to_pandas()

    def read(self, store: Store, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The whole table (or only ``columns``, in their order), in row order, index 0..n-1."""
        import pandas as pd
        import pyarrow as pa

        tables = list(self.tables(store, columns))
        return pa.concat_tables(tables).unify_dictionaries().to_pandas() if tables else pd.DataFrame()

    def readers(self, store: Store) -> Iterator[PartReader]:
        """One reader a part, in row order, each checked against its sha256: to choose columns as parts go by."""
        manifest = self.manifest(store)
        for part in manifest.parts:
            yield PartReader(part.rows, _part_bytes(store, manifest, part))

    def tables(
        self, store: Store, columns: Sequence[str] | None = None, wanted: Callable[[int], bool] | None = None
    ) -> Iterator[pa.Table]:
        """One Arrow table a part, as :meth:`frames`; of the parts whose place (from 0) is ``wanted``, when given."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        manifest = self.manifest(store)
        known = [column.name for column in manifest.columns]
        for name in columns or ():
            if name not in known:
                raise UserError(
                    f"the Snapshot {self.id} ({self.kind}) has no column `{name}`{did_you_mean(name, known)}"
                )
        named = list(columns) if columns is not None else None
        for place, part in enumerate(manifest.parts):
            if wanted is None or wanted(place):
                yield pq.read_table(pa.BufferReader(_part_bytes(store, manifest, part)), columns=named)


@dataclass(frozen=True)
class PartReader:
    """A part that was fetched: its rows can be had column by column."""

    rows: int
    data: bytes

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The part's rows, only ``columns`` where they are given."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = list(columns) if columns is not None else None
        frame: pd.DataFrame = pq.read_table(pa.BufferReader(self.data), columns=wanted).to_pandas()
        return frame

    def gaps(self) -> set[str]:
        """The columns with a missing value, as far as the file says so without being read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        found = set()
        metadata = pq.read_metadata(pa.BufferReader(self.data))
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                said = column.statistics
                if said is None or not said.has_null_count or said.null_count:
                    found.add(str(column.path_in_schema))
        return found


def _part_bytes(store: Store, manifest: Manifest, part: Part) -> bytes:
    key = part_key(manifest.use_case, part.name)
    try:
        data = store.read_bytes(key)
    except KeyError:
        raise UserError(
            f"{store.url_of(key)} is missing: the Snapshot {manifest.id} is not whole. Restore it"
        ) from None
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise UserError(f"{store.url_of(key)} was changed after it was written: restore it from a backup")
    return data
