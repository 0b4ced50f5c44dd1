"""Collecting: from the sources to rows, joined as of each row's own time."""

from tidemill.collecting.rows import resolved
from tidemill.collecting.stage import batches, collect, source_state

__all__ = ["batches", "collect", "resolved", "source_state"]
