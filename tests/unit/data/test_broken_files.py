"""Files as they really come: each is read, or gives one clear message, or a row in Quarantine. Never a traceback."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.data.cases import case
from tidemill.collecting import collect
from tidemill.errors import TransientError, UserError
from tidemill.reading import Dataset, open_dataset
from tidemill.reading.refusing import KEPT
from tidemill.store import Store

JUNK = random.Random(7).randbytes(6_000)
ROWS = "a,b\n" + "1,x\n" * 20


def parquet(table: pa.Table | dict[str, object]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), sink)
    return sink.getvalue()


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", ROWS)
    return sink.getvalue()


def spoilt(data: bytes, at: int) -> bytes:
    return data[:at] + JUNK[:200] + data[at + 200 :]


NUMBERS = "a,b\n" + "".join(f"{number},{number * 7 % 1000}\n" for number in range(20_000))
REFUSED_WHOLE: dict[str, tuple[str, str | bytes, str]] = {
    "Latin-1 without a word": ("a.csv", "a,b\n1,é\n".encode("latin-1"), r"line 2: bytes that are not UTF-8.*`1,é`.*encoding: latin-1"),
    "Latin-1 JSON": ("a.jsonl", '{"a":"é"}\n'.encode("latin-1"), r"line 1: bytes that are not UTF-8.*encoding: latin-1"),
    "a Latin-1 header": ("a.csv", "é,b\n1,2\n".encode("latin-1"), r"line 1: bytes that are not UTF-8.*encoding: latin-1"),
    "UTF-16 without a mark": ("a.csv", ROWS.encode("utf-16-le"), "UTF-16 without a byte-order mark: say `encoding: utf-16`"),
    "UTF-32": ("a.csv", ROWS.encode("utf-32"), "is not CSV, but UTF-32 text"),
    "binary junk": ("a.csv", JUNK, "is not CSV, but binary data"),
    "binary junk as JSON": ("a.jsonl", JUNK, "is not JSON Lines, but binary data"),
    "a NUL byte in the header": ("a.csv", b"a,b\0\n" + b"1,2\n" * 9, "first line holds NUL bytes"),
    "an empty file": ("a.csv", "", "is empty"),
    "blank lines": ("a.csv", "\n \n", "is empty"),
    "nothing but a mark": ("a.csv", "\ufeff", "is empty"),
    "nothing, packed": ("a.csv.gz", gzip.compress(b""), "is empty"),
    "a header alone": ("a.csv", "a,b\n", "column names and not one row"),
    "a header alone, without an end": ("a.csv", "a,b", "column names and not one row"),
    "a header of numbers": ("a.csv", "1,2\n3,4\n", r"first line holds numbers \(1, 2\), not names"),
    "a header of delimiters": ("a.csv", ",,\n1,2,3\n", "first line holds no names"),
    "a header of 2 MB": ("a.csv", "x" * 2_000_000 + "\n1\n", "more than 1 MB"),
    "a quote open in the header": ("a.csv", 'a,"b\n1,2\n', "first line can't be read"),
    "two columns of one name": ("a.csv", "a,b,a\n1,2,3\n", "two columns called `a`"),
    "a delimiter too many everywhere": ("a.csv", "a,b\n1,2,\n3,4,\n", "2 of its first 2 rows.*ends with a delimiter too many"),
    "more bad rows than good": ("a.csv", "a,b\n1,2\n" + "3\n" * 5, "5 of its first 6 rows can't be read"),
    "Parquet as CSV": ("a.csv", parquet({"a": [1]}), "is not CSV, but a Parquet file"),
    "CSV as Parquet": ("a.parquet", ROWS, "is not a Parquet file, but something else"),
    "gzip as CSV": ("a.csv", gzip.compress(ROWS.encode()), "is not CSV, but gzip data"),
    "CSV as gzip": ("a.csv.gz", ROWS, "is not whole gzip data"),
    "a zip": ("a.csv", zipped(), "is not CSV, but a zip or Excel file"),
    "a zip by its name": ("a.csv.zip", zipped(), "does not say what it is"),
    "an HTML error page": ("a.csv", "<html><body>502</body></html>", "is not CSV, but HTML or XML"),
    "a JSON array as CSV": ("a.csv", '[{"a":1}]', "is not CSV, but JSON"),
    "a JSON array": ("a.jsonl", '[{"a":1}]', "one JSON array"),
    "JSON over many lines": ("a.jsonl", '{\n "a": 1,\n "b": 2,\n "c": 3\n}\n', "can't be read"),
    "JSON without columns": ("a.jsonl", "{}\n{}\n", "not one column"),
    "a name without an ending": ("data", ROWS, "does not say what it is"),
    "gzip cut off": ("a.csv.gz", gzip.compress(NUMBERS.encode())[:20_000], "is not whole gzip data"),
    "gzip with junk behind": ("a.csv.gz", gzip.compress(ROWS.encode()) + b"junk", "is not whole gzip data"),
    "zstd cut off": ("a.csv.zst", pa.compress(NUMBERS.encode(), codec="zstd", asbytes=True)[:-9], "is not whole zstd data"),
    "Parquet without its end": ("a.parquet", parquet({"a": [1]})[:-20], "damaged Parquet file"),
    "Parquet with a spoilt footer": ("a.parquet", parquet({"a": [1]})[:-4] + b"XXXX", "damaged Parquet file"),
    "Parquet with spoilt pages": ("a.parquet", spoilt(parquet({"y": list(range(9_000)), "s": [f"v{i}" for i in range(9_000)]}), 300), "Parquet"),
    "Parquet with two columns of one name": ("a.parquet", parquet(pa.table([[1], [2]], names=["a", "a"])), "two columns called `a`"),
    "Parquet without columns": ("a.parquet", parquet(pa.table({})), "has no columns"),
    "Parquet with a year beyond all calendars": ("a.parquet", parquet({"y": pa.array([2**60], pa.timestamp("ms"))}), "a value that can't be kept"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED_WHOLE)
def test_a_file_that_is_wrong_as_a_whole_gives_one_message_and_no_snapshot(
    what: str, tmp_path: Path, memory: Store
) -> None:
    name, data, said = REFUSED_WHOLE[what]
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(UserError, match=rf"(?s){name}.*{said}"):
        collect(memory, case(tmp_path / "case", url=str(tmp_path / name)))
    assert not [key for key in memory.list() if "manifest" in key]


# What is wrong: the file, the rows that are refused (rule, line, the start of the text), and column `a` of the others.
Rows = tuple[str, str | bytes, list[tuple[str, int, str]], list[object]]
REFUSED_ROWS: dict[str, Rows] = {
    "ragged rows": ("a.csv", "a,b\n1,2\n3\n4,5,6\n\n7,8\n", [("values", 3, "3"), ("values", 4, "4,5,6")], [1, 7]),
    "a ragged row below a line break": ("a.csv", 'a,b\n1,"x\ny"\n3\n4,5\n', [("values", 4, "3")], [1, 4]),
    "ragged tabs": ("a.tsv", "a\tb\n1\t2\n3\n4\t5\n", [("values", 3, "3")], [1, 4]),
    "NUL bytes": ("a.csv", b"a,b\n1,2\n3,x\0y\n4,5\n", [("nul", 3, "3,x\\x00y")], [1, 4]),
    "a quote left open": ("a.csv", 'a,b\n1,x\n2,"y\n3,z\n', [("quote", 3, '2,"y')], [1, 3]),
    "a quote that another closes": ("a.csv", 'a,b\n1,x\n2,"y\n3,"z"\n4,w\n', [("quote", 3, '2,"y')], [1, 3, 4]),
    "files put together": ("a.csv", "\ufeffa,b\n1,x\n\ufeffa,b\n2,y\n3,z\n", [("header", 3, "a,b")], [1, 2, 3]),
    "a broken byte after a mark": ("a.csv", b"\xef\xbb\xbfa,b\n1,x\n2,\xff\n3,z\n", [("encoding", 3, "2,\\xff")], [1, 3]),
    "UTF-16 cut off": ("a.csv", "a,b\n1,x\n2,y\n".encode("utf-16")[:-1], [("encoding", 3, "2,y\\xff")], [1]),
    "lone CR": ("a.csv", "a,b\r1,2\r3\r4,5\r", [("values", 3, "3")], [1, 4]),
    "JSON that does not parse": ("a.jsonl", '{"a":1}\n{"a":\n{"a":2}\n', [("json", 2, '{"a":')], [1, 2]),
    "JSON that is no object": ("a.jsonl", '{"a":1}\n7\n{"a":2}\n', [("json", 2, "7")], [1, 2]),
    "two objects in a line": ("a.jsonl", '{"a":1}\n{"a":2}{"a":3}\n{"a":4}\n', [("json", 2, '{"a":2}{"a":3}')], [1, 4]),
    "keys that are there twice": ("a.jsonl", '{"a":1}\n{"a":2,"a":3}\n', [("keys", 2, '{"a":2,"a":3}')], [1]),
    "JSON of 100,000 levels": ("a.jsonl", '{"a":1}\n{"a":' + "[" * 100_000 + "]" * 100_000 + "}\n", [("depth", 2, '{"a":[[[')], [1]),
    "half a surrogate pair": ("a.jsonl", '{"a":1}\n{"a":"\\ud800"}\n', [("json", 2, '{"a":"\\ud800"}')], [1]),
    "NUL in JSON": ("a.jsonl", b'{"a":1}\n' * 9 + b'{"a":"\0"}\n', [("nul", 10, '{"a":"\\x00"}')], [1] * 9),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED_ROWS)
def test_rows_that_cannot_be_read_are_told_one_by_one_and_all_others_are_read(what: str, tmp_path: Path) -> None:
    name, data, bad, values = REFUSED_ROWS[what]
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    found = open_dataset(str(tmp_path / name), bad_rows="quarantine")
    frame, refused = both(found)
    assert frame["a"].tolist() == values
    told = refused.to_dict("records")
    assert [(one["_rule"].removeprefix("read:"), one["_row"]) for one in told] == [one[:2] for one in bad]
    assert all(one["_raw"].startswith(start) for one, (_, _, start) in zip(told, bad, strict=True))
    assert set(refused["_file"]) == {str(tmp_path / name)}
    assert (found.rows, sum(found.refused.values())) == (len(values), len(bad))
    with pytest.raises(UserError, match=rf"line {bad[0][1]}: .*Mend the row"):
        open_dataset(str(tmp_path / name), bad_rows="refuse")


READ: dict[str, tuple[str, str | bytes, dict[str, object], dict[str, list[object]]]] = {
    "UTF-16": ("a.csv", "a,b\n1,é\n".encode("utf-16"), {}, {"a": [1], "b": ["é"]}),
    "UTF-16 by declaration": ("a.csv", "a,b\n1,é\n".encode("utf-16-be"), {"encoding": "utf-16"}, {"a": [1], "b": ["é"]}),
    "Latin-1 by declaration": ("a.csv", "a,b\n1,é\n".encode("latin-1"), {"encoding": "latin-1"}, {"a": [1], "b": ["é"]}),
    "Windows by declaration": ("a.csv", "a,b\n1,€\n".encode("cp1252"), {"encoding": "windows-1252"}, {"a": [1], "b": ["€"]}),
    "lone CR": ("a.csv", "a,b\r1,x\r2,y\r", {}, {"a": [1, 2], "b": ["x", "y"]}),
    "CR LF in quotes": ("a.csv", 'a,b\r\n1,"x\r\ny"\r\n', {}, {"a": [1], "b": ["x\r\ny"]}),
    "sep=": ("a.csv", "sep=;\na;b\n1;x,y\n", {}, {"a": [1], "b": ["x,y"]}),
    "a delimiter in each name": ("a.csv", "price, USD;size, cm\n1,5;2,5\n3;4\n", {}, {"price, USD": [1.5, 3], "size, cm": [2.5, 4]}),
    "delimiters behind each row": ("a.csv", "a,b,\n1,x,\n2,y,\n", {}, {"a": [1, 2], "b": ["x", "y"]}),
    "decimal commas": ("a.csv", "a;b\n1,5;1.234,56\n2,25;3\n", {}, {"a": [1.5, 2.25], "b": [1234.56, 3]}),
    "commas that could be thousands": ("a.csv", "a;b\n1,500;x\n2,250;y\n", {}, {"a": ["1,500", "2,250"], "b": ["x", "y"]}),
    "commas by declaration": ("a.csv", "a;b\n1,500;x\n2.250;y\n", {"decimal": ","}, {"a": [1.5, 2250], "b": ["x", "y"]}),
    "points by declaration": ("a.csv", "a;b\n1,5;x\n2,2;y\n", {"decimal": "."}, {"a": ["1,5", "2,2"], "b": ["x", "y"]}),
    "points in doubt": ("a.csv", "a;b\n1,5;1.234\n2,2;5.678\n", {}, {"a": [1.5, 2.2], "b": ["1.234", "5.678"]}),
    "infinities": ("a.csv", "a,b\ninf,1\n-Infinity,2\n1e999,3\n", {}, {"a": [np.inf, -np.inf, np.inf], "b": [1, 2, 3]}),
    "beyond 64 bits": ("a.csv", "a,b\n99999999999999999999,1\n7,2\n", {}, {"a": ["99999999999999999999", "7"], "b": [1, 2]}),
    "beyond 64 bits beside fractions": ("a.csv", "a,b\n99999999999999999999,1\n1.5,2\n", {}, {"a": [1e20, 1.5], "b": [1, 2]}),
    "long ids with a gap": ("a.csv", "a,b\n9007199254740993,1\n,2\n", {}, {"a": ["9007199254740993", None], "b": [1, 2]}),
    "long JSON ids": ("a.jsonl", '{"a":99999999999999999999}\n{"a":1}\n', {}, {"a": ["99999999999999999999", "1"]}),
    "JSON with NaN": ("a.jsonl", '{"a":NaN}\n{"a":Infinity}\n{"a":1}\n', {}, {"a": [None, np.inf, 1]}),
    "JSON of mixed types": ("a.jsonl", '{"a":1.50}\n{"a":"x"}\n{"a":true}\n{"a":{"b":[1]}}\n', {}, {"a": ["1.50", "x", "true", '{"b": [1]}']}),
    "dates in three formats": ("a.csv", "a,b\n31/12/2024,1\n2024-01-02,2\n3-Mar-2024,3\n", {}, {"a": ["31/12/2024", "2024-01-02", "3-Mar-2024"], "b": [1, 2, 3]}),
    "10,000 columns": ("a.csv", ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("7" * 10_000) + "\n", {}, {f"c{n}": [7] for n in range(10_000)}),
    "one column with blank lines": ("a.csv", "a\n1\n\n2\n", {}, {"a": [1, 2]}),
    "columns called PAR1": ("a.csv", "PAR1,b\n1,2\n", {}, {"PAR1": [1], "b": [2]}),
    "gzip in two members": ("a.csv.gz", gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"), {}, {"a": [1, 2]}),
    "Parquet of every kind": ("a.parquet", parquet({
        "nested": pa.array([[1, 2], None]), "decimal": pa.array([Decimal("1.5"), None]), "uint64": pa.array([2**64 - 1, 1], pa.uint64()),
        "key": pa.array([Decimal("12345678901234567890"), None]), "small": pa.array([1, 2], pa.uint64()), "bytes": pa.array([b"\xff", b"ok"]),
        "half": pa.array(np.array([0.5, 1], dtype="float16")), "struct": pa.array([{"x": 1}, None]), "a.b": pa.array([1, 2])}),
        {}, {"nested": ["[1, 2]", None], "decimal": [1.5, None], "uint64": ["18446744073709551615", "1"], "key": ["12345678901234567890", None],
             "small": [1, 2], "bytes": ["ff", "ok"], "half": [0.5, 1], "struct": ['{"x": 1}', None], "a.b": [1, 2]}),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_what_is_odd_but_means_one_thing_is_read(what: str, tmp_path: Path) -> None:
    name, data, options, wanted = READ[what]
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    frame, _ = both(open_dataset(str(tmp_path / name), **options))  # type: ignore[arg-type]
    assert {column: [None if pd.isna(one) else one for one in frame[column]] for column in frame} == wanted


DATES = {
    "day first": ("31/12/2024", "01/02/2024", "2024-02-01"),
    "month first": ("12/31/2024 11:59 PM", "2/1/2024 12:00 AM", "2024-02-01"),
    "points": ("31.12.2024 23:59:59", "1.2.2024", "2024-02-01"),
    "year first": ("2024/12/31", "2024/02/01", "2024-02-01"),
    "names": ("31-Dec-2024", "01-FEB-2024", "2024-02-01"),
    "English": ('"December 31, 2024"', '"Feb 1, 2024"', "2024-02-01"),
    "ISO": ("2024-12-31T00:00:00", "2024-02-01", "2024-02-01"),
}


@pytest.mark.parametrize("what", DATES)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_dates_of_one_spelling_are_times(what: str, name: str, tmp_path: Path) -> None:
    first, second, day = DATES[what]
    if name == "a.csv":
        text = f"d,x\n{first},1\n{second},2\n"
    else:
        text = "".join(f'{{"d": "{value.strip(chr(34))}"}}\n' for value in (first, second))
    (tmp_path / name).write_text(text)
    frame, _ = both(open_dataset(str(tmp_path / name)))
    assert frame["d"][1] == pd.Timestamp(day, tz="UTC")


@pytest.mark.parametrize(
    "values", [("01/12/2024", "01/02/2024"), ("31/02/2024", "01/01/2024"), ("13/12/2024", "12/13/2024")]
)
def test_dates_that_could_be_two_days_or_none_stay_text(values: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("d,x\n{},1\n{},2\n".format(*values))
    data = open_dataset(str(tmp_path / "a.csv"))
    assert both(data)[0]["d"].tolist() == list(values)
    assert any("day/month/year and as month/day/year" in note for note in data.notes) == values[0].startswith("01/12")


def test_the_order_of_day_and_month_is_found_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("d,x\n01/02/2024,1\n")
    (tmp_path / "b.csv").write_text("d,x\n31/12/2024,1\n")
    frame, _ = both(open_dataset(str(tmp_path)))
    assert frame["d"].tolist() == [pd.Timestamp("2024-02-01", tz="UTC"), pd.Timestamp("2024-12-31", tz="UTC")]


def test_a_line_of_100_mb_is_one_refused_row_and_never_held(tmp_path: Path) -> None:
    for name, row in (("a.csv", b"1,"), ("a.jsonl", b'{"a":"')):
        with (tmp_path / name).open("wb") as file:
            file.write(b"a,b\n" + b"1,2\n" * 20_000 if name == "a.csv" else b'{"a":1}\n' * 20_000)
            file.write(row)
            file.truncate(file.tell() + 100 * 2**20)  # a hole: 100 MB of NUL bytes that nobody wrote
            file.seek(0, 2)
            file.write(b"\n3,4\n5,6\n" if name == "a.csv" else b'\n{"a":3}\n{"a":5}\n')
        before = pa.total_allocated_bytes()
        frame, refused = both(open_dataset(str(tmp_path / name), bad_rows="quarantine"))
        assert frame["a"].tolist() == [1] * 20_000 + [3, 5]
        assert refused["_rule"].tolist() == ["read:length"]
        assert len(refused["_raw"][0]) <= 4 * KEPT
        assert pa.total_allocated_bytes() - before < 20 * 2**20


def test_a_quote_that_is_open_for_megabytes_costs_its_line_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'a,b\n1,"x\n' + b"y,z\n" * 1_500_000 + b'2,"w"\n')
    data = open_dataset(str(tmp_path / "a.csv"), bad_rows="quarantine")
    assert data.rows == 1_500_001
    assert [list(one["_row"]) for one in data.refusals()] == [[2]]


def append(file: Path) -> None:
    file.write_text(file.read_text() + "9,z\n")


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (Path.unlink, UserError, "does not exist"),
        (append, TransientError, "changed while it was read"),
        (lambda file: file.write_text(ROWS.replace("1,x", "u,x")), TransientError, "changed while it was read"),
    ],
)
def test_a_file_that_vanishes_grows_or_changes_between_the_two_looks(
    spoil: Callable[[Path], object], error: type[Exception], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(ROWS)
    data = open_dataset(str(file))
    spoil(file)
    with pytest.raises(error, match=rf"a\.csv.*{said}"):
        list(data.frames(10))


def both(data: Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All rows, and all that are refused."""
    frames, refused = list(data.frames(1_000)), list(data.refusals())
    return pd.concat(frames, ignore_index=True), pd.concat([pd.DataFrame(), *refused], ignore_index=True)
