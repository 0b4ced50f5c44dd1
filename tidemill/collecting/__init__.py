"""Collecting: from the sources to rows, joined as of each row's own time."""

from tidemill.collecting.landed import Landed
from tidemill.collecting.landing import is_fetched, land
from tidemill.collecting.rows import resolved
from tidemill.collecting.stage import batches, collect, source_state

__all__ = ["Landed", "batches", "collect", "is_fetched", "land", "resolved", "source_state"]
