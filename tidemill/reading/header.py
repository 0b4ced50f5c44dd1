"""The first line of delimited text: column names, and what parts them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from tidemill.errors import UserError
from tidemill.reading.contents import BOM, TextStream
from tidemill.reading.files import DataFile
from tidemill.reading.options import Options
from tidemill.reading.splitting import Grammar, is_text, not_text

__all__ = ["Header", "header_of"]

_MOST = 2**20
_SAMPLE = 65_536
_ROWS = 100
_MARKS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Header:
    """Column names by their new names, ``written`` as in the file; ``nameless`` ones are called by their place.

    ``rest`` is what was read of the rows below it, the first of them on ``line``.
    """

    names: list[str]
    nameless: frozenset[str]
    delimiter: str
    written: bytes
    line: int
    rest: bytes


def header_of(file: DataFile, stream: TextStream, options: Options) -> Header:
    """Read the header. Raises UserError for one that can't be read, and for names that are numbers or there twice."""
    head = stream.read(_MOST)
    body = head.lstrip(b"\r\n").removeprefix(BOM)
    line = 1 + head[: len(head) - len(body)].count(b"\n")
    delimiter, body, line = _separator(body, line)
    if delimiter is None:
        delimiter = "\t" if file.format == "tsv" else _delimiter(body)
    row = Grammar(delimiter).row.match(body)
    if row is None or (row.end() == len(body) == _MOST):
        raise UserError(
            f"{file.name}: its first line can't be read (a quotation mark is left open, or it has more than 1 MB). It "
            f"should hold the column names"
        )
    written = row.group()
    if not is_text(written):
        why = not_text(file.name, line, written, stream)
        raise UserError(f"{file.name}: its first line can't be read: {why}. It should hold the column names")
    if b"\0" in written:
        raise UserError(f"{file.name}: its first line holds NUL bytes. It should hold the column names")
    text = written.decode().rstrip("\r\n")
    names, nameless = _named(file, text, delimiter, options)
    below = line + max(1, written.count(b"\n") or written.count(b"\r"))
    return Header(names, nameless, delimiter, text.encode(), below, body[row.end() :])


def _named(file: DataFile, text: str, delimiter: str, options: Options) -> tuple[list[str], frozenset[str]]:
    try:
        found = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
    except csv.Error as error:
        raise UserError(
            f"{file.name}: its first line can't be read ({error}). It should hold the column names"
        ) from None
    if not any(found):
        raise UserError(f"{file.name}: its first line holds no names: it should hold the column names")
    if all(_NUMBER.fullmatch(name) for name in found if name) and not set(found) & set(options.rename):
        shown = ", ".join(found[:3])
        raise UserError(
            f"{file.name}: its first line holds numbers ({shown}{', …' if len(found) > 3 else ''}), not names of "
            f"columns: put a line of names on top, or give a name to one of them under `rename`"
        )
    nameless = {place: f"column_{place + 1}" for place, name in enumerate(found) if not name}
    names = [options.renamed(nameless.get(place, name)) for place, name in enumerate(found)]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        olds = [old or nameless[place] for place, old in enumerate(found) if names[place] == twice[0]]
        if len(set(olds)) > 1:
            raise UserError(f"{file.name}: `rename` makes one column, `{twice[0]}`, of {' and '.join(olds)}: keep one")
        raise UserError(f"{file.name} has two columns called `{twice[0]}`: rename one of them in its first line")
    return names, frozenset(names[place] for place in nameless)


def _separator(body: bytes, line: int) -> tuple[str | None, bytes, int]:
    """Excel's own first line, ``sep=;``."""
    said = re.match(rb"sep=([,;\t|])(?:\r\n|\r|\n)", body)
    return (said[1].decode(), body[said.end() :], line + 1) if said else (None, body, line)


def _delimiter(body: bytes) -> str:
    """The mark that gives the rows as many values as the header has names; of several the one with most columns.

    A comma is easily part of a value or a name, so another mark that does as well goes before it.
    """
    sample = body[:_SAMPLE]
    found: list[tuple[bool, int, bool, str]] = []
    for mark in _MARKS:
        counts = _counts(sample, mark, whole=len(body) <= _SAMPLE)
        if counts and counts[0] > 1:
            alike = sum(count == counts[0] for count in counts) >= 0.8 * len(counts)
            found.append((alike, counts[0], mark != ",", mark))
    return max(found)[3] if found else ","


def _counts(sample: bytes, mark: str, *, whole: bool) -> list[int]:
    """How many values the first rows have."""
    pattern, at = Grammar(mark).row, 0
    counts: list[int] = []
    while at < len(sample) and len(counts) < _ROWS:
        row = pattern.match(sample, at)
        if row is None or (row.end() == len(sample) and not whole and counts):
            break
        at = row.end()
        text = row.group().decode(errors="replace").rstrip("\r\n")
        if not text.strip():
            continue
        try:
            counts.append(len(next(csv.reader([text], delimiter=mark), [])))
        except csv.Error:
            break
    return counts
