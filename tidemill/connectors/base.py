"""What a connector is: rows of one source that is no file, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from tidemill.reading.refusing import Bad

__all__ = ["Connector", "Mark"]

Mark = datetime | int | float
"""A value of the column that grows (`incremental.column`): an aware moment in UTC, or a number."""


class Connector(Protocol):
    """Rows of one source, fetched anew each time they are asked for. What it keeps open closes with the iterator."""

    @property
    def where(self) -> str:
        """What messages call the source. It holds no secret."""
        ...

    @property
    def refused(self) -> Sequence[Bad]:
        """What pages gave so far that is no row, and so is not among the rows: it goes to Quarantine."""
        ...

    def pages(self, since: Mark | None, until: Mark | None) -> Iterator[pa.Table]:
        """The rows with ``since`` <= mark < ``until`` in pages of bounded size, in any Arrow types.

        Rows beyond the limits may come too (an API may not know how to leave them out): whoever asks leaves
        them out. Rows whose mark is null come whatever the limits are, where the source can give them.
        A page may have no rows; its columns count all the same. Pages may differ in columns and types.

        Raises UserError for what asking again would not mend, and TransientError for what it may: a server
        that went away in the middle, say. No message holds a secret (:func:`tidemill.secrets.hidden`).
        """
        ...
