"""Finding a source's files, what format each is in, and whether it is what its name says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

import pyarrow as pa

from tidemill.errors import UserError
from tidemill.store import SourceObject, list_objects, open_url, shown

__all__ = ["DataFile", "Format", "data_files", "opened"]

Format = Literal["auto", "parquet", "csv", "tsv", "jsonl"]

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
_HEAD = 65_536
_MAGIC = {
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "gzip data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"PK\x03\x04": "a zip or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


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
def opened(file: DataFile) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed, after a look at whether they are what the name says.

    Raises UserError when the file is empty, or is something else than its format.
    """
    if file.object.size == 0:
        raise UserError(f"{file.name} is empty: write it again, or leave it out of the source")
    if file.compression is None:
        with open_url(file.object.url) as stream:
            _check(file, stream.read(_HEAD))
            stream.seek(0)
            yield stream
        return
    with _decompressed(file) as stream:
        _check(file, stream.read(_HEAD))
    with _decompressed(file) as stream:
        yield stream


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


def _check(file: DataFile, head: bytes) -> None:
    what = next((words for magic, words in _MAGIC.items() if head.startswith(magic)), None)
    if file.format == "parquet":
        if not head.startswith(b"PAR1"):
            raise UserError(
                f"{file.name} is not a Parquet file, but {what or 'something else'}: mend its name or `format`"
            )
        return
    spoken = {"csv": "CSV", "tsv": "tab-separated text", "jsonl": "JSON Lines"}[file.format]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if what is None and b"\0" in head:
        what = "binary data"
    if what is None and start[:1] == b"<":
        what = "HTML or XML"
    if what is None and file.format != "jsonl" and start[:1] in (b"{", b"["):
        what = "JSON"
    if what is None and file.format == "jsonl" and start[:1] == b"[":
        what = "one JSON array (write one object a line)"
    if what is not None:
        raise UserError(f"{file.name} is not {spoken}, but {what}: mend its name or `format`, or write it again")
    if not start:
        raise UserError(f"{file.name} is empty: write it again, or leave it out of the source")
