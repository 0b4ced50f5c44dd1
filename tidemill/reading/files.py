"""Finding a source's files, what format each is in, and whether it is what its name says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyarrow as pa

from tidemill.errors import UserError
from tidemill.reading.options import Format
from tidemill.store import SourceObject, list_objects, open_url, shown

__all__ = ["HEAD", "DataFile", "data_files", "opened"]

_ENDINGS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
HEAD = 65_536


@dataclass(frozen=True)
class DataFile:
    """One file of a source, its format settled."""

    object: SourceObject
    format: Format
    compression: str | None

    @property
    def name(self) -> str:
        """What messages call it."""
        return shown(self.object.url)


def data_files(url: str, format: Format = "auto") -> list[DataFile]:
    """The files that ``url`` means, by name. Raises UserError for none, and for a format that can't be told."""
    return [_settled(found, format) for found in list_objects(url)]


@contextmanager
def opened(file: DataFile) -> Iterator[tuple[BinaryIO, bytes]]:
    """The file's bytes, decompressed, and the first of them. Raises UserError when the file is empty or not whole."""
    if file.object.size == 0:
        raise UserError(f"{file.name} is empty: write it again, or leave it out of the source")
    if file.compression is None:
        with open_url(file.object.url) as stream:
            head = stream.read(HEAD)
            stream.seek(0)
            yield stream, head
        return
    with _decompressed(file) as stream:
        head = stream.read(HEAD)
    with _decompressed(file) as stream:
        yield stream, head


@contextmanager
def _decompressed(file: DataFile) -> Iterator[BinaryIO]:
    try:
        with open_url(file.object.url) as raw, pa.input_stream(raw, compression=file.compression) as stream:
            yield cast(BinaryIO, stream)
    except OSError as error:
        raise UserError(f"{file.name} is not whole {file.compression} data ({error}): write it again") from None


def _settled(found: SourceObject, format: Format) -> DataFile:
    name, compression = found.name.lower() or found.url.lower(), None
    for ending, codec in _COMPRESSIONS.items():
        if name.endswith(ending):
            name, compression = name.removesuffix(ending), codec
    if format == "auto":
        said = next((known for ending, known in _ENDINGS.items() if name.endswith(ending)), None)
        if said is None:
            endings = ", ".join(_ENDINGS)
            raise UserError(
                f"{shown(found.url)} does not say what it is: its name should end in one of {endings} "
                f"(with .gz or .zst if compressed), or give the source a `format`"
            )
        format = said
    return DataFile(found, format, compression)
