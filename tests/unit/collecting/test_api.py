"""An HTTP API collected: one type a column over all pages, records that are none in Quarantine, the newest asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.misbehaving import Api, Asked, Reply, api
from tests.unit.data.cases import case
from tidemill.collecting import collect, land
from tidemill.errors import TransientError, UserError
from tidemill.store import Store
from tidemill.usecase import UseCase


class Shop:
    """Pages of three records; ``records`` may grow."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.fails_at: int | None = None

    def __call__(self, asked: Asked) -> Reply:
        at = int(asked.query.get("offset", 0))
        if self.fails_at is not None and at >= self.fails_at:
            return Reply({}, 500)
        since = int(asked.query.get("since", 0))
        found = [one for one in self.records if not isinstance(one, dict) or one.get("id", 0) >= since]
        return Reply(found[at : at + 3])


def shop_case(folder: Path, served: Api, more: str = "") -> UseCase:
    source = f"{{url: '{served.url}/o', paging: offset, since_parameter: since, retries: 0}}"
    return case(folder, f"sources:\n  rows:\n    http: {source}\n{more}", target="{column: y}")


def test_a_type_holds_for_all_pages(tmp_path: Path, memory: Store) -> None:
    shop = Shop()
    shop.records = [{"id": n, "a": n, "b": n, "who": {"n": n}} for n in range(5)]
    shop.records += [{"id": 5, "a": 0.5, "b": "x", "who": None}, {"id": 6, "a": None, "y": 1}]
    with api(shop) as served:
        found = land(memory, shop_case(tmp_path, served))["rows"]
    (frame,) = found.frames(100)
    assert frame["a"].tolist()[:6] == [0, 1, 2, 3, 4, 0.5]
    assert frame["b"].tolist()[:6] == ["0", "1", "2", "3", "4", "x"]
    assert list(frame.columns) == ["id", "a", "b", "who.n", "y"]


def test_records_that_are_none_are_in_quarantine(tmp_path: Path, memory: Store) -> None:
    shop = Shop()
    shop.records = [{"id": 1, "y": 0}, None, {"id": 2, "y": 1}, "three", {"id": 4, "y": 0}]
    with api(shop) as served:
        collected = collect(memory, shop_case(tmp_path, served))
        with pytest.raises(UserError, match=r"page 1, record 2: it is no object. Mend it"):
            collect(memory, shop_case(tmp_path / "strict", served, "    bad_rows: refuse\n"))
    assert collected.snapshot.rows == 3
    assert collected.refused == {"a record that is no object": 2}
    assert collected.quarantine is not None
    kept = collected.quarantine.read(memory)
    assert kept["_raw"].tolist() == ["null", '"three"']
    assert kept["_rule"].tolist() == ["read:record"] * 2
    assert kept["_reason"].tolist() == ["page 1, record 2: it is no object", "page 2, record 1: it is no object"]


def test_a_fetch_that_fails_half_way_lands_nothing_and_the_next_one_all(tmp_path: Path, memory: Store) -> None:
    shop = Shop()
    shop.records = [{"id": n, "y": n % 2} for n in range(1, 8)]
    with api(shop) as served:
        use_case = shop_case(tmp_path, served, "    incremental: {column: id}\n")
        shop.fails_at = 3
        with pytest.raises(TransientError, match="answered 500"):
            land(memory, use_case)
        assert memory.list("") == []
        shop.fails_at = None
        assert land(memory, use_case)["rows"].rows == 7
        shop.records += [{"id": 8, "y": 1}, None]
        served.asked.clear()
        again = land(memory, use_case)["rows"]
        assert [asked.query["since"] for asked in served.asked] == ["7", "7"]
    assert again.rows == 8
    assert again.refused == {"a record that is no object": 1}
