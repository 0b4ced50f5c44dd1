"""The lake: the only door to storage. Nothing else in Tidemill imports fsspec, s3fs or botocore."""

from __future__ import annotations

from tidemill.store.failures import disk_failures, shown
from tidemill.store.lake import DEFAULT_LAKE, Json, Store, json_bytes
from tidemill.store.sources import SourceObject, create_url, list_objects, open_url

__all__ = [
    "DEFAULT_LAKE",
    "Json",
    "SourceObject",
    "Store",
    "create_url",
    "disk_failures",
    "json_bytes",
    "list_objects",
    "open_url",
    "shown",
]
