"""Sources and lakes on S3: the same rows, the same Snapshot, as on disk."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.servers import S3Server
from tests.unit.data.cases import case, frame_of
from tidemill.collecting import collect, source_state
from tidemill.errors import UserError
from tidemill.store import Store

ROWS = "id,at,y\n1,2020-01-01,1\n2,2020-01-02,0\n"
MORE = "id,at,y\n3,2020-01-03,1\n"


@pytest.mark.s3
def test_sources_on_s3_give_what_they_give_on_disk(s3: S3Server, tmp_path: Path) -> None:
    lake = Store(s3.lake())
    for folder in (tmp_path / "data", None):
        for name, text in {"a.csv": ROWS.encode(), "b.csv.gz": gzip.compress(MORE.encode())}.items():
            if folder is None:
                lake.write_bytes(f"sources/{name}", text)
            else:
                folder.mkdir(exist_ok=True)
                (folder / name).write_bytes(text)
    on_disk = case(tmp_path / "disk", "time: at\n", url=str(tmp_path / "data" / "*"))
    on_s3 = case(tmp_path / "s3", "time: at\n", url=lake.url_of("sources/*"))
    local = collect(Store(f"memory://{tmp_path}"), on_disk).snapshot
    assert collect(lake, on_s3).snapshot.id == local.id
    assert frame_of(lake, on_s3)["id"].tolist() == [1, 2, 3]
    before = source_state(on_s3)
    assert source_state(on_s3) == before
    lake.write_bytes("sources/a.csv", ROWS.replace("2,2020", "5,2020").encode())
    assert source_state(on_s3) != before


@pytest.mark.s3
def test_a_source_that_is_not_there_is_named(s3: S3Server, tmp_path: Path) -> None:
    use_case = case(tmp_path, url=f"{Store(s3.lake()).url}/none.csv")
    with pytest.raises(UserError, match=r"none\.csv"):
        collect(Store(f"memory://{tmp_path}"), use_case)
