"""Any bytes under any name: rows that add up, or an error that says what is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.reading import header, jsonlines, open_dataset, splitting
from tidemill.reading.splitting import Grammar

CALM = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = st.one_of(
    st.text(alphabet='ab1.,;"\n\r\t \0é0-/', max_size=8),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.dates().map(str),
)


def counted(
    file: Path, data: bytes, held: list[pd.DataFrame] | None = None, **options: object
) -> tuple[int, int] | None:
    """Rows and refused rows, as counted and as given (into ``held``); None for a UserError."""
    file.write_bytes(data)
    try:
        found = open_dataset(str(file), bad_rows="quarantine", **options)  # type: ignore[arg-type]
        given = list(found.frames(7)), list(found.refusals())
        rows, refused = (sum(map(len, frames)) for frames in given)
        if held is not None:
            held += [pd.concat([pd.DataFrame(), *frames], ignore_index=True) for frames in given]
    except UserError:
        return None
    assert (rows, refused) == (found.rows, sum(found.refused.values()))
    return rows, refused


@CALM
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.jsonl.zst"]))
def test_any_bytes_are_rows_that_add_up_or_an_error(tmp_path: Path, data: bytes, name: str) -> None:
    counted(tmp_path / name, data)


@CALM
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12),
    st.binary(min_size=1, max_size=3),
    st.integers(0, 10_000),
    st.sampled_from([3, 17, 4 * 2**20]),
)
@example([["1", "2"], ["3"]], b'"', 9, 3)
@example([[""], ["", "", ""], ["\0"], ["", "", ""]], b"\1", 0, 3)
def test_every_row_of_spoilt_csv_is_read_or_refused(
    tmp_path: Path, rows: list[list[str]], junk: bytes, place: int, block: int
) -> None:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    text = b"sep=,\n" + sink.getvalue().encode()
    place = 12 + place % (len(text) - 11)
    spoilt = text[:place] + junk + text[place:]
    pieces: list[pd.DataFrame] = []
    whole: list[pd.DataFrame] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splitting, "BLOCK", block)
        patch.setattr(header, "_MOST", 16)
        found = counted(tmp_path / "a.csv", spoilt, pieces, encoding="utf-8")
    assert found == counted(tmp_path / "a.csv", spoilt, whole, encoding="utf-8")
    for one, other in zip(pieces, whole, strict=True):
        pd.testing.assert_frame_equal(one, other)
    if found is not None and b'"' not in spoilt:
        lines = spoilt.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        filled = [line for line in lines if line.strip(b" \t\x0b\x0c\xc2\xa0\x85")]
        assert sum(found) <= len([line for line in lines if line]) - 2
        assert sum(found) >= len(filled) - 2


@CALM
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CELLS,
             st.lists(st.integers(), max_size=2)), max_size=3), min_size=1, max_size=12),
    st.binary(max_size=3),
    st.integers(0, 10_000),
    st.sampled_from([9, 40, 200]),
)  # fmt: skip
def test_every_line_of_spoilt_json_is_read_or_refused(
    tmp_path: Path, rows: list[dict[str, object]], junk: bytes, place: int, block: int
) -> None:
    text = "\n".join(map(json.dumps, rows)).encode()
    place %= len(text)
    spoilt = text[:place] + junk + text[place:]
    pieces: list[pd.DataFrame] = []
    whole: list[pd.DataFrame] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonlines, "BLOCK", block)
        found = counted(tmp_path / "a.jsonl", spoilt, pieces, encoding="utf-8")
    assert found == counted(tmp_path / "a.jsonl", spoilt, whole, encoding="utf-8")
    for one, other in zip(pieces, whole, strict=True):
        pd.testing.assert_frame_equal(one, other, check_like=True)
    if found is not None:
        assert sum(found) == sum(1 for line in spoilt.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip())


@CALM
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=20))
def test_spoilt_parquet_is_read_or_refused(tmp_path: Path, place: int, junk: bytes) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(300)), "b": [f"v{n}" for n in range(300)]}), sink)
    data = sink.getvalue()
    place %= len(data)
    counted(tmp_path / "a.parquet", data[:place] + junk + data[place + len(junk) :])


@CALM
@given(st.lists(st.integers(-(2**70), 2**70) | st.none(), min_size=1, max_size=20))
def test_whole_numbers_are_never_changed(tmp_path: Path, values: list[int | None]) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "".join(f"{'' if one is None else one},x\n" for one in values))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"a": one, "b": 1}) + "\n" for one in values))
    for name in ("a.csv", "a.jsonl"):
        column = pd.concat(list(open_dataset(str(tmp_path / name)).frames(5)))["a"]
        assert [None if pd.isna(one) else int(one) for one in column] == values


WAYS: dict[str, Callable[[date], str]] = {
    "day first": lambda day: f"{day:%d/%m/%Y}",
    "month first": lambda day: f"{day:%m/%d/%Y}",
    "points": lambda day: f"{day.day}.{day.month}.{day:%Y}",
    "names": lambda day: f"{day:%d-%b-%Y}",
}


@CALM
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=12), st.sampled_from(sorted(WAYS)))
def test_dates_are_read_as_the_days_that_were_written_or_stay_text(tmp_path: Path, days: list[int], way: str) -> None:
    written = [date(1980, 1, 1) + timedelta(days=day) for day in days]
    (tmp_path / "a.csv").write_text("d,x\n" + "".join(f"{WAYS[way](day)},1\n" for day in written))
    frame = pd.concat(list(open_dataset(str(tmp_path / "a.csv")).frames(100)))
    if frame["d"].dtype.kind == "M":
        assert [moment.date() for moment in frame["d"]] == written
    else:
        assert way != "names"
        assert all(day.day <= 12 for day in written)


@CALM
@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=2, max_size=12), st.booleans())
def test_decimal_commas_are_read_as_what_was_written(tmp_path: Path, values: list[object], grouped: bool) -> None:
    texts = [f"{value:,.2f}" if grouped else f"{value:.2f}" for value in values]
    texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    (tmp_path / "a.csv").write_text("a;b\n" + "".join(f"{text};x\n" for text in texts))
    frame = pd.concat(list(open_dataset(str(tmp_path / "a.csv")).frames(5)))
    assert frame["a"].tolist() == [float(value) for value in values]  # type: ignore[arg-type]


@given(st.text(alphabet='a",\n\r;', max_size=24))
def test_rows_are_cut_as_arrow_cuts_them(text: str) -> None:
    """The grammar of values and quotes is Arrow's own: else lines would be counted, and rows told, wrongly."""
    from pyarrow import csv as arrow_csv

    data, ends, at, rows = text.encode(), [], 0, []
    pattern = Grammar(",").row
    while at < len(data):
        row = pattern.match(data, at)
        if row is None:
            return  # a quote is left open: such a row is refused before Arrow sees it
        ends.append(row.end())
        rows.append(data[at : row.end()])
        at = row.end()
    wanted = [row for row in rows if row.strip(b"\r\n")]
    seen: list[str] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        seen.append(row.text)
        return "skip"

    if not wanted:
        return
    names = [f"c{place}" for place in range(40)]
    arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
    )
    assert seen == [row.decode().rstrip("\r\n") for row in wanted]
