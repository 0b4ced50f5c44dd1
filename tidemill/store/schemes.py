"""What is known of places by the scheme of their URL, and what Tidemill calls its own in each."""

from __future__ import annotations

__all__ = ["OBJECT_STORES", "OWN", "S3"]

OWN = ".tidemill"
"""The folder at the top of a lake that Tidemill keeps for itself; never listed."""

S3 = frozenset({"s3", "s3a"})
"""Schemes that s3fs reads."""

OBJECT_STORES = S3 | frozenset({"gs", "gcs", "abfs", "abfss", "az"})
"""Schemes whose single writes are whole or absent, and which know a conditional create."""
