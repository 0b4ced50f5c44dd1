"""What `tidemill init` writes: always a use case that loads, whatever the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toy import toy_frame
from tidemill.errors import UserError
from tidemill.scaffold import found_usecase
from tidemill.scaffold.writing import scalar
from tidemill.usecase import UseCase, read_usecase
from tidemill.usecase.document import read_document


def loaded(folder: Path, text: str) -> UseCase:
    file = folder / "usecase.yaml"
    file.write_text(text, encoding="utf-8")
    return read_usecase(file)


def taken_up(text: str) -> str:
    """The text as it is when a person takes up every guess about columns."""
    return re.sub(r"^    # (- .*|[^…\n]+: (?:\[.*\]|category).*)$", r"    \1", text, flags=re.MULTILINE)


def test_the_toy_use_case(tmp_path: Path) -> None:
    text = found_usecase("toy", "data.csv", toy_frame(), target="bought", time="at", id="row")[0]
    use_case = loaded(tmp_path, text)
    assert use_case.name == "toy"
    assert use_case.title == "Will bought be yes?"
    assert use_case.sources["data"].url == "data.csv"
    assert use_case.target.column == "bought"
    assert use_case.target.positive == "yes"
    assert use_case.task == "binary"
    assert use_case.time == "at"
    assert use_case.id == ("row",)
    assert use_case.columns.types == {"amount": "number"}
    assert use_case.monitor.window.days == 7
    assert "3 rows have no value" in text
    assert "id: [row] # 5 rows repeat one" in text
    assert loaded(tmp_path, taken_up(text)).clean.ranges["age"] == (-5, 400)


def _frame(**more: Any) -> pd.DataFrame:
    rows = 400
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "number": np.arange(rows),
            "left": random.integers(0, 2, rows).astype(bool),
            "spent": random.normal(size=rows),
            "zip_code": random.integers(10, 60, rows),
            "comment": [f"prose number {n}" for n in range(rows)],
            "country": "PH",
            "empty": None,
            "on": pd.date_range("2024-01-01", periods=rows, freq="h").astype(str),
            **more,
        }
    )


def test_what_only_a_person_can_judge_is_a_comment(tmp_path: Path) -> None:
    frame = _frame()
    frame["final_bill"] = frame["left"] * 10 + frame["spent"] / 100
    text = found_usecase("churn", "customers/2024-*.csv", frame, target="left")[0]
    use_case = loaded(tmp_path, text)
    assert use_case.primary == "customers"
    assert use_case.target.positive is True
    assert use_case.columns.forbid == ()
    assert use_case.columns.ignore == ()
    assert use_case.columns.types == {"on": "time"}
    assert '# time: "on" # it holds times' in text
    assert "# id: number # different in every row" in text
    all_in = loaded(tmp_path, taken_up(text))
    assert all_in.columns.forbid == ("final_bill",)
    assert set(all_in.columns.ignore) == {"comment", "country", "empty"}
    assert all_in.columns.types == {"on": "time", "zip_code": "category"}
    assert set(all_in.clean.ranges) == {"number", "spent", "zip_code", "final_bill"}


def test_sentences_and_lists_of_numbers_are_declared(tmp_path: Path) -> None:
    frame = _frame(
        review=[f"this is review {n} of all that we have" for n in range(400)],
        image=[[n, n % 3, 2.5] for n in range(400)],
    )
    use_case = loaded(tmp_path, found_usecase("churn", "customers.parquet", frame, target="left")[0])
    assert use_case.columns.types == {"on": "time", "review": "text", "image": "pixels"}


def test_a_leak_is_named_with_its_evidence() -> None:
    frame = _frame()
    frame["copy"] = frame["left"].map({True: "gone", False: "here"})
    text = found_usecase("churn", "c.csv", frame, target="left")[0]
    assert re.search(r"# - copy # .*target", text)


@pytest.mark.parametrize(
    ("target", "task", "title"),
    [
        ("spent", "regression", "How much will spent be?"),
        ("zip_code", "regression", "How much will zip_code be?"),
        ("grade", "multiclass", "What will grade be?"),
        ("left", "binary", "Will left be true?"),
    ],
)
def test_the_task_follows_from_the_target(tmp_path: Path, target: str, task: str, title: str) -> None:
    frame = _frame(grade=list("abcd") * 100)
    use_case = loaded(tmp_path, found_usecase("x", "x.csv", frame, target=target, group="country")[0])
    assert use_case.task == task
    assert use_case.title == title
    assert use_case.group == "country"


@pytest.mark.parametrize("values", [[True] * 400, [None] * 400])
def test_a_target_that_says_nothing_yet_is_remarked_on(tmp_path: Path, values: list[Any]) -> None:
    text = found_usecase("x", "x.csv", _frame(left=values), target="left")[0]
    assert "In these rows there is nothing to learn yet" in text
    assert loaded(tmp_path, text).task == "auto"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"target": "lest"},
            r"x.csv has no column `lest` for the target \(did you mean `left`\?\); it has: number, left",
        ),
        ({"target": "left", "time": "att"}, "x.csv has no column `att` for the time"),
        ({"target": "left", "id": ["number", "nr"]}, "x.csv has no column `nr` for the id"),
        ({"target": "left", "group": "grp"}, "x.csv has no column `grp` for the group"),
        ({"target": "left", "time": "left"}, "`left` can't be the target and the time at once"),
        (
            {"target": "left", "time": "comment"},
            "`comment` can't be the time: 400 of its 400 values are no times, such",
        ),
        ({"target": "left", "time": "empty"}, "`empty` can't be the time: 400 of its 400 values are no times. Times"),
    ],
)
def test_columns_that_do_not_fit(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        found_usecase("x", "x.csv", _frame(), **arguments)[0]


def test_other_refusals() -> None:
    with pytest.raises(UserError, match=r"`\.\./x` can't be the name of a use case"):
        found_usecase("../x", "x.csv", _frame(), target="left")[0]
    with pytest.raises(UserError, match=r"x\.csv has no rows"):
        found_usecase("x", "x.csv", _frame().iloc[:0], target="left")[0]
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(UserError, match=r"x\.csv has two columns called `a`"):
        found_usecase("x", "x.csv", twice, target="a")[0]


def test_the_schema_is_named_where_the_project_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMILL_PROJECT", str(tmp_path))
    assert "$schema" not in found_usecase("x", "x.csv", _frame(), target="left")[0]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "usecase.schema.json").write_text("{}")
    first = found_usecase("x", "x.csv", _frame(), target="left")[0].splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../docs/usecase.schema.json"


NAMES = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        ["yes", "null", "true", "a: b", "# no", "- x", "x\ny", "1", "…", "a.b", "<<", "*", "~", ".5", "0x1"]
    ),
)


@settings(max_examples=200)
@given(text=NAMES.filter(lambda text: text.encode("utf-8", "ignore").decode() == text))
def test_any_text_is_written_so_that_it_is_read_back(text: str) -> None:
    written = f"{scalar(text)}: {scalar(text)} # {scalar(text)}\n"
    assert read_document(written.encode(), "x").value == {text: text}


COLUMNS = st.one_of(
    st.lists(st.integers(-5, 2**53) | st.none(), min_size=8, max_size=8),
    st.lists(st.floats(-1e12, 1e12) | st.just(float("inf")) | st.none(), min_size=8, max_size=8),
    st.lists(st.text(max_size=6) | st.none(), min_size=8, max_size=8),
    st.lists(st.booleans() | st.none(), min_size=8, max_size=8),
    st.lists(st.sampled_from(["2024-01-01", "2024-02-01 10:00", "x", None]), min_size=8, max_size=8),
)


@settings(max_examples=60)
@given(
    columns=st.dictionaries(
        NAMES.filter(lambda text: max(text) < "\ud800" or min(text) > "\udfff"), COLUMNS, min_size=1, max_size=4
    ),
    data=st.data(),
)
def test_any_data_gives_a_use_case_that_loads(
    tmp_path_factory: pytest.TempPathFactory, columns: dict[str, list[Any]], data: st.DataObject
) -> None:
    names = sorted(columns)
    target = data.draw(st.sampled_from(names))
    others = [name for name in names if name != target]
    ids = data.draw(st.lists(st.sampled_from(others), unique=True)) if others else []
    text = found_usecase("x", "some data/x.csv", pd.DataFrame(columns), target=target, id=ids)[0]
    for said in (text, taken_up(text)):
        use_case = loaded(tmp_path_factory.getbasetemp(), said)
        assert use_case.target.column == target
        assert use_case.id == tuple(ids)
