"""Immutable, content-addressed tables in the lake: Parquet parts and a manifest.

A :class:`Snapshot` is the small reference that tasks hand each other; the manifest holds the rest.
Identical content gives the identical reference and is not written again.

Parts are stored under the sha256 of their bytes, ``<use_case>/parts/<sha256>.parquet``, so that they
can be written as rows arrive and are shared by Snapshots that hold the same rows. The manifest,
``<use_case>/snapshots/<id>/manifest.json``, is written last: a Snapshot that can be seen is whole.

Only an erasure changes what is stored (:mod:`tidemill.erasing`): it takes a person's rows out of parts and
manifest, says so in the manifest, and leaves the Snapshot its name.
"""

from tidemill.snapshot.manifest import Column, Manifest, Part, Redaction, part_key
from tidemill.snapshot.reading import PartReader, Snapshot
from tidemill.snapshot.writing import SnapshotWriter, write_snapshot

__all__ = [
    "Column",
    "Manifest",
    "Part",
    "PartReader",
    "Redaction",
    "Snapshot",
    "SnapshotWriter",
    "part_key",
    "write_snapshot",
]
