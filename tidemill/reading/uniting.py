"""One table of many files: which columns, of which types, and what to say where the files differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tidemill.cleaning.normalising import Kind
from tidemill.errors import UserError, did_you_mean
from tidemill.reading.holding import Held, Scanned, settled, together
from tidemill.reading.options import Options
from tidemill.reading.plain import INT, NOTHING, TEXT, spoken
from tidemill.reading.spelling import DATES, spoken_reading, type_of
from tidemill.said import to_say, to_tell

__all__ = ["United", "united"]

_MOST_NOTES = 50
_ALIKE = 0.6


@dataclass(frozen=True)
class United:
    """A source's agreed columns; ``readings`` are the spellings of those whose text is read as numbers or times."""

    schema: pa.Schema
    readings: Mapping[str, str]
    notes: tuple[str, ...]


def united(files: Sequence[tuple[str, Scanned]], options: Options) -> United:
    """One schema for all the files of a source.

    Columns are united; a file without one has nulls there. Whole numbers give way to numbers, and numbers and
    true/false to text. Times mix with text only: with anything else a value would change its meaning, so
    :exc:`UserError` names both files, unless the column is declared. With ``differing: refuse`` every difference
    but whole numbers beside numbers is an error.
    """
    names = dict.fromkeys(name for _, scanned in files for name in scanned.held)
    notes: list[str] = []
    fields, readings = [], {}
    for name in names:
        pieces = [(file, scanned.held[name]) for file, scanned in files if name in scanned.held]
        plain, reading = _read_alike(name, pieces, options.kinds.get(name), notes)
        held = _mixed(name, plain, options, notes)
        kind = options.kinds.get(name)
        absent = len(pieces) < len(files)
        final = settled(Held(held.type, held.gaps or absent, held.large, held.beyond), kind)
        if held.type == INT and final == TEXT:
            text = (
                "`{column}` is read as text: it holds whole numbers beyond 64 bits, which would be rounded"
                if held.beyond
                else "`{column}` is read as text: it holds whole numbers beyond 2**53, and gaps, which would be rounded"
            )
            notes.append(to_tell(text, column=name))
        if reading is not None and final == type_of(reading):
            readings[name] = reading
        fields.append((name, final))
    differences = _absences(files, names, options)
    if differences and options.differing == "refuse":
        raise UserError(f"{differences[0]}. Make the files agree, or say `differing: unite`")
    notes = [*(note for _, scanned in files for note in scanned.notes), *differences, *notes]
    notes += _unused(files, options)
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [to_tell("and {more} more differences", more=len(notes) - _MOST_NOTES)]
    return United(pa.schema(fields), readings, tuple(notes))


def _read_alike(
    name: str, pieces: Sequence[tuple[str, Held]], kind: Kind | None, notes: list[str]
) -> tuple[list[tuple[str, Held]], str | None]:
    """Settle how text that may be numbers or times is read: in the one way that fits all files that have such text."""
    spelled = [held.readings for _, held in pieces if held.readings]
    if not spelled:
        return list(pieces), None
    common = frozenset.intersection(*spelled)
    if len(common) == 1 and type_of(next(iter(common))) != TEXT:
        reading = next(iter(common))
        kind_read = type_of(reading)
        return [(file, Held(kind_read, held.gaps) if held.readings else held) for file, held in pieces], reading
    if common:
        text = (
            "`{column}` stays text: all of it can be read as {ways}. To have it read, write the dates as 2024-12-31"
            if common & set(DATES)
            else "`{column}` stays text: all of it can be read as {ways}. To have it read, say `decimal`"
        )
        notes.append(to_tell(text, column=name, ways=" and as ".join(sorted(map(spoken_reading, common)))))
    else:
        notes.append(to_tell("`{column}` stays text: its files do not write it in one way", column=name))
    return [(file, Held(held.type, held.gaps)) for file, held in pieces], None


def _mixed(name: str, pieces: Sequence[tuple[str, Held]], options: Options, notes: list[str]) -> Held:
    """What the column is over all files, with a note where that makes text of something else."""
    held = together(one for _, one in pieces)
    kinds = dict[pa.DataType, str]()
    for file, one in pieces:
        if one.type != NOTHING:
            kinds.setdefault(one.type, file)
    said = [f"{spoken(kind)} in {file}" for kind, file in kinds.items()]
    if held is None:
        if name in options.kinds:
            return Held(TEXT)
        raise UserError(
            f"column `{name}` is {' and '.join(said)}: make the files agree, or say what it is under `columns.types`"
        )
    if held.type == TEXT and len(kinds) > 1:
        if options.differing == "refuse" and name not in options.kinds:
            raise UserError(f"column `{name}` is {' and '.join(said)}. Make the files agree, or say `differing: unite`")
        notes.append(to_tell("`{column}` is {kinds}: read as text", column=name, kinds=" and ".join(said)))
    return held


def _absences(files: Sequence[tuple[str, Scanned]], names: Iterable[str], options: Options) -> list[str]:
    """A sentence for each column that some of the files lack, and for what looks like a new name."""
    where = {name: [file for file, scanned in files if name in scanned.held] for name in names}
    partly = {name: have for name, have in where.items() if len(have) < len(files)}
    notes, told = [], set[str]()
    for name in partly:
        other = _other_name(name, partly, files)
        if other is None or name in told:
            continue
        old, new = _old_and_new(name, other, partly, options.kinds)
        told |= {old, new}
        text = to_say(
            "`{old}` is only in {old_files} and `{new}` only in {new_files}: if they are one column, say "
            "`rename: {{{old}: {new}}}`"
        )
        files_of = {"old_files": _listed(partly[old]), "new_files": _listed(partly[new])}
        notes.append(to_tell(text, old=old, new=new, **files_of))
    for name, have in partly.items():
        if name not in told:
            lacking = _listed([file for file, _ in files if file not in have])
            notes.append(to_tell("`{column}` is not in {files}: null there", column=name, files=lacking))
    return notes


def _other_name(name: str, partly: Mapping[str, list[str]], files: Sequence[tuple[str, Scanned]]) -> str | None:
    """The column that is in just the files that lack this one, holds the same, and has a similar name."""
    have = set(partly[name])
    for other, others in partly.items():
        if other == name or have & set(others) or len(have) + len(others) < len(files):
            continue
        kinds = [
            {scanned.held[one].type for _, scanned in files if one in scanned.held} - {NOTHING} for one in (name, other)
        ]
        if kinds[0] == kinds[1] and _similar(name, other):
            return other
    return None


def _similar(one: str, other: str) -> bool:
    plain = [re.sub(r"[\W_]+", "", name.casefold()) for name in (one, other)]
    return difflib.SequenceMatcher(None, plain[0], plain[1]).ratio() >= _ALIKE


def _old_and_new(one: str, other: str, partly: Mapping[str, list[str]], kinds: Mapping[str, Kind]) -> tuple[str, str]:
    """The name to keep is the declared one, else that of more files, else that of the first."""
    if (one in kinds) != (other in kinds):
        return (other, one) if one in kinds else (one, other)
    return (one, other) if len(partly[one]) < len(partly[other]) else (other, one)


def _listed(files: Sequence[str]) -> str:
    return f"{files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}"


def _unused(files: Sequence[tuple[str, Scanned]], options: Options) -> list[str]:
    """New names that no file has made use of: misspelt, or no longer needed."""
    known = {name for _, scanned in files for name in scanned.held}
    return [
        to_tell("rename: no file has a column `{column}`{hint}", column=old, hint=did_you_mean(old, known))
        for old, new in options.rename.items()
        if new not in known
    ]
