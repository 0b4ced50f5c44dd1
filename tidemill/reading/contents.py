"""What a file's first bytes say it is: whether that is what its name says, and in which encoding its text is."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tidemill.errors import UserError
from tidemill.reading.files import HEAD, DataFile, opened
from tidemill.reading.options import Encoding, Options

__all__ = ["TextStream", "check_parquet", "text_of"]

BOM = codecs.BOM_UTF8
_MAGIC = {
    b"PAR1": "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"\x1f\x8b": "gzip data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"PK\x03\x04": "a zip or Excel file",
    b"PK\x05\x06": "an empty zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"\xff\xfe\x00\x00": "UTF-32 text",
    b"\x00\x00\xfe\xff": "UTF-32 text",
}
_WORDS = {"csv": "CSV", "tsv": "tab-separated text", "jsonl": "JSON Lines"}
_UTF8 = "utf-8"
_CODECS: dict[Encoding, str] = {"latin-1": "latin-1", "windows-1252": "cp1252"}
_CONTROL = bytes({*range(32)} - {9, 10, 12, 13, 26, 27})
_BINARY_SHARE = 0.05
_FEW = 3


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class TextStream:
    """A text file as UTF-8 bytes without a byte-order mark, whatever its encoding.

    ``sure`` says whether the encoding is declared, or marked by the file, and not only what is usual.
    What its encoding can't read comes out as bytes that are no UTF-8, so that the row can be told.
    """

    def __init__(self, stream: _Readable, codec: str, *, sure: bool = False) -> None:
        self._stream = stream
        self.encoding = {"cp1252": "windows-1252"}.get(codec, codec[:6])
        self.sure = sure
        self._errors = "surrogateescape" if codec == "cp1252" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(codec)(self._errors) if codec != _UTF8 else None
        self._waiting = b""
        self._started, self._ended = False, False

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end: pieces hang on the text alone, not on the network."""
        parts = [self._waiting]
        held = len(self._waiting)
        while held < size:
            if self._ended:
                break
            data = self._stream.read(size - held)
            self._ended = not data
            parts.append(self._decoded(data))
            held += len(parts[-1])
        whole = parts[-1] if len(parts) == 2 and not parts[0] else b"".join(parts)
        self._waiting = whole[size:]
        return whole[:size] if self._waiting else whole

    def _decoded(self, data: bytes) -> bytes:
        if self._decoder is not None:
            try:
                data = self._decoder.decode(data, final=not data).encode("utf-8", self._errors)
            except UnicodeDecodeError:  # half a character at the very end
                data = b"\xff"
        if not self._started and data:
            self._started = True
            data = data.removeprefix(BOM)
        return data


@contextmanager
def text_of(file: DataFile, options: Options) -> Iterator[TextStream]:
    """The file's text. Raises UserError when it is empty, or something else than its format says."""
    with opened(file) as (stream, head):
        codec = _codec(file, head, options.encoding)
        _check_text(file, TextStream(io.BytesIO(head), codec).read(4 * HEAD))
        marked = codec == "utf-16" or head.startswith(BOM)
        yield TextStream(stream, codec, sure=marked or options.encoding != "auto")


def check_parquet(file: DataFile, head: bytes) -> None:
    """Raise UserError when the file does not begin as a Parquet file does."""
    if not head.startswith(b"PAR1"):
        what = _known(head) or "something else"
        raise UserError(f"{file.name} is not a Parquet file, but {what}: mend its name or `format`")


def _known(head: bytes) -> str | None:
    """What a file is by its first bytes. Letters alone (`PAR1`) may be a column's name, unless NUL bytes follow."""
    for magic, words in _MAGIC.items():
        if head.startswith(magic) and (b"\0" in head or not magic.isalnum()):
            return words
    return None


def _codec(file: DataFile, head: bytes, said: Encoding) -> str:
    """Python's name for the file's encoding: the declared one, else what a byte-order mark says, else UTF-8."""
    what = _known(head)
    if what is not None:
        raise UserError(_not(file, what))
    marked: Encoding | None = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else None
    if head.startswith(BOM):
        marked = "utf-8"
    if said == "auto" and marked is None and _every_second_is_nul(head):
        raise UserError(f"{file.name} looks like UTF-16 without a byte-order mark: say `encoding: utf-16`")
    if said != "auto" and marked is not None and marked != said:
        raise UserError(f"{file.name} begins with the byte-order mark of {marked}: say `encoding: {marked}`, or `auto`")
    if marked is None and said == "utf-16":
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    return marked or _CODECS.get(said, _UTF8)


def _every_second_is_nul(head: bytes) -> bool:
    fewer, more = sorted((head[1::2].count(0), head[::2].count(0)))
    half = len(head) // 2
    return half > 1 and more > 0.7 * half and fewer < 0.3 * half


def _check_text(file: DataFile, head: bytes) -> None:
    start = head.lstrip()
    what = None
    if len(head) - len(head.translate(None, _CONTROL)) > max(_FEW, _BINARY_SHARE * len(head)):
        what = "binary data"
    elif start[:1] == b"<":
        what = "HTML or XML"
    elif file.format != "jsonl" and start[:1] in (b"{", b"["):
        what = "JSON"
    elif file.format == "jsonl" and start[:1] == b"[":
        what = "one JSON array (write one object a line)"
    if what is not None:
        raise UserError(_not(file, what))
    if not start:
        raise UserError(f"{file.name} is empty: write it again, or leave it out of the source")


def _not(file: DataFile, what: str) -> str:
    return f"{file.name} is not {_WORDS[file.format]}, but {what}: mend its name or `format`, or write it again"
