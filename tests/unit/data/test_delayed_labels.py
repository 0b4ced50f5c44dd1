"""Labels that come later than their rows: which count, who waits, and that every row is accounted for."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case
from tidemill.cleaning import clean
from tidemill.collecting import batches, collect
from tidemill.errors import UserError
from tidemill.labelling import label, ripening
from tidemill.results import Labelled
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase

NOW = datetime(2024, 3, 1, tzinfo=UTC)
ROWS = """key,at,x
a,2024-01-01,1
b,2024-01-02,2
c,2024-01-03,3
d,2024-01-04,4
e,2024-02-20,5
f,2024-02-21,6
"""
LABELS = """key,reported,fraud
a,2024-01-20,true
b,2024-01-10,true
b,2024-02-01,false
c,2024-03-02,true
e,2024-02-22,true
z,2024-01-05,true
"""


def delayed(folder: Path, rows: str, labels: str, said: str = "absent: false", *, target: str = "fraud") -> UseCase:
    """A use case whose labels are reported to a file of their own, certain 30 days after the row."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.csv").write_text(rows)
    (folder / "labels.csv").write_text(labels)
    more = f", {said}" if said else ""
    return case(
        folder,
        "time: at\nclean: {deduplicate: false}\nsources:\n  rows: {url: rows.csv}\n"
        f"  reports: {{url: labels.csv, labels: {{on: [key], known_at: reported, maturity: 30d{more}}}}}\n",
        target=target,
    )


def labelled(store: Store, use_case: UseCase, now: datetime = NOW) -> Labelled:
    collected = collect(store, use_case)
    return label(store, use_case, clean(store, use_case, collected), labels=collected.labels, now=now)


def classes(store: Store, result: Labelled) -> dict[str, object]:
    frame = result.snapshot.read(store)
    names = [one.label for one in result.classes]
    return {key: names[code] for key, code in zip(frame["key"], frame.iloc[:, -1], strict=True)}


def test_the_newest_label_that_was_known_counts_and_young_rows_wait(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS, LABELS))
    assert classes(memory, result) == {"a": True, "b": False, "c": False, "d": False}
    assert (result.waiting, result.refused) == (2, {})
    assert result.arrivals is not None
    counted = result.arrivals.model_dump(exclude={"source", "now"})
    assert counted == {
        "rows": 6, "later": 1, "unreadable": 0, "superseded": 1, "orphans": 1, "used": 3, "tied": 0,
        "absent": 2, "early": 0,
    }  # fmt: skip


def test_a_month_later_what_was_unknown_is_known(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS, LABELS), NOW + timedelta(days=31))
    assert classes(memory, result) == {"a": True, "b": False, "c": True, "d": False, "e": True, "f": False}
    assert result.waiting == 0


def test_a_mature_row_without_a_label_is_refused_unless_it_counts_as_something(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS, LABELS, ""))
    assert classes(memory, result) == {"a": True, "b": False}
    assert result.refused == {"no label came within 30d of its time": 2}
    assert result.quarantine is not None
    refused = result.quarantine.read(memory)
    assert refused[["key", "_rule"]].to_numpy().tolist() == [["c", "target"], ["d", "target"]]


def test_a_row_without_a_key_is_never_taken_for_one_whose_label_did_not_come(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS + ",2024-01-05,9\n", LABELS))
    assert result.refused == {"`key` is missing, so that no label can be found": 1}


def test_a_label_that_was_taken_back_is_no_label(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS, LABELS + "a,2024-02-02,\nd,2024-02-02,true\n"))
    assert classes(memory, result) == {"b": False, "c": False, "d": True}
    assert result.refused == {"the target `fraud` has no value": 1}


def test_an_expression_reads_columns_of_the_label_and_of_the_row(tmp_path: Path, memory: Store) -> None:
    labels = "key,reported,paid\na,2024-01-20,5\nb,2024-01-20,1\nc,2024-01-20,4\n"
    target = "{expression: paid > x + 0.5, name: over}"
    result = labelled(memory, delayed(tmp_path, ROWS, labels, target=target))
    assert classes(memory, result) == {"a": True, "b": False, "c": True, "d": False}
    assert list(result.snapshot.read(memory).columns) == ["key", "at", "x", "over"]


def test_rows_of_one_key_share_its_label(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, delayed(tmp_path, ROWS + "a,2024-01-15,7\n", LABELS))
    frame = result.snapshot.read(memory)
    assert frame.loc[frame["key"] == "a", "fraud"].tolist() == [1, 1]
    assert result.arrivals is not None
    assert result.arrivals.used == 3


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ("7,2024-01-01,1\n08,2024-01-02,2\n", "7,2024-01-20,yes\n8,2024-01-20,no\n"),
        ("7,2024-01-01,1\n8,2024-01-02,2\n", "7,2024-01-20,yes\nx,2024-01-20,no\n"),
        ("7,2024-01-01,1\n8.5,2024-01-02,2\n", "7,2024-01-20,yes\n9,2024-01-20,no\n"),
    ],
)
def test_keys_are_compared_as_text_where_one_side_is(tmp_path: Path, memory: Store, rows: str, labels: str) -> None:
    use_case = delayed(tmp_path, f"key,at,x\n{rows}", f"key,reported,y\n{labels}", "absent: 'no'", target="y")
    assert list(classes(memory, labelled(memory, use_case)).values()) == ["yes", "no"]


def test_what_a_person_should_look_at_is_said(tmp_path: Path, memory: Store, caplog: pytest.LogCaptureFixture) -> None:
    labels = LABELS + "d,2023-12-01,true\na,2024-02-20,true\na,2024-02-20,false\n,2024-02-01,true\nq,soon,true\n"
    with caplog.at_level(logging.INFO, logger="tidemill.progress"):
        result = labelled(memory, delayed(tmp_path, ROWS, labels))
    assert classes(memory, result)["a"] is False
    assert result.arrivals is not None
    assert (result.arrivals.early, result.arrivals.tied, result.arrivals.unreadable) == (1, 1, 2)
    assert "the label source `reports` has 1 rows with a label known before their own time" in caplog.text
    assert "has 1 keys with different labels of one moment" in caplog.text
    assert "has 2 labels that have no key, or no moment" in caplog.text


def test_keys_that_never_meet_are_said(tmp_path: Path, memory: Store, caplog: pytest.LogCaptureFixture) -> None:
    labels = "key,reported,fraud\nA,2024-01-20,true\nB,2024-01-20,false\n"
    with pytest.raises(UserError, match="is false in all of its 4 rows"):
        labelled(memory, delayed(tmp_path, ROWS, labels))
    with pytest.raises(UserError, match=r"no row has a label yet: 2 of 6 wait .*sources\.reports\.labels\.maturity"):
        labelled(memory, delayed(tmp_path, ROWS, labels, ""))


@pytest.mark.parametrize(
    ("labels", "said", "target", "wanted"),
    [
        ("id,reported,fraud\na,2024-01-20,true\n", "", "fraud", r"labels\.on: there is no column `key` in .*labels\.csv"),
        ("key,when,fraud\na,2024-01-20,true\n", "", "fraud", r"labels\.known_at: there is no column `reported`"),
        ("key,reported,fraud\na,soon,true\n", "", "fraud", "`reported` holds no times that can be read"),
        ("key,reported,frau\na,2024-01-20,true\n", "", "fraud", r"no column `fraud` \(did you mean `frau`"),
        ("key,reported,x\na,2024-01-20,3\n", "", "x", "both have a column `x`. Give one of them another name"),
        ("key,reported,n\na,2024-01-20,3\n", "absent: never", "n", "`never` is not like .* such as `3`"),
        ("key,reported,paid\na,2024-01-20,3\n", "", "{expression: paid > z}", "there is no column `z` in the data"),
    ],
)  # fmt: skip
def test_label_sources_that_can_not_be_used_are_explained(
    tmp_path: Path, memory: Store, labels: str, said: str, target: str, wanted: str
) -> None:
    with pytest.raises(UserError, match=wanted):
        labelled(memory, delayed(tmp_path, ROWS, labels, said, target=target))


def test_two_delays_are_one_too_many(tmp_path: Path) -> None:
    text = (
        "time: at\nmonitor: {label_delay: 3d}\nsources:\n  rows: {url: rows.csv}\n"
        "  reports: {url: labels.csv, labels: {on: key, known_at: reported}}\n"
    )
    with pytest.raises(UserError, match=r"monitor\.label_delay: the labels of `reports` have a `maturity`"):
        case(tmp_path, text)


def test_nothing_depends_on_the_clock_once_all_labels_are_ripe(tmp_path: Path, memory: Store) -> None:
    use_case = delayed(tmp_path, ROWS, LABELS)
    collected = collect(memory, use_case)
    rows = clean(memory, use_case, collected).snapshot

    def hangs_on(day: datetime) -> datetime | None:
        return ripening(memory, use_case, rows, day, collected.labels)

    assert hangs_on(NOW) == NOW
    ripe = datetime(2024, 3, 22, tzinfo=UTC)
    assert hangs_on(ripe) is None
    assert (
        labelled(memory, use_case, ripe).snapshot
        == labelled(memory, use_case, datetime(2030, 1, 1, tzinfo=UTC)).snapshot
    )
    (tmp_path / "labels.csv").write_text(LABELS + "a,2024-06-01,false\n")
    collected = collect(memory, use_case)
    assert hangs_on(ripe) == ripe


def test_scoring_asks_nothing_of_the_label_source(tmp_path: Path) -> None:
    use_case = delayed(tmp_path, ROWS, LABELS)
    (tmp_path / "labels.csv").unlink()
    frames = list(batches(use_case, str(tmp_path / "rows.csv"), 100))
    assert [list(frame.columns) for frame in frames] == [["key", "at", "x"]]


days = st.integers(0, 60)
rows = st.lists(st.tuples(st.sampled_from("abcdef"), days), min_size=2, max_size=12)
reports = st.lists(st.tuples(st.sampled_from("abcdefgh"), days, st.sampled_from(["yes", "no", ""])), max_size=14)


@given(rows=rows, reports=reports, today=days, absent=st.booleans())
def test_every_row_has_the_fate_that_its_label_gives_it(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int]],
    reports: list[tuple[str, int, str]],
    today: int,
    absent: bool,
) -> None:
    """Against the definition, a row at a time; and what becomes known after `now` changes nothing at all."""
    folder = tmp_path_factory.mktemp("fates")
    store = Store(f"memory://{folder}")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    # two old rows, so that there always are two classes
    rows = [("p", -90), ("n", -90), *rows]
    reports = [("p", -80, "yes"), ("n", -80, "no"), *reports]
    use_case = delayed(folder, _rows(rows), _reports(reports), "absent: 'no'" if absent else "", target="y")
    result = labelled(store, use_case, start + timedelta(days=today))

    wanted: list[tuple[int, str]] = []
    waiting = 0
    for place, (key, day) in enumerate(rows):
        if day + 30 > today:
            waiting += 1
            continue
        known = [
            (moment, order, value)
            for order, (other, moment, value) in enumerate(reports)
            if other == key and moment <= today
        ]
        value = max(known)[2] if known else ("no" if absent else "")
        if value:
            wanted.append((place, value))
    frame = result.snapshot.read(store)
    names = [one.label for one in result.classes]
    assert list(zip(frame["x"], (names[code] for code in frame["y"]), strict=True)) == wanted
    assert result.waiting == waiting
    assert result.snapshot.rows + result.waiting + sum(result.refused.values()) == len(rows)
    assert sum(result.refused.values()) == (result.quarantine.rows if result.quarantine else 0)
    counted = result.arrivals
    assert counted is not None
    assert counted.rows == counted.later + counted.unreadable + counted.superseded + counted.orphans + counted.used

    future = [(key, today + 1 + later, value) for key, later, value in reports]
    (folder / "labels.csv").write_text(_reports([*reports, *future]))
    assert labelled(store, use_case, start + timedelta(days=today)).snapshot == result.snapshot


def _day(number: int) -> str:
    return f"{datetime(2024, 1, 1) + timedelta(days=number):%Y-%m-%d}"


def _rows(rows: Iterable[tuple[str, int]]) -> str:
    return "key,at,x\n" + "".join(f"{key},{_day(day)},{place}\n" for place, (key, day) in enumerate(rows))


def _reports(reports: Iterable[tuple[str, int, str]]) -> str:
    return "key,reported,y\n" + "".join(f"{key},{_day(day)},{value}\n" for key, day, value in reports)


def test_parts_of_any_size_give_the_same_labels(tmp_path: Path, memory: Store) -> None:
    """More rows than a part holds, and a part in which no label is known."""
    use_case = delayed(tmp_path, ROWS, LABELS)
    count = 260_000
    frame = pd.DataFrame({"key": range(count), "at": pd.Timestamp("2024-01-01", tz="UTC").as_unit("us"), "x": 1.0})
    labels = pd.DataFrame({"key": range(count), "reported": "2024-01-02", "fraud": [n % 3 == 0 for n in range(count)]})
    rows = write_snapshot(memory, "small", "cleaned", frame)
    assert len(rows.manifest(memory).parts) > 1
    cleaned = clean(memory, use_case, collect(memory, use_case)).model_copy(update={"snapshot": rows})
    for kept in (labels, labels.iloc[:100_000]):
        known = write_snapshot(memory, "small", "labels", kept)
        result = label(memory, use_case, cleaned, labels=known, now=NOW)
        assert result.snapshot.rows == count
        assert [one.rows for one in result.classes] == [count - (len(kept) + 2) // 3, (len(kept) + 2) // 3]
