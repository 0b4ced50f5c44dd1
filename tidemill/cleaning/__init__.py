"""Cleaning: tidy values, one row of each, and every refused row in Quarantine with its reason."""

from tidemill.cleaning.mending import mended
from tidemill.cleaning.normalising import Kind, declared_kinds, normalise
from tidemill.cleaning.stage import clean

__all__ = ["Kind", "clean", "declared_kinds", "mended", "normalise"]
