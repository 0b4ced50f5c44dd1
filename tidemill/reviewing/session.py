"""One person's sitting: the rows in their order, what was answered, and the way back."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tidemill.cleaning.normalising import text_of
from tidemill.errors import UserError
from tidemill.reviewing.answers import Answer, AnswerLog, Value, labels, standing
from tidemill.reviewing.choosing import Item

__all__ = ["Progress", "Session", "Summary"]

_LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """``states`` says of each row what was answered: "" for nothing yet, ``agreed``, ``changed``, ``labelled``,
    ``unsure``, or ``others`` where somebody else was first. ``streak`` counts the last answers that agreed with
    the label; ``undoable`` how many steps can be taken back."""

    states: tuple[str, ...]
    answered: int
    changed: int
    streak: int
    undoable: int


@dataclass(frozen=True)
class Summary:
    """What a sitting came to: rows shown, and answers that hold, by what they did."""

    shown: int
    answered: int
    agreed: int
    changed: int
    labelled: int
    unsure: int
    undone: int


class Session:
    """The sitting of ``who``. Safe in threads; every answer is in the lake before it counts."""

    def __init__(self, log: AnswerLog, items: Sequence[Item], *, who: str, version: str, classes: Sequence[Value]):
        self.items = tuple(items)
        self.who = who
        self.version = version
        self.classes = tuple(classes)
        self._log = log
        self._lock = threading.Lock()
        self._steps: list[tuple[int, str]] = []
        self._undone = 0
        self._looked = float("-inf")

    def answer(self, index: int, action: Literal["answer", "unsure"], value: Value | None = None) -> Progress:
        """Keep what was said of the row at ``index``. Raises UserError for a value that is no class, or no number."""
        item = self._item(index)
        said = self._checked(value) if action == "answer" else None
        with self._lock:
            key = self._log.add(
                Answer(
                    row=item.row,
                    named=item.named,
                    action=action,
                    value=said,
                    old=self._now(item),
                    who=self.who,
                    when=datetime.now(UTC),
                    version=self.version,
                    why=item.why,
                )
            )
            self._steps.append((index, key))
            return self._progress()

    def undo(self) -> tuple[int | None, Progress]:
        """Take the last step back. Gives the row's place, or None when there is nothing to take back."""
        with self._lock:
            if not self._steps:
                return None, self._progress()
            index, key = self._steps[-1]
            self._log.undo(key, self.who)
            self._steps.pop()
            self._undone += 1
            return index, self._progress()

    def progress(self) -> Progress:
        """How far it is, with what others have answered meanwhile."""
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_SECONDS:
                self._log.entries()
                self._looked = time.monotonic()
            return self._progress()

    def answer_to(self, index: int) -> Answer | None:
        """What holds for the row at ``index``: this sitting's answer, or somebody else's."""
        known = self._log.known()
        given = standing(known).get(self._item(index).row)
        return known[given[-1]] if given else None

    def summary(self) -> Summary:
        """What it came to."""
        with self._lock:
            states = [state for state in self._progress().states if state not in ("", "others")]
            count = states.count
            return Summary(
                shown=len(self.items),
                answered=len(states),
                agreed=count("agreed"),
                changed=count("changed"),
                labelled=count("labelled"),
                unsure=count("unsure"),
                undone=self._undone,
            )

    def _progress(self) -> Progress:
        mine = {key for _, key in self._steps}
        known = self._log.known()
        held = standing(known)
        states = []
        for item in self.items:
            given = held.get(item.row)
            if not given:
                states.append("")
            elif given[-1] in mine:
                states.append(_state(known[given[-1]], item))
            else:
                states.append("others")
        streak = 0
        for index, _ in reversed(self._steps):
            if states[index] != "agreed":
                break
            streak += 1
        return Progress(
            states=tuple(states),
            answered=sum(state != "" for state in states),
            changed=states.count("changed") + states.count("labelled"),
            streak=streak,
            undoable=len(self._steps),
        )

    def _now(self, item: Item) -> Value | None:
        """The row's label until now: what people said last, else what the data says."""
        return labels(self._log.known()).get(item.row, item.label)

    def _item(self, index: int) -> Item:
        if not 0 <= index < len(self.items):
            raise UserError(f"there is no row {index}: this sitting has {len(self.items)}")
        return self.items[index]

    def _checked(self, value: Value | None) -> Value:
        if not self.classes:
            try:
                number = float(str(value).strip())
            except ValueError:
                number = float("nan")
            if not abs(number) < float("inf"):
                raise UserError(f"`{value}` is no number, such as 12.5")
            return number
        for known in self.classes:
            if value is not None and text_of(known) == text_of(value):
                return known
        raise UserError(f"`{value}` is no class of the target: it has {', '.join(map(text_of, self.classes[:20]))}")


def _state(answer: Answer, item: Item) -> str:
    if answer.action == "unsure":
        return "unsure"
    if item.label is None:
        return "labelled"
    return "agreed" if answer.value == item.label else "changed"
