"""Who is meant: the values as somebody gave them, and the column that they are values of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tidemill.erasing.searching import Wanted
from tidemill.erasing.texts import Names
from tidemill.erasing.tombstones import Tombstone
from tidemill.erasing.values import hashed, spelt, telling, token
from tidemill.errors import UserError, did_you_mean
from tidemill.snapshot import Manifest
from tidemill.store import open_url, shown
from tidemill.usecase.schema import UseCase

__all__ = ["Subjects", "ids_in", "subjects_of"]

_LONGEST = 1_000


@dataclass(frozen=True)
class Subjects:
    """The people: ``values`` of ``column`` as they are compared, each once, and the salt of their hashes."""

    use_case: UseCase
    column: str
    values: tuple[str, ...]
    salt: str

    @property
    def fold(self) -> bool:
        """Whether letters are compared without their case, because cleaning changes it."""
        return self.use_case.clean.case != "keep"

    @property
    def tombstones(self) -> tuple[Tombstone, ...]:
        """What is kept of them."""
        hashes = [hashed(self.salt, [self.column], [value]) for value in self.values]
        return tuple(Tombstone(column=self.column, hash=one, fold=self.fold) for one in hashes)

    @property
    def wanted(self) -> Wanted:
        """What to look for in tables."""
        renamed = [
            old for source in self.use_case.sources.values() for old, new in source.rename.items() if new == self.column
        ]
        return Wanted(self.column, self.values, self.fold, tuple(dict.fromkeys(renamed)))

    @property
    def names(self) -> Names:
        """What to look for in JSON and other texts, and what takes its place."""
        marks = {
            value: f"(erased {tombstone.hash[:8]})"
            for value, tombstone in zip(self.values, self.tombstones, strict=True)
        }
        return Names(frozenset({self.column, *self.wanted.aliases}), marks, self.fold)

    @property
    def linking(self) -> tuple[tuple[str, ...], ...]:
        """The columns that name a row where the subjects' own column is missing."""
        labels = self.use_case.label_join
        found = [tuple(self.use_case.id), *([tuple(labels.on)] if labels is not None else [])]
        return tuple(dict.fromkeys(columns for columns in found if columns and columns != (self.column,)))

    def check_reason(self, why: str) -> None:
        """Raise UserError for a reason that would itself keep for ever what is to be erased."""
        for value in self.values:
            if why == value or (telling(value) and token(value).search(why.lower() if self.fold else why)):
                raise UserError("--why names the person, and would be kept: say it without the value")


def subjects_of(
    use_case: UseCase, column: str | None, values: Iterable[str], known: Mapping[str, Manifest], salt: str
) -> Subjects:
    """The people that ``values`` of ``column`` (left out, the use case's one `id`) are.

    Raises UserError for a column that is nowhere, none where it takes one, and no or empty values.
    """
    if column is None:
        if len(use_case.id) != 1:
            several = ", ".join(f"`{name}`" for name in use_case.id)
            has = f"the `id` of `{use_case.name}` are {several}" if several else f"`{use_case.name}` has no `id`"
            raise UserError(f"{has}: say with --column which column names the person")
        column = use_case.id[0]
    columns = {one.name for manifest in known.values() for one in manifest.columns}
    if column in use_case.derive:
        raise UserError(f"--column: `{column}` is derived: name the column of a source that it is made from")
    if column not in {*use_case.id, *columns}:
        raise UserError(
            f"--column: nothing in the lake of `{use_case.name}` has a column `{column}`"
            f"{did_you_mean(column, [*use_case.id, *columns])}"
        )
    fold = use_case.clean.case != "keep"
    found = [spelt(value, fold=fold) for value in values]
    if not found:
        raise UserError("whom? Give --id, or --ids with a file of them")
    if not all(found):
        raise UserError("an id is empty: leave it out")
    if longest := next((value for value in found if len(value) > _LONGEST or "\n" in value), None):
        raise UserError(f"an id of {len(longest):,} characters, or with a line break, names nobody: mend it")
    return Subjects(use_case, column, tuple(dict.fromkeys(found)), salt)


def ids_in(url: str) -> list[str]:
    """The ids in a text file, one a line. Raises UserError for a file that is none."""
    try:
        with open_url(url) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{shown(url)} is no text in UTF-8: write one id a line") from None
    found: Sequence[str] = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise UserError(f"{shown(url)} has no ids: write one a line")
    return list(found)
