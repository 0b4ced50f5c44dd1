"""Erasures from end to end, on a lake of orders: gone from everywhere, refused from then on, proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.servers import S3Server
from tests.unit.collecting.shops import Shop, landed
from tests.unit.data.cases import csv_case
from tests.unit.erasing.lakes import PERSON, orders, orders_case, places, shop_lake
from tidemill.answered import Answered, record, record_key
from tidemill.collecting import collect
from tidemill.collecting.replays import Mended, Replays
from tidemill.erasing import erasure as erasing
from tidemill.erasing.erasure import Request, erase, lift, preview
from tidemill.erasing.tombstones import ErasedLog
from tidemill.errors import UserError
from tidemill.results import Split
from tidemill.reviewing.answers import AnswerLog
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.trained import Lookup, remember, seen

ASKED = Request((PERSON,), "customer", "ana", "request 3")


def test_nothing_of_the_person_is_left_anywhere(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    collected = shop_lake(memory, use_case)
    assert places(memory, PERSON)
    made = erase(memory, use_case, ASKED)
    assert places(memory, PERSON) == set()
    assert made.proof is not None
    assert made.proof.passed
    assert made.proof.objects >= len(memory.list()) - 1
    kept = collected.snapshot.read(memory)
    expected = orders()[lambda frame: frame["customer"] != PERSON].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, expected, check_dtype=False)
    counts = {(one.kind, one.name): one.rows for one in made.removed}
    assert counts["predictions", "small/predictions/v1.parquet"] == 3, "by the orders' ids: they have no customer"
    assert counts["label answers", "small/answers"] == 1
    assert counts["collected", collected.snapshot.id] == 3
    (left,) = AnswerLog(memory, "small").entries().values()
    assert left.named == {"order": "20"}
    (replay,) = Replays(memory, "small").all()
    assert replay.rows == ("row 8", "row 12")
    assert set(made.rewritten) == {"small/profiles/p.json", "small/reports/v1/report.html"}
    assert memory.read_json("small/profiles/p.json")["columns"][0]["levels"][0] == "a"


def test_collecting_refuses_them_and_every_row_is_accounted_for(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    erase(memory, use_case, ASKED)
    again = collect(memory, use_case)
    assert (again.snapshot.rows, again.erased) == (57 + 2, 3), "with the two rows that were brought back"
    assert places(memory, PERSON) == set()
    lifted = lift(memory, use_case, ASKED)
    assert (lifted.subjects, lifted.lifted) == (1, 1)
    after = collect(memory, use_case)
    assert (after.snapshot.rows, after.erased) == (62, 0)


def test_a_second_erasure_finds_nothing_and_proves_it_again(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    first = erase(memory, use_case, ASKED)
    before = {key: memory.read_bytes(key) for key in memory.list() if "/eras" not in key}
    second = erase(memory, use_case, ASKED)
    assert second.removed == ()
    assert second.proof is not None
    assert second.proof.passed
    assert second.id != first.id
    assert {key: memory.read_bytes(key) for key in memory.list() if "/eras" not in key} == before


def test_a_preview_says_the_same_and_changes_nothing(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    before = {key: memory.read_bytes(key) for key in memory.list()}
    seen = preview(memory, use_case, ASKED)
    assert {key: memory.read_bytes(key) for key in memory.list()} == before
    assert seen.preview
    made = erase(memory, use_case, ASKED)
    assert {(one.kind, one.rows) for one in seen.removed} == {(one.kind, one.rows) for one in made.removed}


@pytest.mark.parametrize(
    "dies_in", ["_remove", "redact", "renumber_landings", "rewrite_table", "rewrite_texts", "prove"]
)
def test_a_killed_erasure_is_finished_by_the_same_command(
    memory: Store, tmp_path: Path, dies_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_case = orders_case(tmp_path)
    collected = shop_lake(memory, use_case)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, dies_in, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(memory, use_case, ASKED)
    assert ErasedLog(memory, "small").standing(), "first the list of the erased, so that nothing new comes in"
    made = erase(memory, use_case, ASKED)
    assert places(memory, PERSON) == set()
    assert made.proof is not None
    assert made.proof.passed
    assert {entry.erasure for entry in ErasedLog(memory, "small").entries().values()} == {made.id}
    assert [one.rows for one in made.removed if one.name == collected.snapshot.id] == [3]
    predicted = pd.read_parquet(_copy(memory, "small/predictions/v1.parquet", tmp_path))
    assert not set(predicted["order"]) & {9, 10, 11}


def _copy(store: Store, key: str, folder: Path) -> Path:
    file = folder / "copy.parquet"
    file.write_bytes(store.read_bytes(key))
    return file


def test_predictions_beyond_the_lake_are_erased_where_they_can_be_reached(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    near, far = tmp_path / "out.parquet", tmp_path / "moved.parquet"
    orders()[["order", "amount"]].to_parquet(near)
    began = datetime(2024, 1, 1, tzinfo=UTC)
    for output in (near, far):
        said = Answered(use_case="small", version="v1", door="batch", who="ana", began=began, output=str(output))
        record(memory, record_key("small", "v1", began), said)
    assert preview(memory, use_case, ASKED).outside == (str(far),)
    made = erase(memory, use_case, ASKED)
    assert made.outside == (str(far),)
    assert {one.name: one.rows for one in made.removed}[str(near)] == 3
    assert not set(pd.read_parquet(near)["order"]) & {9, 10, 11}
    assert len(pd.read_parquet(near)) == 57


def test_hashes_of_train_rows_forget_them_too(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    collected = shop_lake(memory, use_case)
    trained = remember(memory, use_case, collected.snapshot)
    split = Split(by="random", train=collected.snapshot, gate=collected.snapshot, trained=trained)
    memory.write_json("small/stages/split/a.json", {"format": 1, "result": split.model_dump(mode="json")})
    assert seen(memory, trained, Lookup(memory, collected.snapshot)).all()
    erase(memory, use_case, ASKED)
    asked = write_snapshot(memory, "small", "asked", orders()[["order"]])
    assert np.flatnonzero(~seen(memory, trained, Lookup(memory, asked))).tolist() == [9, 10, 11]


def test_an_id_that_somebody_else_has_too_names_nobody(memory: Store, tmp_path: Path) -> None:
    frame = orders()
    frame.loc[frame["order"] == 30, "order"] = 10
    use_case = orders_case(tmp_path, frame=frame)
    shop_lake(memory, use_case)
    erase(memory, use_case, ASKED)
    predicted = pd.read_parquet(_copy(memory, "small/predictions/v1.parquet", tmp_path))
    assert set(predicted["order"]) & {9, 10, 11} == {10}


def test_lines_that_nobody_could_read_go_too_and_do_not_come_back(memory: Store, tmp_path: Path) -> None:
    lines = ["id,name,y", "C17,ann,1", "C18,bob,1", "C17,ann,1,more", "C18,bob,1,more", "C19,cy,0"]
    use_case = csv_case(tmp_path, "\n".join(lines) + "\n", "id: id\n")
    first = collect(memory, use_case)
    assert sum(first.refused.values()) == 2
    made = erase(memory, use_case, Request(("C17",)))
    assert made.proof is not None
    assert made.proof.passed
    assert places(memory, "C17") == set()
    again = collect(memory, use_case)
    assert (again.snapshot.rows, sum(again.refused.values()), again.erased) == (2, 1, 2)
    assert again.quarantine is not None
    assert again.quarantine.rows == 1
    assert places(memory, "C17") == set()


def test_what_was_fetched_is_erased_and_fetched_no_more(memory: Store, tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", "number integer, at text, amount real")
    shop.insert([(one, f"2024-01-0{one}", one) for one in range(1, 6)])
    use_case = shop.use_case(more="    rename: {number: id}\n")
    use_case = use_case.model_copy(update={"id": ("id",)})
    assert landed(memory, use_case).rows == 5
    made = erase(memory, use_case, Request(("3",)))
    assert [one.kind for one in made.removed] == ["landed"], "by the name that the source itself has"
    shop.insert([(3, "2024-01-06", 3), (6, "2024-01-06", 6), (7, "2024-01-07", 7)])
    found = landed(memory, use_case)
    rows = pd.concat(list(found.frames(100)))
    assert sorted(rows["id"]) == [1, 2, 4, 5, 6, 7]
    assert found.rows == 6
    assert found.erased > 0
    lift(memory, use_case, Request(("3",)))
    shop.insert([(3, "2024-01-08", 3)])
    assert 3 in set(pd.concat(list(landed(memory, use_case).frames(100)))["id"])


def test_mended_rows_keep_what_they_stand_for(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    collected = shop_lake(memory, use_case)
    erase(memory, use_case, ASKED)
    mended = Mended(memory, Replays(memory, "small").all())
    schema = pa.schema([("order", pa.int64()), ("customer", pa.string())])
    assert pd.concat(list(mended.frames(schema, "x")))["order"].tolist() == [8, 12]
    assert collected.snapshot.rows == 60, "a reference says what was written"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (replace(ASKED, column="costumer"), r"has a column `costumer` \(did you mean `customer`\?\)"),
        (replace(ASKED, values=()), "whom"),
        (replace(ASKED, values=(" ",)), "an id is empty"),
        (replace(ASKED, why=f"{PERSON} asked"), "--why names the person"),
        (replace(ASKED, values=("x" * 2000,)), "names nobody"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_nothing_is_touched(
    memory: Store, tmp_path: Path, asked: Request, says: str
) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    before = memory.list()
    with pytest.raises(UserError, match=says):
        erase(memory, use_case, asked)
    assert memory.list() == before


def test_several_ids_need_a_column(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path).model_copy(update={"id": ("customer", "order")})
    with pytest.raises(UserError, match="`customer`, `order`: say with --column"):
        erase(memory, use_case, Request(("1",)))


def test_a_table_that_can_not_be_read_is_named_and_proves_nothing(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    shop_lake(memory, use_case)
    memory.write_bytes("small/predictions/v2.parquet", b"PAR1 torn")
    made = erase(memory, use_case, ASKED)
    assert made.proof is not None
    assert not made.proof.passed
    assert [one.key for one in made.proof.unscanned] == ["small/predictions/v2.parquet"]
    memory.delete("small/predictions/v2.parquet")
    assert places(memory, PERSON) == set()
    again = erase(memory, use_case, ASKED)
    assert again.proof is not None
    assert again.proof.passed


def test_the_proof_finds_what_stands_elsewhere(memory: Store, tmp_path: Path) -> None:
    frame = orders().assign(note="nothing")
    frame.loc[0, "note"] = f"sent by {PERSON}."
    use_case = orders_case(tmp_path, frame=frame)
    collect(memory, use_case)
    made = erase(memory, use_case, ASKED)
    assert made.proof is not None
    (hit,) = made.proof.hits
    assert (hit.where, hit.times) == ("note", 1)
    assert hit.key in places(memory, PERSON)


@pytest.mark.s3
def test_nothing_of_the_person_is_left_on_s3(
    rclone_server: S3Server, s3_environment: Callable[..., None], tmp_path: Path
) -> None:
    s3_environment(rclone_server)
    store, use_case = Store(rclone_server.lake()), orders_case(tmp_path)
    shop_lake(store, use_case)
    made = erase(store, use_case, ASKED)
    assert made.proof is not None
    assert made.proof.passed
    assert places(store, PERSON) == set()
    assert collect(store, use_case).erased == 3


def test_a_lake_without_the_person_refuses_them_all_the_same(memory: Store, tmp_path: Path) -> None:
    use_case = orders_case(tmp_path)
    made = erase(memory, use_case, Request(("9",)))
    assert made.removed == ()
    assert collect(memory, use_case).erased == 1
