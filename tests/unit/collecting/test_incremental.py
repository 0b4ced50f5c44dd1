"""Incremental collecting: every row once, whatever comes late, changes, or happens in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.collecting.shops import Shop, frame_of, landed
from tests.unit.data.cases import case
from tidemill.collecting import batches, collect, land, source_state
from tidemill.errors import UserError
from tidemill.store import Json, Store
from tidemill.usecase import UseCase, read_usecase

START = datetime(2024, 1, 1)


def moment(hours: float) -> str:
    return str(START + timedelta(hours=hours))


def at(hours: float) -> datetime:
    return (START + timedelta(hours=hours)).replace(tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "shop")
    made.insert([(number, moment(number), number / 2) for number in range(10)])
    return made


def test_only_what_is_new_is_fetched_and_added(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    first = landed(memory, use_case)
    assert (first.rows, first.notes) == (10, ("10 rows fetched, 0 of them there already",))
    shop.insert([(10, moment(10), 5.0), (11, moment(11), 5.5)])
    second = landed(memory, use_case)
    assert (second.rows, second.notes) == (12, ("3 rows fetched, 1 of them there already",))
    assert frame_of(second)["id"].tolist() == list(range(12))
    assert source_state(use_case, {"rows": second}) != source_state(use_case, {"rows": first})


def test_nothing_new_is_the_same_snapshot_and_no_new_record(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    first, keys = landed(memory, use_case), memory.list()
    second = landed(memory, use_case)
    assert second.snapshot == first.snapshot
    assert memory.list() == keys
    assert source_state(use_case, {"rows": second}) == source_state(use_case, {"rows": first})


def test_late_rows_come_in_by_the_overlap(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case("{column: at, overlap: 3h}")
    landed(memory, use_case)
    shop.insert([(20, moment(6.5), 1.0), (21, moment(5.5), 1.0)])
    found = frame_of(landed(memory, use_case))["id"].tolist()
    assert 20 in found
    assert 21 not in found, "it came later than the overlap looks back"
    assert len(found) == len(set(found)) == 11


def test_a_changed_row_is_one_more_row(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case("{column: at, overlap: 100h}")
    landed(memory, use_case)
    shop.run("update orders set amount = 99, at = '2024-02-01 00:00:00' where id = 3")
    frame = frame_of(landed(memory, use_case))
    assert frame.loc[frame["id"] == 3, "amount"].tolist() == [1.5, 99.0]
    assert len(frame) == 11


def test_rows_without_a_mark_are_taken_once(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    shop.insert([(50, None, 1.0)])
    landed(memory, use_case)
    shop.insert([(51, None, 2.0)])
    for _ in range(2):
        assert sorted(frame_of(landed(memory, use_case))["id"]) == [*range(10), 50, 51]


def test_rows_that_are_equal_in_all_columns_are_counted(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop", "id int, at text, amount real")
    shop.insert([(1, moment(1), 1.0)] * 2)
    use_case = shop.use_case("{column: at, overlap: 1h}")
    assert landed(memory, use_case).rows == 2
    shop.insert([(1, moment(1), 1.0)])
    assert [landed(memory, use_case).rows for _ in range(2)] == [3, 3]


def test_numbers_grow_too(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop")
    shop.insert([(number, moment(9 - number), 1.0) for number in range(5)])
    use_case = shop.use_case("{column: id}")
    landed(memory, use_case)
    shop.insert([(7, moment(0), 1.0)])
    found = landed(memory, use_case, since=at(5), until=at(6))
    assert found.notes[0].startswith("2 rows fetched, 1 ")
    assert frame_of(found)["id"].tolist() == [0, 1, 2, 3, 4, 7]


def test_moments_do_not_limit_a_time_that_is_kept_as_a_number(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop", "id integer primary key, at integer, amount real")
    shop.insert([(number, 1_700_000_000 + 3600 * number, 1.0) for number in range(5)])
    use_case = shop.use_case()
    since = datetime.fromtimestamp(1_700_000_000 + 7200, UTC)
    assert landed(memory, use_case, since=since).rows == 5
    assert collect(memory, use_case, since=since).snapshot.rows == 3


def test_a_later_since_fetches_no_more_and_an_earlier_one_once(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case("{column: at, overlap: 1h}")
    assert frame_of(landed(memory, use_case, since=at(6)))["id"].tolist() == [6, 7, 8, 9]
    assert landed(memory, use_case, since=at(8)).rows == 4
    back = landed(memory, use_case, since=at(3))
    assert frame_of(back)["id"].tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert back.notes[0] == "5 rows fetched, 2 of them there already"
    again = landed(memory, use_case, since=at(3))
    assert again.snapshot == back.snapshot
    assert frame_of(landed(memory, use_case))["id"].tolist() == list(range(10))
    assert landed(memory, use_case, since=at(3)).rows == 10


def test_until_is_the_first_moment_that_is_left_for_later(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    assert frame_of(landed(memory, use_case, until=at(4)))["id"].tolist() == [0, 1, 2, 3]
    assert landed(memory, use_case, until=at(2)).rows == 4
    assert landed(memory, use_case).rows == 10


def test_an_empty_window_before_the_first_row_is_not_asked_for_again(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    landed(memory, use_case, since=at(0))
    before = len(memory.list("small/landed"))
    landed(memory, use_case, since=at(-50))
    assert len(memory.list("small/landed")) == before + 1
    landed(memory, use_case, since=at(-50))
    assert len(memory.list("small/landed")) == before + 1


def test_another_query_starts_anew(shop: Shop, memory: Store) -> None:
    landed(memory, shop.use_case())
    other = shop.use_case(what="query: 'select * from orders where id < 4'")
    assert landed(memory, other).rows == 4


class Dying(Store):
    """A lake whose user dies when the record of what was landed is written: just before that, or just after."""

    def __init__(self, url: str, *, after: bool) -> None:
        super().__init__(url)
        self.after = after

    def create_json(self, key: str, value: Json) -> bool:
        if "/landed/" not in key:
            return super().create_json(key, value)
        if self.after:
            super().create_json(key, value)
        raise KeyboardInterrupt


STEPS = st.lists(
    st.tuples(st.lists(st.integers(-3, 6), max_size=5), st.sampled_from(["ends", "dies before", "dies after"])),
    min_size=1,
    max_size=8,
)


@given(STEPS)
@settings(max_examples=30)
def test_whatever_comes_in_whatever_order_each_row_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[int], str]]
) -> None:
    """Rows come up to 3 hours late, and the overlap is 3 hours; runs die before their record, or after it."""
    folder = tmp_path_factory.mktemp("steps")
    shop, lake = Shop(folder / "shop"), Store(f"memory://{folder}")
    use_case = shop.use_case("{column: at, overlap: 3h}")
    newest = number = 0
    for hours, end in steps:
        rows = []
        for hour in hours:
            rows.append((number, moment(newest + hour), 0.5))
            newest, number = max(newest, newest + hour), number + 1
        shop.insert(rows)
        if number and end != "ends":
            with suppress(KeyboardInterrupt):
                landed(Dying(lake.url, after=end == "dies after"), use_case)
        elif number:
            assert Counter(frame_of(landed(lake, use_case))["id"].tolist()) == Counter(range(number))


class Overtaken(Store):
    """A lake where somebody else lands the same rows, and more, just before this user's record is written."""

    def __init__(self, url: str, other: Callable[[], object]) -> None:
        super().__init__(url)
        self.others = [other]

    def create_json(self, key: str, value: Json) -> bool:
        if "/landed/" in key and self.others:
            self.others.pop()()
        return super().create_json(key, value)


@pytest.mark.parametrize("first", [True, False])
def test_of_two_at_once_one_begins_again(shop: Shop, memory: Store, first: bool) -> None:
    use_case = shop.use_case("{column: at, overlap: 2h}")
    if not first:
        landed(memory, use_case)
        shop.insert([(10, moment(10), 5.0)])

    def overtake() -> None:
        shop.insert([(11, moment(11), 5.0)])
        landed(memory, use_case)
        shop.insert([(12, moment(12), 5.0)])

    rows = frame_of(landed(Overtaken(memory.url, overtake), use_case))["id"].tolist()
    assert sorted(rows) == [*range(10), *([] if first else [10]), 11, 12]
    assert landed(memory, use_case).rows == len(rows)


def test_many_small_steps_leave_few_parts(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    for number in range(10, 74):
        shop.insert([(number, moment(number), 1.0)])
        found = landed(memory, use_case)
    assert frame_of(found)["id"].tolist() == list(range(74))
    assert len(found.ranges) == len(found.snapshot.manifest(memory).parts) <= 8


def test_reading_passes_over_parts_that_are_too_old(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    landed(memory, use_case)
    shop.insert([(20, moment(20), 1.0)])
    found = landed(memory, use_case)
    frames = list(found.frames(100, limits=("at", at(15), None)))
    assert [frame["id"].tolist() for frame in frames] == [[20]]


def test_a_new_column_is_null_in_the_rows_before(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    landed(memory, use_case)
    shop.run("alter table orders add column shop text")
    shop.insert([(10, moment(10), 5.0, "north")])
    found = landed(memory, use_case)
    assert "`shop` is new: null in the rows landed before" in found.notes
    frame = frame_of(found)
    assert frame["shop"].isna().sum() == 10, "the row at the watermark came again, and was known by its null"
    assert frame["shop"].iloc[-1] == "north"
    refusing = shop.use_case(more="    differing: refuse\n")
    shop.run("alter table orders add column till text")
    shop.insert([(11, moment(11), 5.0, "north", "1")])
    with pytest.raises(UserError, match=r"sources\.rows: .* changed its columns: `till` is new"):
        landed(memory, refusing)


def test_whole_numbers_give_way_and_other_types_do_not_mix(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop", "id int, at text, amount")
    shop.insert([(1, moment(1), 1), (2, moment(2), 2)])
    landed(memory, shop.use_case())
    shop.insert([(3, moment(3), 0.5)])
    assert frame_of(landed(memory, shop.use_case()))["amount"].tolist() == [1.0, 2.0, 0.5]
    shop.insert([(4, moment(4), "many")])
    with pytest.raises(UserError, match="`amount` is numbers in the rows landed before and text in those that"):
        landed(memory, shop.use_case())
    declared = case_with_types(shop)
    assert frame_of(landed(memory, declared))["amount"].tolist() == ["1", "2", "0.5", "many"]


def case_with_types(shop: Shop) -> UseCase:
    return read_usecase(written(shop, "columns: {types: {amount: category}}\n"))


def written(shop: Shop, text: str) -> Path:
    shop.use_case()
    file = shop.folder / "usecase.yaml"
    file.write_text(file.read_text() + text)
    return file


@pytest.mark.parametrize(
    ("incremental", "said"),
    [
        ("{column: att}", r"there is no column `att` \(did you mean `at`\?\)"),
        ("{column: id, overlap: 1h}", r"sources\.rows\.incremental\.overlap: it is a length of time, and the column"),
        ("{column: word}", r"incremental\.column: `word` of .* holds the text `soon`, which is no time"),
    ],
)
def test_a_column_that_does_not_grow_is_explained(tmp_path: Path, memory: Store, incremental: str, said: str) -> None:
    shop = Shop(tmp_path / "shop", "id integer primary key, at text, amount real, word text")
    shop.insert([(1, moment(1), 1.0, "soon")])
    use_case = shop.use_case(incremental)

    def twice() -> None:
        landed(memory, use_case)
        landed(memory, use_case)

    with pytest.raises(UserError, match=said):
        twice()


def test_no_rows_at_all_is_an_error_and_leaves_nothing(tmp_path: Path, memory: Store) -> None:
    shop = Shop(tmp_path / "shop")
    for incremental in ("", "{column: at}"):
        with pytest.raises(UserError, match=r"sources\.rows: sqlite:///shop\.db, table `orders` gives not one row"):
            landed(memory, shop.use_case(incremental))
    assert memory.list() == []


def test_without_incremental_the_same_rows_are_the_same_snapshot(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case("")
    first = landed(memory, use_case)
    assert landed(memory, use_case).snapshot == first.snapshot
    shop.run("delete from orders where id = 3")
    assert frame_of(landed(memory, use_case))["id"].tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_renamed_columns_and_joins_of_fetched_sources(shop: Shop, memory: Store) -> None:
    shop.run("create table weather (place text, hour text, temp int)")
    shop.insert([("n", moment(2), 20), ("n", moment(5), None)], table="weather")
    (shop.folder / "data.csv").write_text(
        "place,at,y\nn,2024-01-01T03:00:00Z,1\nn,2024-01-01T07:00:00Z,0\nn,2024-01-03,0\ns,2024-01-01T03:00:00Z,0\n"
    )
    text = """
sources:
  rows: {url: data.csv}
  weather:
    sql: {url: "sqlite:///shop.db", table: weather}
    rename: {temp: degrees}
    join: {on: place, as_of: hour, tolerance: 4h}
time: at
"""
    use_case = case(shop.folder, text)
    collected = collect(memory, use_case)
    frame = collected.snapshot.read(memory)
    assert frame["degrees"].fillna(-1).tolist() == [20, -1, -1, -1]
    side = collected.sources[1]
    assert (side.rows, side.files, side.unmatched, side.too_old) == (2, 0, 2, 1)
    assert side.notes[0] == "2 rows fetched"
    (piece,) = batches(use_case, str(shop.folder / "data.csv"), 10, landed=land(memory, use_case))
    assert piece["degrees"].fillna(-1).tolist() == [20, -1, -1, -1]


def test_it_is_the_same_on_every_kind_of_storage(tmp_path: Path, store: Store) -> None:
    shop = Shop(tmp_path / "shop")
    shop.insert([(number, moment(number), 1.0) for number in range(5)])
    use_case = shop.use_case("{column: at, overlap: 2h}")
    landed(store, use_case)
    shop.insert([(5, moment(5), 1.0), (6, moment(3.5), 1.0)])
    assert sorted(frame_of(landed(store, use_case))["id"]) == list(range(7))
    assert landed(store, use_case).notes == ("4 rows fetched, 4 of them there already",)


def test_a_record_that_was_damaged_is_named(shop: Shop, memory: Store) -> None:
    use_case = shop.use_case()
    landed(memory, use_case)
    (key,) = memory.list("small/landed")
    memory.write_json(key, {"format": 1})
    with pytest.raises(UserError, match=r"00000001\.json is damaged: restore it, or remove .*/landed/rows/"):
        landed(memory, use_case)
    memory.write_json(key, {"format": 2})
    with pytest.raises(UserError, match="has format 2; this Tidemill reads up to 1: upgrade Tidemill"):
        landed(memory, use_case)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{url: data.csv, incremental: {column: at}}", r"incremental: files are read whole: it is for `sql`"),
        (
            "{sql: {url: 'sqlite:///a.db', table: t}, encoding: latin-1}",
            r"encoding: it is for files, and the source has",
        ),
    ],
)
def test_what_a_kind_of_source_does_not_have_is_refused(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        case(tmp_path, f"sources: {{rows: {source}}}\ntime: at\n")
