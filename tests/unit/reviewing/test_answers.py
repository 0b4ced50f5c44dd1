from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.reviewing.answers import Answer, AnswerLog, digest, labels, standing
from tidemill.store import Store

PEOPLE = ("ayu", "budi", "citra")


def answer(row: str = "r", value: str | None = "yes", *, who: str = "ayu") -> Answer:
    return Answer(
        row=row,
        named={"row": row},
        action="unsure" if value is None else "answer",
        value=value,
        old="no",
        who=who,
        when=datetime(2000, 1, 1, tzinfo=UTC),
        version="v",
        why="suspect",
    )


STEP = st.tuples(
    st.sampled_from(PEOPLE), st.sampled_from(["a", "b", "c"]), st.sampled_from(["yes", "no", None, "undo"])
)


@given(st.lists(STEP, max_size=25))
def test_any_answers_and_undos_of_several_people_come_to_what_a_plain_dictionary_holds(
    steps: list[tuple[str, str, str | None]],
) -> None:
    """Each person has a log of their own, as in a process of their own, and looks at the lake before they write."""
    store = Store(f"memory://answers-{id(steps)}-{hash(str(steps))}")
    for key in store.list():
        store.delete(key)
    logs = {who: AnswerLog(store, "toy") for who in PEOPLE}
    mine: dict[str, list[str]] = {who: [] for who in PEOPLE}
    plain: dict[str, list[tuple[str, str | None]]] = {}
    written = 0
    for who, row, said in steps:
        logs[who].entries()
        if said != "undo":
            key = logs[who].add(answer(row, said, who=who))
            mine[who].append(key)
            plain.setdefault(row, []).append((key, said))
        elif mine[who]:
            key = mine[who].pop()
            logs[who].undo(key, who)
            plain = {name: [one for one in given if one[0] != key] for name, given in plain.items()}
        else:
            continue
        written += 1
    entries = AnswerLog(store, "toy").entries()
    assert len(entries) == written
    assert standing(entries) == {row: [key for key, _ in given] for row, given in plain.items() if given}
    wanted = {row: [said for _, said in given if said is not None] for row, given in plain.items()}
    assert labels(entries) == {row: said[-1] for row, said in wanted.items() if said}


def test_nothing_is_lost_when_many_answer_at_once(store: Store) -> None:
    """On disk, in memory, and on S3 with and without conditional writes."""

    def sitting(who: str) -> None:
        log = AnswerLog(store, "toy")
        for number in range(8):
            log.add(answer(f"{who}-{number}", "yes", who=who))
            log.add(answer("shared", who, who=who))

    threads = [Thread(target=sitting, args=(who,)) for who in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = AnswerLog(store, "toy").entries()
    assert len(entries) == 48
    said = labels(entries)
    assert len(said) == 25
    assert said["shared"] in PEOPLE
    assert labels(AnswerLog(store, "toy").entries()) == said


def test_an_answer_says_who_when_what_and_why_and_is_never_changed(memory: Store) -> None:
    log = AnswerLog(memory, "toy")
    before = datetime.now(UTC)
    key = log.add(answer())
    stored = memory.read_json(key)
    back = log.undo(key, "budi")
    assert memory.read_json(key) == stored
    assert before <= Answer.model_validate(stored).when <= datetime.now(UTC)
    when = stored.pop("when")
    assert when.endswith("Z")
    assert stored == {
        "format": 1, "row": "r", "named": {"row": "r"}, "action": "answer", "value": "yes", "old": "no", "who": "ayu",
        "version": "v", "why": "suspect", "undoes": None,
    }  # fmt: skip
    undone = memory.read_json(back)
    assert (undone["action"], undone["undoes"], undone["who"], undone["value"]) == ("undo", key, "budi", None)


def test_a_clock_that_goes_backwards_does_not_reorder_what_one_has_seen(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = AnswerLog(memory, "toy")

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2100, 1, 1, tzinfo=UTC)

    with monkeypatch.context() as patch:
        patch.setattr("tidemill.reviewing.answers.datetime", Ahead)
        late.add(answer(value="yes"))
    punctual = AnswerLog(memory, "toy")
    punctual.entries()
    punctual.add(answer(value="no"))
    assert labels(punctual.entries()) == {"r": "no"}


def test_the_digest_hangs_on_what_answers_come_to_and_on_nothing_else(memory: Store) -> None:
    log = AnswerLog(memory, "toy")
    assert digest(labels(log.entries())) is None
    key = log.add(answer())
    once = digest(labels(log.entries()))
    log.add(answer())
    log.add(answer("other", None))
    assert digest(labels(log.entries())) == once is not None
    log.add(answer(value="no"))
    assert digest(labels(log.entries())) not in (once, None)
    assert digest({"r": True}) != digest({"r": 1}) != digest({"r": "1"})
    log.undo(key, "ayu")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"format": 9}', "upgrade"),
        ("[]", "damaged"),
        ('{"format": 1, "row": "r", "extra": 1}', "damaged"),
    ],
)
def test_a_damaged_answer_is_named(memory: Store, text: str, said: str) -> None:
    key = f"toy/answers/20260101T000000000000-{'a' * 12}.json"
    memory.write_bytes(key, text.encode())
    with pytest.raises(UserError, match=said) as raised:
        AnswerLog(memory, "toy").entries()
    assert key in str(raised.value)


def test_a_foreign_file_among_the_answers_is_named(memory: Store) -> None:
    memory.write_bytes("toy/answers/notes.txt", b"hello")
    with pytest.raises(UserError, match=r"notes\.txt is no answer"):
        AnswerLog(memory, "toy").entries()
