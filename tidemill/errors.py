"""The errors Tidemill raises, in one tree, split by what should happen next.

TidemillError
├── TransientError   something outside hiccupped: try again (tasks retry only these)
├── UserError        the user's input is wrong: one message, with the mend (exit status 2)
│   └── DamagedError     what is stored is missing, or not as it was written
└── GateError        data or model was refused by a gate: nothing promoted (exit status 3)
    └── OvertakenError   somebody else's decision came first: this one has no effect
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DamagedError",
    "GateError",
    "OvertakenError",
    "TidemillError",
    "TransientError",
    "UserError",
    "did_you_mean",
]


class TidemillError(Exception):
    """Base of every error that Tidemill raises on purpose. Its message is fit to be shown as it is."""


class TransientError(TidemillError):
    """The same call may succeed later: a server that does not answer, a throttled store."""


class UserError(TidemillError):
    """The input is wrong. The message names the file, the field or column, and the mend.

    ``row`` (counted from 0) and ``column`` say where, when a row of a table or a request is to blame.
    """

    def __init__(self, message: str, *, row: int | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        self.column = column


class DamagedError(UserError):
    """Something that is stored is missing, or its checksum no longer fits. The message names it, and the mend."""


class GateError(TidemillError):
    """A data gate or the model gate refused. Champion and lake stay as they were.

    ``data_docs`` is the URL of the Data Docs, where it was the data that was refused.
    """

    def __init__(self, message: str, *, data_docs: str | None = None) -> None:
        super().__init__(message)
        self.data_docs = data_docs


class OvertakenError(GateError):
    """Somebody else's decision came first, so that this one was decided against a champion that is none any more."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to append to an error: `` (did you mean `target`?)``, or an empty string."""
    close = difflib.get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close else ""
