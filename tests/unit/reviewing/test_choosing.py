from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.learning.world import Task
from tests.unit.reviewing.conftest import Reviewed, planted
from tidemill.results import PersonalColumn
from tidemill.reviewing.choosing import Item, choose
from tidemill.reviewing.suspects import suspects


def chosen(made: Reviewed, answered: set[str] | None = None, *, most: int = 60) -> list[Item]:
    found = suspects(made.store, made.use_case, made.version).result
    return choose(made.store, made.use_case, made.version, found, answered or set(), most=most)


def test_kinds_take_turns_suspects_first_and_nothing_twice(reviewed: Reviewed) -> None:
    items = chosen(reviewed)
    assert [item.why for item in items[:6]] == ["suspect", "suspect", "unsure", "suspect", "unlabelled", "unsure"]
    assert len({item.row for item in items}) == len(items) == 60


def test_when_a_kind_runs_out_the_others_go_on(reviewed: Reviewed) -> None:
    kinds = [item.why for item in chosen(reviewed, most=5_000)]
    assert kinds.count("unlabelled") == 40
    assert {"suspect", "unsure"} <= set(kinds)
    assert len(kinds) > 200


def test_rows_that_have_an_answer_are_not_asked_again(reviewed: Reviewed) -> None:
    first = chosen(reviewed, most=10)
    later = chosen(reviewed, {item.row for item in first}, most=10)
    assert not {item.row for item in first} & {item.row for item in later}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_row_says_why_what_it_holds_and_what_the_model_thinks(task: Task) -> None:
    made = planted(task)
    for item in chosen(made):
        assert item.row == f'["{item.named["row"]}"]'
        assert {cell.name for cell in item.cells} >= {"age", "amount", "region", "note", "row"}
        assert "bought" not in {cell.name for cell in item.cells}
        shifts = [abs(cell.shift) for cell in item.cells if cell.shift is not None]
        assert shifts == sorted(shifts, reverse=True)
        assert [cell.shift is None for cell in item.cells] == sorted(cell.shift is None for cell in item.cells)
        assert (item.label is None) == (item.why == "unlabelled")
        if task == "regression":
            assert item.expected is not None
            assert item.chances == ()
            assert "expects" in item.sentence
        else:
            assert sum(share for _, share in item.chances) == pytest.approx(1.0)
            assert [share for _, share in item.chances] == sorted((share for _, share in item.chances), reverse=True)
            assert "%" in item.sentence


def test_a_suspect_is_one_whose_label_the_model_does_not_expect(reviewed: Reviewed) -> None:
    worst = chosen(reviewed)[0]
    assert worst.label != worst.chances[0][0]
    assert worst.chances[0][1] > 0.8
    assert f"“{worst.label}”" in worst.sentence


def test_personal_data_is_masked(reviewed: Reviewed) -> None:
    personal = PersonalColumn(column="note", kind="text", share=1.0, sampled=9, example="", evidence="")
    masked = reviewed.version.lineage.validation.model_copy(update={"personal": (personal,)})
    lineage = reviewed.version.lineage.model_copy(update={"validation": masked})
    found = suspects(reviewed.store, reviewed.use_case, reviewed.version).result
    version = reviewed.version.model_copy(update={"lineage": lineage})
    items = choose(reviewed.store, reviewed.use_case, version, found, set(), most=10)
    notes = [cell.text for item in items for cell in item.cells if cell.name == "note"]
    assert len(notes) == 10
    assert all("characters" in str(note) for note in notes)


def test_missing_values_are_missing_and_long_text_is_cut(reviewed: Reviewed) -> None:
    from tidemill.reviewing.choosing import _words

    assert _words(pd.Series(["x" * 5_000, None]), None) == ["x" * 2_000 + "…", None]
    moments = ["2024-01-31", "2024-01-31 12:30", "2024-01-31 12:30:05", "2024-01-31 00:00:00.5", None]
    at = pd.Series(pd.to_datetime(moments, format="ISO8601", utc=True))
    assert _words(at.astype("datetime64[us, UTC]"), None) == [
        "2024-01-31", "2024-01-31 12:30", "2024-01-31 12:30:05", "2024-01-31 00:00:00.500000", None,
    ]  # fmt: skip
    assert any(cell.text is None for item in chosen(reviewed) for cell in item.cells)
