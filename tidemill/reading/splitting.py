"""Delimited text as blocks of whole rows, without the rows that can't be read: flat memory, whatever the text is.

Quotes are read as Arrow reads them: one at the start of a value opens it, and the next that is not
doubled closes it. What Arrow would take without a word is found here: a quote that is left open and
swallows lines, NUL bytes, bytes that are no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidemill.errors import UserError
from tidemill.reading.contents import BOM, TextStream
from tidemill.reading.options import Options
from tidemill.reading.refusing import Bad, raw_text

__all__ = ["BLOCK", "LONGEST", "Block", "Grammar", "Splitter", "is_text", "not_text"]

BLOCK = 2 * 2**20
LONGEST = 4 * 2**20
_WALKED = 2**19
_OPEN = (
    f"a quotation mark is left open there, or its value has more than {LONGEST // 2**20} MB: close it, or double a "
    "mark that belongs to a value"
)


class Block(NamedTuple):
    """Whole rows as UTF-8, the line that the first of them is on, and rows that were taken out.

    Where a row was taken out its line ends are left, so that lines can be counted; blank lines are no rows.
    """

    data: bytes
    line: int
    bad: list[Bad]


class Grammar:
    """Values and rows of delimited text, as patterns."""

    def __init__(self, delimiter: str) -> None:
        mark = re.escape(delimiter.encode())
        quoted = rb'"(?:[^"]++|"")*+"[^%s\r\n]*+' % mark
        value = rb'(?:%s|[^"%s\r\n][^%s\r\n]*+)?+' % (quoted, mark, mark)
        self.row = re.compile(rb"%s(?:%s%s)*+(\r\n|\r|\n|\Z)" % (value, mark, value))
        broken = rb'"(?:[^"\r\n]++|"")*+[\r\n](?:[^"]++|"")*+"[^"%s\r\n]' % mark
        self.swallowing = re.compile(rb"(?:%s%s)*?%s" % (value, mark, broken))
        self.beside = np.zeros(256, dtype=bool)
        self.beside[[10, 13, 34, *delimiter.encode()]] = True


@dataclass
class Splitter:
    """One pass over the text below a header. ``header`` is its line as written, to find it again further down.

    ``cuts`` are the lengths of the blocks so far, where the text was fit to be taken as it is; else None.
    """

    name: str
    stream: TextStream
    rest: bytes
    line: int
    header: bytes
    grammar: Grammar
    options: Options
    cuts: list[int] | None = field(default_factory=list)
    _bad: list[Bad] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        """The blocks in order, each with at most some 6 MB. Raises UserError for text of another encoding."""
        buffer, ended = self.rest, False
        while not ended:
            data = self.stream.read(BLOCK)
            ended = not data
            buffer = buffer + data if buffer else data
            while buffer:
                whole, used = self._whole(buffer, ended=ended)
                if used:
                    block = self._tidied(whole)
                    if block.bad or len(block.data) != used:
                        self.cuts = None
                    elif self.cuts is not None:
                        self.cuts.append(used)
                    yield block
                    buffer = buffer[used:]
                    continue
                if len(buffer) <= LONGEST:
                    break
                buffer = self._past_long(buffer)
        if self._bad:
            self.cuts = None
            yield Block(b"", self.line, self._taken())

    def again(self, cuts: Sequence[int]) -> Iterator[Block]:
        """The blocks as they were cut before, without a look at what is in them."""
        waiting = self.rest
        for size in cuts:
            data = waiting + self.stream.read(max(0, size - len(waiting))) if len(waiting) < size else waiting[:size]
            waiting = waiting[size:]
            yield Block(data, 0, [])
        if waiting or self.stream.read(1):
            raise pa.ArrowInvalid("there is more of it")

    def _taken(self) -> list[Bad]:
        bad, self._bad = self._bad, []
        return bad

    def _whole(self, buffer: bytes, *, ended: bool) -> tuple[bytes, int]:
        """Whole rows from the start of ``buffer``, and how many of its bytes they are."""
        if b'"' not in buffer:
            cut = len(buffer) if ended else _last_line_end(buffer, len(buffer))
            return buffer[:cut], cut
        marks = np.frombuffer(buffer, dtype=np.uint8)
        quotes = np.flatnonzero(marks == 34)
        if not self._regular(marks, quotes) or (ended and len(quotes) % 2):
            return self._walked(buffer, ended=ended)
        cut = len(buffer) if ended else _last_outside(buffer, quotes)
        if not cut and len(buffer) > LONGEST:
            return self._walked(buffer, ended=ended)
        return buffer[:cut], cut

    def _regular(self, marks: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp]) -> bool:
        """Whether every other quote opens a value and the one after it closes it: then quotes can be counted."""
        opening, closing = quotes[::2], quotes[1::2]
        before = marks[np.maximum(opening - 1, 0)]
        after = marks[np.minimum(closing + 1, len(marks) - 1)]
        beside = self.grammar.beside
        return bool(beside[before].all() and beside[after].all())

    def _walked(self, buffer: bytes, *, ended: bool) -> tuple[bytes, int]:
        """As :meth:`_whole`, row by row, past quotes that are left open: of those the first line is refused.

        Only some rows are walked through: what comes after them may be countable again.
        """
        kept: list[bytes] = []
        at, lines = 0, 0
        while at < min(len(buffer), _WALKED):
            row = self.grammar.row.match(buffer, at)  # None: a quote is open to the end of the buffer
            end = row.end() if row is not None else _line_end(buffer, at)
            if not ended and (end == len(buffer) and not buffer.endswith(b"\n")):
                break
            if row is None and not ended and len(buffer) - at <= LONGEST:
                break
            if row is None or self.grammar.swallowing.match(buffer, at, end):
                end = _line_end(buffer, at)
                self._bad.append(Bad("read:quote", _OPEN, self.line + lines, raw_text(buffer[at:end])))
                kept.append(b"\n")
            else:
                kept.append(buffer[at:end])
            lines += _lines(buffer[at:end])
            at = end
        return b"".join(kept), at

    def _past_long(self, buffer: bytes) -> bytes:
        """What comes after a line that is too long to be held, which is refused."""
        why = f"the row has more than {LONGEST // 2**20} MB"
        bad = Bad("read:length", why, self.line, raw_text(buffer))
        while True:
            end = _line_end(buffer, 0)
            if end < len(buffer) or buffer.endswith((b"\n", b"\r")):
                break
            buffer = self.stream.read(BLOCK)
            if not buffer:
                break
        self.line += 1
        self._bad.append(bad)
        return buffer[end:] if buffer else b""

    def _tidied(self, data: bytes) -> Block:
        """The rows without those that hold NUL bytes or bytes that are no text, or are the header once more."""
        line = self.line
        self.line += _lines(data)
        odd = not data.isascii() and (BOM in data or not is_text(data))
        if odd or b"\0" in data or self._has_header(data):
            data = self._sifted(data, line)
        return Block(data, line, self._taken())

    def _has_header(self, data: bytes) -> bool:
        return bool(self.header) and (data.startswith(self.header) or b"\n" + self.header in data)

    def _sifted(self, data: bytes, line: int) -> bytes:
        kept: list[bytes] = []
        at = 0
        while at < len(data):
            row = self.grammar.row.match(data, at)
            assert row is not None  # `_whole` gives rows only
            text = data[at : row.end()].removeprefix(BOM)
            rule, why = self._refusal(text, line)
            if rule:
                self._bad.append(Bad(rule, why, line, raw_text(text)))
                text = b"\n" * _lines(text)
            kept.append(text)
            line += _lines(data[at : row.end()])
            at = row.end()
        return b"".join(kept)

    def _refusal(self, text: bytes, line: int) -> tuple[str, str]:
        if b"\0" in text:
            return "read:nul", "a NUL byte is in it"
        if not is_text(text):
            return "read:encoding", not_text(self.name, line, text, self.stream)
        if self.header and text.rstrip(b"\r\n") == self.header:
            return "read:header", "it is the header once more"
        return "", ""


def is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    if data.isascii():
        return True
    offsets = pa.py_buffer(np.array([0, len(data)], dtype="int64"))
    value = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        value.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def not_text(name: str, line: int, text: bytes, stream: TextStream) -> str:
    """Why a row is refused that is not text of the file's encoding.

    Raises UserError where nothing says what the encoding is: then it is the file that is wrong, not the row.
    """
    if stream.sure:
        return f"bytes that are not {stream.encoding} text are in it"
    try:
        place = len(text.decode())
    except UnicodeDecodeError as error:
        place = error.start
    near = text[max(0, place - 30) : place + 30].decode("latin-1").strip()
    raise UserError(
        f"{name}, line {line}: bytes that are not UTF-8 text. If `{near}` looks right, say `encoding: latin-1` (or "
        f"`windows-1252`); if only some rows are broken, say `encoding: utf-8`, and they go to Quarantine"
    )


def _last_line_end(buffer: bytes, end: int) -> int:
    cut = buffer.rfind(b"\n", 0, end) + 1
    if not cut:  # the lone CR of old; the last may be half of a CR LF
        cut = buffer.rfind(b"\r", 0, min(end, len(buffer) - 1)) + 1
    return cut


def _last_outside(buffer: bytes, quotes: npt.NDArray[np.intp]) -> int:
    """Where the last row ends whose line end is outside of quotes; 0 for none."""
    end = len(buffer)
    while end:
        cut = _last_line_end(buffer, end)
        inside = int(np.searchsorted(quotes, cut))
        if inside % 2 == 0:
            return cut
        end = int(quotes[inside - 1])
    return 0


def _line_end(buffer: bytes, at: int) -> int:
    """Where the line that begins at ``at`` ends, its line end included."""
    feed = buffer.find(b"\n", at)
    back = buffer.find(b"\r", at, feed if feed >= 0 else len(buffer))
    if back >= 0 and back + 1 != feed:
        return back + 1
    return feed + 1 if feed >= 0 else len(buffer)


def _lines(data: bytes) -> int:
    """How many line ends there are."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == 10)) or data.count(b"\r")
