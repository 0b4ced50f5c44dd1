"""How a source's files are to be read: what its use case says of them, and what is declared of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from tidemill.cleaning.normalising import Kind
from tidemill.usecase.schema import CleanRules

__all__ = ["BadRows", "DecimalMark", "Differing", "Encoding", "Format", "Options", "Reading"]

Format = Literal["auto", "parquet", "csv", "tsv", "jsonl"]
Encoding = Literal["auto", "utf-8", "latin-1", "windows-1252", "utf-16"]
DecimalMark = Literal["auto", ".", ","]
Differing = Literal["unite", "refuse"]
BadRows = Literal["quarantine", "refuse"]


class Reading(TypedDict, total=False):
    """How files are to be read, as keywords of :func:`tidemill.reading.open_dataset`."""

    encoding: Encoding
    decimal: DecimalMark
    rename: Mapping[str, str]
    differing: Differing


@dataclass(frozen=True)
class Options:
    """As :class:`tidemill.usecase.Source` has them. ``kinds`` are declared types of columns, by their new names."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    missing: Sequence[str] = CleanRules().missing
    encoding: Encoding = "auto"
    decimal: DecimalMark = "auto"
    rename: Mapping[str, str] = field(default_factory=dict)
    differing: Differing = "unite"
    bad_rows: BadRows = "refuse"

    def renamed(self, name: str) -> str:
        """What a column of a file is called from here on."""
        return self.rename.get(name, name)
