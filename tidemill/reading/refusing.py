"""Rows that can't be read: kept for Quarantine with their rule, reason, place and text, or refused aloud."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from tidemill.errors import UserError
from tidemill.reading.options import Options
from tidemill.said import to_say

__all__ = ["KEPT", "REASONS", "Bad", "Refusals", "frame_of_bad", "raw_text"]

KEPT = 65_536
_EARLY = 1_000
REASONS = {
    "read:values": to_say("another number of values than the header has columns"),
    "read:nul": to_say("a NUL byte"),
    "read:encoding": to_say("bytes that are not text of the file's encoding"),
    "read:length": to_say("a row of more than 4 MB"),
    "read:quote": to_say("a quotation mark that is left open"),
    "read:header": to_say("the header once more"),
    "read:json": to_say("a line that is not one JSON object"),
    "read:record": to_say("a record that is no object"),
    "read:keys": to_say("a name that is twice in one object"),
    "read:depth": to_say("an object that is nested too deeply"),
}


@dataclass(frozen=True)
class Bad:
    """A row that can't be read: which rule refuses it and why, its line in the file, its text."""

    rule: str
    reason: str
    row: int
    raw: str


@dataclass
class Refusals:
    """How many rows of one file were refused, by reason, and whether they are too many to go on."""

    name: str
    options: Options
    counts: Counter[str] = field(default_factory=Counter)
    first: Bad | None = None
    checked: bool = False

    @property
    def rows(self) -> int:
        """All of them."""
        return self.counts.total()

    def take(self, bad: Iterable[Bad]) -> None:
        """Count them. Raises UserError for the first where the source says ``bad_rows: refuse``."""
        for one in bad:
            if self.options.bad_rows == "refuse":
                raise UserError(
                    f"{self.name}, line {one.row}: {one.reason}. Mend the row: here every row must be readable"
                )
            self.first = self.first or one
            self.counts[REASONS[one.rule]] += 1

    def check(self, rows: int, *, last: bool) -> None:
        """Raise UserError when more rows were refused than the ``rows`` that were read: the file is what is wrong.

        That is looked at once early on, so as not to read on in vain, and at the ``last`` row.
        """
        early = not self.checked and rows + self.rows >= _EARLY
        self.checked |= early
        if not (early or last) or self.first is None or self.rows <= rows:
            return
        reason, most = self.counts.most_common(1)[0]
        raise UserError(
            f"{self.name}: {self.rows:,} of its first {self.rows + rows:,} rows can't be read, {most:,} of them for "
            f"{reason} (line {self.first.row}: {self.first.reason}). The file is not what its name or `format` says, "
            f"or its first line is not its header: write it again"
        )


def raw_text(data: bytes) -> str:
    """A row's bytes as text that can be stored: bounded, without its line end, what is not UTF-8 escaped."""
    return data[:KEPT].rstrip(b"\r\n").decode("utf-8", errors="backslashreplace").replace("\0", "\\x00")


def frame_of_bad(file: str, bad: Sequence[Bad]) -> pd.DataFrame:
    """Refused rows as Quarantine holds them."""
    return pd.DataFrame(
        {
            "_rule": pd.Series([one.rule for one in bad], dtype="str"),
            "_reason": pd.Series([one.reason for one in bad], dtype="str"),
            "_file": pd.Series([file] * len(bad), dtype="str"),
            "_row": pd.Series([one.row for one in bad], dtype="int64"),
            "_raw": pd.Series([one.raw for one in bad], dtype="str"),
        }
    )
