"""What was brought back out of Quarantine: the records, one small immutable object a replay, and reading the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from tidemill.errors import UserError
from tidemill.results import Record
from tidemill.snapshot import Snapshot
from tidemill.store import Store, json_bytes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["FORMAT", "Mended", "Replay", "Replays"]

FORMAT = 1


class Replay(Record):
    """Mended rows that every collecting from now on reads beside the primary source.

    ``rows[i]`` names the quarantined row that the i-th row of ``snapshot`` (kind `mended`, with the primary source's
    columns) stands for, by what that one held.
    """

    format: Literal[1] = 1
    use_case: str
    snapshot: Snapshot
    rows: tuple[str, ...]
    who: str
    when: datetime
    why: str


class Replays:
    """The replays of one use case, oldest first. Nothing is ever changed: a newer replay of a row counts."""

    def __init__(self, store: Store, use_case: str) -> None:
        self._store = store
        self._prefix = f"{use_case}/replays"

    def add(self, replay: Replay) -> str:
        """Write the record and give its key."""
        data = json_bytes(replay.model_dump(mode="json"))
        key = f"{self._prefix}/{replay.when:%Y%m%dT%H%M%S%f}-{hashlib.sha256(data).hexdigest()[:12]}.json"
        self._store.create_bytes(key, data)
        return key

    def keys(self) -> list[str]:
        """The records' keys: what a collecting depends on."""
        return self._store.list(self._prefix)

    def all(self) -> list[Replay]:
        """Every replay. Raises UserError for a record that is damaged or of a newer format."""
        return [self._read(key) for key in self.keys()]

    def replayed(self) -> set[str]:
        """The quarantined rows that have been brought back."""
        return {row for replay in self.all() for row in replay.rows}

    def _read(self, key: str) -> Replay:
        said = self._store.read_json(key)
        stored = said.get("format") if isinstance(said, dict) else None
        if isinstance(stored, int) and stored > FORMAT:
            raise UserError(
                f"{self._store.url_of(key)} has format {stored}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
            )
        try:
            return Replay.model_validate(said)
        except ValidationError:
            raise UserError(f"{self._store.url_of(key)} is damaged: restore it from a backup, or remove it") from None


@dataclass(frozen=True)
class Mended:
    """The rows that were brought back, as if the primary source had them: its columns, in its types.

    Of a row that was brought back more than once, the newest counts.
    """

    store: Store
    replays: Sequence[Replay]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len({row for replay in self.replays for row in replay.rows})

    def frames(self, schema: pa.Schema, where: str) -> Iterator[pd.DataFrame]:
        """One frame a part, with the columns and types of ``schema``; a column that rows were mended without is null.

        Raises UserError, naming the source at ``where``, for rows that no longer fit it.
        """
        import pyarrow as pa

        from tidemill.reading.plain import frame_of, plain_table

        newest = {row: number for number, replay in enumerate(self.replays) for row in replay.rows}
        for number, replay in enumerate(self.replays):
            start = 0
            for table in replay.snapshot.tables(self.store):
                rows = replay.rows[start : start + table.num_rows]
                start += table.num_rows
                counts = [newest[row] == number for row in rows]
                if not any(counts):
                    continue
                try:
                    yield frame_of(plain_table(table.filter(pa.array(counts)), schema))
                except pa.ArrowInvalid as error:
                    raise UserError(
                        f"rows that {replay.who} brought back on {replay.when:%Y-%m-%d %H:%M} no longer fit {where} "
                        f"({str(error).splitlines()[0][:120]}): bring them back again, or remove their record in "
                        f"{self.store.url_of(f'{replay.use_case}/replays')}"
                    ) from None
