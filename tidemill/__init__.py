"""Tidemill: the whole working life of a tabular model."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
