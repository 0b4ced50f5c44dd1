from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.reviewing import session as module
from tidemill.reviewing.answers import AnswerLog, labels
from tidemill.reviewing.choosing import Item
from tidemill.reviewing.session import Session
from tidemill.store import Store

ITEM = Item("r0", {}, "suspect", "Why not?", (), "no", (("yes", 0.9), ("no", 0.1)), None)


def sitting(store: Store, *, who: str = "ayu", rows: int = 4, **changes: object) -> Session:
    items = [replace(ITEM, row=f"r{number}") for number in range(rows)]
    items[-1] = replace(items[-1], label=None, why="unlabelled")
    return Session(AnswerLog(store, "toy"), items, who=who, version="v", **{"classes": ("no", "yes"), **changes})  # type: ignore[arg-type]


def test_progress_tells_what_became_of_each_row(memory: Store) -> None:
    made = sitting(memory)
    made.answer(0, "answer", "no")
    made.answer(1, "answer", "yes")
    made.answer(2, "unsure")
    progress = made.answer(3, "answer", "no")
    assert progress.states == ("agreed", "changed", "unsure", "labelled")
    assert (progress.answered, progress.changed, progress.undoable) == (4, 2, 4)
    summary = made.summary()
    assert (summary.shown, summary.answered, summary.agreed, summary.changed) == (4, 4, 1, 1)
    assert (summary.labelled, summary.unsure, summary.undone) == (1, 1, 0)


def test_a_streak_is_of_agreement_and_an_undo_takes_it_back(memory: Store) -> None:
    made = sitting(memory)
    assert made.answer(0, "answer", "yes").streak == 0
    assert made.answer(1, "answer", "no").streak == 1
    assert made.answer(2, "answer", "no").streak == 2
    index, progress = made.undo()
    assert (index, progress.streak, progress.states[2]) == (2, 1, "")


@given(st.lists(st.one_of(st.tuples(st.integers(0, 3), st.sampled_from(["yes", "no"])), st.just("undo")), max_size=20))
def test_undo_goes_back_step_by_step_to_the_beginning(steps: list[tuple[int, str] | str]) -> None:
    store = Store(f"memory://session-{id(steps)}")
    for key in store.list():
        store.delete(key)
    made = sitting(store)
    history = [made.progress().states]
    for step in steps:
        if isinstance(step, str):
            made.undo()
            history = history[:-1] or history
        else:
            history.append(made.answer(step[0], "answer", step[1]).states)
        assert made.progress().states == history[-1]
    while made.progress().undoable:
        made.undo()
        history.pop()
        assert made.progress().states == history[-1]
    assert made.undo()[0] is None
    assert labels(AnswerLog(store, "toy").entries()) == {}


def test_what_somebody_else_answers_meanwhile_is_seen_and_kept(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.0)
    mine, theirs = sitting(memory), sitting(memory, who="budi")
    theirs.answer(1, "answer", "yes")
    assert mine.progress().states == ("", "others", "", "")
    given = mine.answer_to(1)
    assert given is not None
    assert (given.who, given.value) == ("budi", "yes")
    mine.answer(1, "answer", "no")
    theirs.progress()
    assert theirs.answer_to(1) == mine.answer_to(1)
    mine.undo()
    assert labels(AnswerLog(memory, "toy").entries()) == {"r1": "yes"}
    assert mine.summary().answered == 0


def test_an_answer_keeps_what_the_label_was_before_it(memory: Store) -> None:
    made = sitting(memory)
    made.answer(0, "answer", "yes")
    made.answer(0, "answer", "no")
    first, second = AnswerLog(memory, "toy").entries().values()
    assert (first.old, first.value, second.old, second.value) == ("no", "yes", "yes", "no")
    assert (first.who, first.version, first.why) == ("ayu", "v", "suspect")


@pytest.mark.parametrize(
    ("classes", "value", "kept"),
    [
        (("no", "yes"), "yes", "yes"),
        ((0, 1), "1", 1),
        ((False, True), "true", True),
        ((), "12.50", 12.5),
        ((), "-3e2", -300.0),
    ],
)
def test_an_answer_is_kept_as_the_class_or_number_that_it_is(
    memory: Store, classes: tuple[object, ...], value: str, kept: object
) -> None:
    made = sitting(memory, classes=classes)
    made.answer(0, "answer", value)
    (entry,) = AnswerLog(memory, "toy").entries().values()
    assert entry.value == kept
    assert type(entry.value) is type(kept)


@pytest.mark.parametrize(
    ("classes", "value", "said"),
    [
        (("no", "yes"), "maybe", "`maybe` is no class of the target: it has no, yes"),
        (("no", "yes"), None, "is no class"),
        ((), "many", "`many` is no number"),
        ((), "nan", "is no number"),
        ((), "inf", "is no number"),
        ((), None, "is no number"),
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_written(
    memory: Store, classes: tuple[object, ...], value: str | None, said: str
) -> None:
    made = sitting(memory, classes=classes)
    with pytest.raises(UserError, match=said):
        made.answer(0, "answer", value)
    with pytest.raises(UserError, match="there is no row 4: this sitting has 4"):
        made.answer(4, "unsure")
    assert memory.list() == []
