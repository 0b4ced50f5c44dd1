from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.reading import Dataset, open_dataset

MISSING = ("NA", "?")


def dataset(folder: Path, files: dict[str, str | bytes], **more: object) -> Dataset:
    for name, data in files.items():
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    url = str(folder / next(iter(files)) if len(files) == 1 else folder)
    return open_dataset(url, missing=MISSING, **more)  # type: ignore[arg-type]


def read(data: Dataset, rows: int = 100) -> pd.DataFrame:
    return pd.concat(list(data.frames(rows)), ignore_index=True)


def types(data: Dataset) -> dict[str, str]:
    return {field.name: str(field.type) for field in data.schema}


def parquet(**columns: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


def test_csv_columns_are_typed_by_all_their_values(tmp_path: Path) -> None:
    text = "i,f,b,t,z,s,n,code\n1,1,true,2013-01-01,2013-01-01T00:00:00Z,a,NA,0471\n-2,2.5,FALSE,2013-01-02 03:04,,b, ?,12\n"
    data = dataset(tmp_path, {"a.csv": text})
    utc = "timestamp[us, tz=UTC]"
    wanted = {
        "i": "int64",
        "f": "double",
        "b": "bool",
        "t": utc,
        "z": utc,
        "s": "string",
        "n": "double",
        "code": "string",
    }
    assert types(data) == wanted
    frame = read(data)
    assert frame["code"].tolist() == ["0471", "12"]
    assert frame["n"].isna().all()
    assert frame["t"][1] == pd.Timestamp("2013-01-02 03:04", tz="UTC")


def test_a_type_holds_for_the_whole_file_not_only_for_its_first_block(tmp_path: Path) -> None:
    lines = [f"{number},{number}" for number in range(500_000)] + ["1.5,x"]
    data = dataset(tmp_path, {"a.csv": "a,b\n" + "\n".join(lines)})
    assert types(data) == {"a": "double", "b": "string"}
    assert (data.rows, len(read(data, 100_000))) == (500_001, 500_001)


def test_whole_numbers_with_gaps_are_numbers(tmp_path: Path) -> None:
    assert types(dataset(tmp_path, {"a.csv": "a,b\n1,2\n?,3\n"})) == {"a": "double", "b": "int64"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "a;b\n1;x\n"),
        ("a.csv", "a|b\n1|x\n"),
        ("a.csv", "\ufeffa,b\r\n1,x\r\n"),
        ("a.csv", "\n\na , b\n1,x\n"),
        ("a.csv", 'a,"b"\n1,"x"\n'),
        ("a.tsv", "a\tb\n1\tx\n"),
        ("a.jsonl", '{"a": 1, "b": "x"}\n'),
        ("a.ndjson", '\ufeff\n{"a": 1, "b": "x"}'),
    ],
)
def test_the_usual_spellings_of_one_table(tmp_path: Path, name: str, text: str) -> None:
    frame = read(dataset(tmp_path, {name: text}))
    assert frame.to_dict("list") == {"a": [1], "b": ["x"]}


def test_an_odd_mark_inside_a_value_is_no_harm(tmp_path: Path) -> None:
    assert read(dataset(tmp_path, {"a.csv": 'a,b\n1,5" pipe\n2,x\n'}))["b"].tolist() == ['5" pipe', "x"]


def test_a_quoted_line_break_is_part_of_its_value(tmp_path: Path) -> None:
    assert read(dataset(tmp_path, {"a.csv": 'a,b\n1,"x\ny"\n'}))["b"].tolist() == ["x\ny"]


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_text(tmp_path: Path, codec: str) -> None:
    data = pa.compress(b"a,b\n1,x\n", codec=codec, asbytes=True) if codec == "zstd" else gzip.compress(b"a,b\n1,x\n")
    frame = read(dataset(tmp_path, {"a.csv.gz" if codec == "gzip" else "a.csv.zst": data}))
    assert frame.to_dict("list") == {"a": [1], "b": ["x"]}


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    assert dataset(tmp_path, {"a.csv": ",a\n0,1\n"}).columns == ("column_1", "a")


def test_json_lines_of_different_keys_and_whole_values(tmp_path: Path) -> None:
    lines = [{"a": 1, "t": "2013-01-01T00:00:00Z", "l": [1, 2]}, {"a": 2.5, "b": True}]
    frame = read(dataset(tmp_path, {"a.jsonl": "\n".join(map(json.dumps, lines))}))
    assert frame["a"].tolist() == [1.0, 2.5]
    assert frame["l"].tolist()[0] == "[1, 2]"
    assert frame["b"].isna().tolist() == [True, False]
    assert frame["t"][0] == pd.Timestamp("2013-01-01", tz="UTC")


def test_parquet_types_become_plain(tmp_path: Path) -> None:
    from datetime import date
    from decimal import Decimal

    data = dataset(
        tmp_path,
        {
            "a.parquet": parquet(
                d=pa.array(["x", None]).dictionary_encode(),
                i=pa.array([1, None], pa.int8()),
                u=pa.array([1, 2], pa.uint64()),
                m=pa.array([Decimal("1.5"), None]),
                day=pa.array([date(2013, 1, 1), None]),
                naive=pa.array([0, 1], pa.timestamp("ns")),
                nested=pa.array([[1], None]),
                nothing=pa.nulls(2),
            )
        },
    )
    frame = read(data)
    assert frame["d"].tolist()[0] == "x"
    assert frame[["i", "u", "m"]].iloc[0].tolist() == [1, 1, 1.5]
    assert frame["day"][0] == pd.Timestamp("2013-01-01", tz="UTC")
    assert str(frame["naive"].dtype) == "datetime64[us, UTC]"
    assert frame["nested"].tolist()[0] == "[1]"
    assert str(frame["nothing"].dtype) == "float64"


def test_files_that_lack_a_column_are_null_there_and_it_is_said(tmp_path: Path) -> None:
    data = dataset(tmp_path, {"a.csv": "x,y\n1,2\n", "b.csv": "x,z\n3,4\n"})
    frame = read(data)
    assert list(frame.columns) == ["x", "y", "z"]
    assert frame["y"].isna().tolist() == [False, True]
    assert [note.replace(str(tmp_path) + os.sep, "") for note in data.notes] == [
        "`y` is not in b.csv: null there",
        "`z` is not in a.csv: null there",
    ]


def test_numbers_in_one_file_and_text_in_another_are_text_with_a_note(tmp_path: Path) -> None:
    data = dataset(tmp_path, {"a.csv": "x\n1.50\n", "b.csv": "x\nten\n"})
    assert read(data)["x"].tolist() == ["1.50", "ten"]
    assert re.search(r"`x` is numbers in .*a\.csv and text in .*b\.csv: read as text", data.notes[0])


def test_times_and_numbers_are_refused_with_both_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"column `x` is whole numbers in .*a\.csv and times in .*b\.csv: make"):
        dataset(tmp_path, {"a.csv": "x\n1\n", "b.csv": "x\n2020-01-01\n"})


def test_a_declared_column_may_differ_between_files(tmp_path: Path) -> None:
    data = dataset(tmp_path, {"a.csv": "x\n1\n", "b.csv": "x\nten\n"}, kinds={"x": "category"})
    assert read(data)["x"].tolist() == ["1", "ten"]


def test_an_empty_file_among_others_is_an_error_but_a_header_alone_is_not(tmp_path: Path) -> None:
    assert dataset(tmp_path, {"a.csv": "x\n1\n", "b.csv": "x\n"}).rows == 1
    (tmp_path / "c.csv").write_text("")
    with pytest.raises(UserError, match=r"c\.csv is empty"):
        open_dataset(str(tmp_path))


def test_format_overrules_the_name(tmp_path: Path) -> None:
    assert read(dataset(tmp_path, {"data.txt": "a,b\n1,2\n"}, format="csv")).to_dict("list") == {"a": [1], "b": [2]}


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.csv does not exist"):
        open_dataset(str(tmp_path / "nothing.csv"))
    with pytest.raises(UserError, match="holds no files"):
        open_dataset(str(tmp_path / "*.parquet"))


CELLS = st.text(alphabet='abc1.,"\n; ', max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30), st.integers(1, 40))
def test_what_pandas_writes_is_read_back_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]], rows: int
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame(cells, columns=["a", "b"])
    frame.to_csv(folder / "a.csv", index=False, quoting=1)
    data = open_dataset(str(folder / "a.csv"), kinds={"a": "category", "b": "category"})
    frames = list(data.frames(rows))
    assert [len(piece) for piece in frames[:-1]] == [rows] * (len(frames) - 1)
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True).fillna(""), frame, check_dtype=False)


def test_row_groups_beyond_the_limits_are_not_read(tmp_path: Path) -> None:
    times = pd.date_range("2013-01-01", periods=1_000, freq="h", tz="UTC")
    pd.DataFrame({"at": times, "x": range(1_000)}).to_parquet(tmp_path / "a.parquet", row_group_size=100)
    data = open_dataset(str(tmp_path / "a.parquet"))
    limits = ("at", times[250].to_pydatetime(), times[420].to_pydatetime())
    frame = pd.concat(list(data.frames(1_000, limits=limits)))
    assert (frame["x"].min(), frame["x"].max()) == (200, 499)


def test_memory_is_a_few_blocks(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"x{number}": range(60_000) for number in range(10)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    before = pa.total_allocated_bytes()
    data = open_dataset(str(tmp_path / "a.csv"))
    held = [pa.total_allocated_bytes() - before for _ in data.frames(10_000)]
    assert max(held) < 40 * 2**20
