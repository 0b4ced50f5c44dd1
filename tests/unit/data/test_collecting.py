from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case, csv_case, frame_of
from tidemill.collecting import batches, collect, source_state
from tidemill.errors import UserError
from tidemill.store import Store

ROWS = "id,place,at,y\n1,n,2020-01-01T10:00:00Z,1\n2,s,2020-01-01T11:30:00Z,0\n3,n,2020-01-02T00:00:00Z,1\n"
WEATHER = "place,hour,temp,wind\nn,2020-01-01T08:00:00Z,1,5\nn,2020-01-01T09:00:00Z,2,6\nn,2020-01-01T10:00:00Z,3,7\n"
JOINED = """
sources:
  rows: {url: data.csv}
  weather:
    url: weather.csv
    join: {on: place, as_of: hour, known_after: 1h, tolerance: 3h}
time: at
"""


def joined(folder: Path, text: str = JOINED, weather: str = WEATHER, rows: str = ROWS):  # type: ignore[no-untyped-def]
    use_case = csv_case(folder, rows, text)
    (folder / "weather.csv").write_text(weather)
    return use_case


def test_a_row_gets_the_newest_reading_that_was_known_by_then(tmp_path: Path, memory: Store) -> None:
    use_case = joined(tmp_path)
    collected = collect(memory, use_case)
    frame = collected.snapshot.read(memory)
    # At 10:00 the reading of 9:00 has just become known, and that of 10:00 has not.
    assert frame["temp"].fillna(-1).tolist() == [2, -1, -1]
    assert frame["id"].tolist() == [1, 2, 3]
    assert [(source.name, source.files, source.rows, source.unmatched) for source in collected.sources] == [
        ("rows", 1, 3, 0),
        ("weather", 1, 3, 2),
    ]


def test_the_watermark_is_the_newest_time(tmp_path: Path, memory: Store) -> None:
    snapshot = collect(memory, joined(tmp_path), until=datetime(2020, 1, 2, tzinfo=UTC)).snapshot
    assert snapshot.manifest(memory).watermark == datetime(2020, 1, 1, 11, 30, tzinfo=UTC)


def test_a_plain_join_takes_the_last_row_of_a_key(tmp_path: Path, memory: Store) -> None:
    text = JOINED.replace(", as_of: hour, known_after: 1h, tolerance: 3h", ", columns: [temp]")
    frame = frame_of(memory, joined(tmp_path, text))
    assert frame["temp"].fillna(-1).tolist() == [3, -1, 3]
    assert "wind" not in frame


def test_keys_are_tidied_on_both_sides(tmp_path: Path, memory: Store) -> None:
    assert frame_of(memory, joined(tmp_path, weather=WEATHER.replace("n,", " n ,")))["temp"].notna().sum() == 1


MOMENTS = st.integers(0, 40)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), MOMENTS), min_size=1, max_size=25),
    st.lists(st.tuples(st.sampled_from("ab"), MOMENTS), min_size=1, max_size=25),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(5, 20)),
)
def test_the_join_finds_what_a_search_row_by_row_finds(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int]],
    readings: list[tuple[str, int]],
    known_after: int,
    tolerance: int | None,
) -> None:
    folder = tmp_path_factory.mktemp("join")
    start = pd.Timestamp("2020-01-01", tz="UTC")
    frame = pd.DataFrame(rows, columns=["k", "m"]).assign(y=1)
    side = pd.DataFrame(readings, columns=["k", "m"]).assign(value=range(len(readings)))
    for table, name in ((frame, "data"), (side, "side")):
        table.assign(at=start + pd.to_timedelta(table["m"], unit="h")).drop(columns="m").to_parquet(
            folder / f"{name}.parquet"
        )
    limit = "" if tolerance is None else f", tolerance: {tolerance}h"
    join = f"{{on: k, as_of: at, known_after: {known_after}h{limit}}}"
    use_case = case(
        folder, f"sources: {{r: {{url: data.parquet}}, s: {{url: side.parquet, join: {join}}}}}\ntime: at\n"
    )
    found = pd.concat(list(batches(use_case, str(folder / "data.parquet"), 7)))["value"].fillna(-1).tolist()
    for (key, moment), value in zip(rows, found, strict=True):
        known = [
            (reading, place)
            for place, (name, reading) in enumerate(readings)
            if name == key and reading + known_after <= moment and (tolerance is None or moment - reading <= tolerance)
        ]
        assert value == (max(known)[1] if known else -1)


@pytest.mark.parametrize("hours", [1, 2, 7])
def test_pieces_of_any_size_give_the_same_rows(tmp_path: Path, memory: Store, hours: int) -> None:
    use_case = joined(tmp_path)
    pieces = list(batches(use_case, str(tmp_path / "data.csv"), hours))
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), frame_of(memory, use_case))
    assert all(piece.index.tolist() == list(range(len(piece))) for piece in pieces)


def test_since_is_the_first_moment_and_until_the_first_beyond(tmp_path: Path, memory: Store) -> None:
    use_case = joined(tmp_path)
    since = datetime(2020, 1, 1, 11, 30, tzinfo=UTC)
    collected = collect(memory, use_case, since=since, until=since + timedelta(hours=12, minutes=30))
    assert collected.snapshot.read(memory)["id"].tolist() == [2]
    assert (collected.since, collected.until) == (since, datetime(2020, 1, 2, tzinfo=UTC))


def test_limits_work_on_a_derived_time(tmp_path: Path, memory: Store) -> None:
    text = "derive: {later: at + hours(12)}\ntime: later\n"
    collected = collect(memory, csv_case(tmp_path, ROWS, text), until=datetime(2020, 1, 2, tzinfo=UTC))
    assert collected.snapshot.read(memory)["id"].tolist() == [1, 2]


def test_a_row_without_a_readable_time_is_never_lost_by_a_limit(tmp_path: Path, memory: Store) -> None:
    rows = ROWS.replace("2020-01-01T11:30:00Z", "soon").replace("2020-01-02T00:00:00Z", "")
    collected = collect(memory, csv_case(tmp_path, rows, "time: at\n"), since=datetime(2021, 1, 1, tzinfo=UTC))
    assert collected.snapshot.read(memory)["id"].tolist() == [2, 3]


def test_derived_columns_may_build_on_each_other_and_on_untidy_text(tmp_path: Path, memory: Store) -> None:
    use_case = csv_case(
        tmp_path, 'a,y\n" 3 ",1\nmany,0\n', "derive: {b: a * 2, c: b + 1}\ncolumns: {types: {a: number}}\n"
    )
    frame = frame_of(memory, use_case)
    assert frame["c"].fillna(-1).tolist() == [7, -1]
    assert frame["a"].tolist() == [" 3 ", "many"]


def test_scoring_input_may_bring_what_would_be_made(tmp_path: Path) -> None:
    use_case = joined(tmp_path, JOINED.replace("}\ntime", ", columns: [temp]}\ntime") + "derive: {double: y * 2}\n")
    (tmp_path / "new.csv").write_text("id,place,at,temp,double\n7,n,2020-01-01T10:00:00Z,40,80\n")
    frame = pd.concat(list(batches(use_case, str(tmp_path / "new.csv"), 10)))
    assert frame[["temp", "double"]].iloc[0].tolist() == [40, 80]
    assert "wind" not in frame


def test_scoring_reads_codes_as_the_model_knows_them(tmp_path: Path) -> None:
    use_case = csv_case(tmp_path, "zip,y\n1234,1\n")
    url = str(tmp_path / "data.csv")
    assert next(batches(use_case, url, 10))["zip"].tolist() == [1234]
    assert next(batches(use_case, url, 10, types={"zip": "category"}))["zip"].tolist() == ["1234"]


def test_source_state_changes_with_the_files_and_with_how_they_are_read(tmp_path: Path) -> None:
    use_case = joined(tmp_path)
    before = source_state(use_case)
    assert source_state(use_case) == before
    assert source_state(joined(tmp_path / "b", JOINED + "clean: {missing: [none]}\n")) != before
    (tmp_path / "weather.csv").write_text(WEATHER + "s,2020-01-01T08:00:00Z,9,9\n")
    assert source_state(use_case) != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time: att\n", r"time: there is no column `att` in the sources of small \(did you mean `at`\?\)"),
        ("id: idd\n", r"id: there is no column `idd` .*did you mean `id`"),
        ("group: plaice\n", r"group: there is no column `plaice` .*did you mean `place`"),
        ("columns: {forbid: [placce]}\n", r"columns\.forbid: there is no column `placce` .*did you mean `place`"),
        ("columns: {types: {idd: number}}\n", r"columns\.types: there is no column `idd`"),
        ("derive: {x: yy + 1}\n", r"derive\.x: there is no column `yy` in .*did you mean `y`"),
        ("derive: {y: id + 1}\n", r"derive\.y: .* has a column `y` already"),
    ],
)
def test_a_column_that_no_source_has_is_named(tmp_path: Path, memory: Store, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        collect(memory, csv_case(tmp_path, ROWS, text))
    assert memory.list() == []


def test_a_missing_target_is_named(tmp_path: Path, memory: Store) -> None:
    with pytest.raises(UserError, match=r"target: there is no column `yy` .*did you mean `y`"):
        collect(memory, csv_case(tmp_path, ROWS, target="{column: yy}"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("on: place", "on: plaice"), r"sources\.weather\.join\.on: there is no column `plaice`"),
        (("as_of: hour", "as_of: hours"), r"sources\.weather\.join: .*weather\.csv has no column `hours`"),
        (("tolerance: 3h", "tolerance: 3h, columns: [tmp]"), "has no column `tmp` .*did you mean `temp`"),
        (("tolerance: 3h", "tolerance: 30m"), "tolerance is shorter than known_after"),
        (("as_of: hour", "as_of: wind"), "`wind` holds no times"),
    ],
)
def test_a_join_that_can_not_work_is_explained(
    tmp_path: Path, memory: Store, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        collect(memory, joined(tmp_path, JOINED.replace(*change)))


def test_a_join_of_text_with_numbers_is_refused(tmp_path: Path, memory: Store) -> None:
    with pytest.raises(UserError, match=r"sources\.weather\.join\.on: `place` is text in .*data\.csv only"):
        collect(memory, joined(tmp_path, weather=WEATHER.replace("n,", "7,")))


def test_a_column_on_both_sides_is_refused_when_it_is_asked_for(tmp_path: Path, memory: Store) -> None:
    rows = ROWS.replace(",y\n", ",temp\n")
    text = JOINED.replace("3h}", "3h, columns: [temp]}")
    with pytest.raises(UserError, match="the rows have a column `temp` already"):
        collect(memory, csv_case_with_weather(tmp_path, rows, text))


def csv_case_with_weather(folder: Path, rows: str, text: str):  # type: ignore[no-untyped-def]
    (folder / "weather.csv").write_text(WEATHER)
    return csv_case(folder, rows, text, target="{column: temp}")


def test_an_empty_window_says_what_there_is(tmp_path: Path, memory: Store) -> None:
    use_case = joined(tmp_path)
    with pytest.raises(UserError, match="has no rows from 2030-01-01 00:00 UTC: its times go from 2020-01-01 10:00 to"):
        collect(memory, use_case, since=datetime(2030, 1, 1, tzinfo=UTC))


def test_limits_without_a_time_column_are_refused(tmp_path: Path, memory: Store) -> None:
    with pytest.raises(UserError, match="need a time"):
        collect(memory, csv_case(tmp_path, ROWS), since=datetime(2030, 1, 1, tzinfo=UTC))


def test_a_broken_source_leaves_the_lake_as_it_was(tmp_path: Path, memory: Store) -> None:
    text = JOINED.replace("data.csv}", "data.csv, bad_rows: refuse}")
    with pytest.raises(UserError, match="line 5: 2 values where the header has 4 columns"):
        collect(memory, joined(tmp_path, text, rows=ROWS + "4,n\n"))
    assert memory.list() == []


def test_rows_that_cannot_be_read_are_in_quarantine_with_their_line_and_text(tmp_path: Path, memory: Store) -> None:
    use_case = joined(tmp_path, weather=WEATHER + "oops\n", rows=ROWS + "4,n\n5,s,2020-01-03,1\n")
    collected = collect(memory, use_case)
    assert collected.snapshot.rows == 4
    assert collected.refused == {"another number of values than the header has columns": 1}
    assert collected.quarantine is not None
    assert collected.quarantine.read(memory).to_dict("records") == [
        {
            "_rule": "read:values",
            "_reason": "2 values where the header has 4 columns",
            "_file": str(tmp_path / "data.csv"),
            "_row": 5,
            "_raw": "4,n",
        }
    ]
    side = collected.sources[1]
    assert (side.refused, side.quarantine and side.quarantine.read(memory)["_raw"].tolist()) == (1, ["oops"])


def test_scoring_drops_no_row_so_it_refuses_one_that_cannot_be_read(tmp_path: Path) -> None:
    use_case = joined(tmp_path, rows=ROWS + "4,n\n")
    with pytest.raises(UserError, match=r"data\.csv, line 5: 2 values .* Mend the row"):
        next(batches(use_case, str(tmp_path / "data.csv"), 10))


def test_scoring_reads_names_and_encodings_as_the_primary_source_does(tmp_path: Path) -> None:
    text = "sources: {r: {url: data.csv, encoding: latin-1, rename: {'Größe': size}}}"
    use_case = csv_case(tmp_path, "Größe;y\n1,5;é\n2,5;a\n".encode("latin-1"), text)
    frame = next(batches(use_case, str(tmp_path / "data.csv"), 10))
    assert frame.to_dict("list") == {"size": [1.5, 2.5], "y": ["é", "a"]}
