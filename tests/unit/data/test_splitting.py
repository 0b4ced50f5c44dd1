from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case, labelled_of
from tidemill.errors import UserError
from tidemill.results import Split
from tidemill.splitting import split
from tidemill.store import Store


def frame_of(rows: int, **columns: object) -> pd.DataFrame:
    at = pd.date_range("2020-01-01", periods=rows, freq="D", tz="UTC").as_unit("us")
    return pd.DataFrame({"id": range(rows), "at": at, "y": np.arange(rows) % 2, **columns})


def divided(
    store: Store, folder: Path, frame: pd.DataFrame, text: str, *, until: datetime | None = None, task: str = "binary"
) -> tuple[Split, pd.DataFrame, pd.DataFrame]:
    labelled = labelled_of(store, frame, task)
    result = split(store, case(folder, text), labelled, labelled.snapshot, until=until)
    return result, result.train.read(store), result.gate.read(store)


def day(number: int) -> datetime:
    return (pd.Timestamp("2020-01-01", tz="UTC") + pd.Timedelta(days=number)).to_pydatetime()


def test_dates_divide_and_later_rows_stay_unseen(tmp_path: Path, memory: Store) -> None:
    text = "time: at\nsplit: {train_until: 2020-04-10, gate_until: 2020-06-09}\n"
    result, train, gate = divided(memory, tmp_path, frame_of(200).sample(frac=1, random_state=1), text)
    assert (result.by, result.boundary, result.end) == ("time", day(100), day(160))
    assert (len(train), len(gate), result.later) == (100, 60, 40)
    assert train["at"].max() < day(100) <= gate["at"].min()
    assert gate["at"].max() < day(160)


def test_until_moves_the_window_and_keeps_its_length(tmp_path: Path, memory: Store) -> None:
    text = "time: at\nsplit: {train_until: 2020-04-10, gate_until: 2020-06-09}\n"
    result, _, gate = divided(memory, tmp_path, frame_of(200), text, until=day(180))
    assert (result.boundary, result.end, len(gate), result.later) == (day(120), day(180), 60, 20)


def test_without_dates_the_newest_share_is_the_gates(tmp_path: Path, memory: Store) -> None:
    result, train, gate = divided(memory, tmp_path, frame_of(400), "time: at\nsplit: {gate_share: 0.25}\n")
    assert (len(train), len(gate), result.boundary, result.end) == (300, 100, day(300), None)
    shifted, _, gate = divided(memory, tmp_path, frame_of(400), "time: at\nsplit: {gate_share: 0.25}\n", until=day(300))
    assert (shifted.boundary, shifted.end, len(gate), shifted.later) == (day(225), day(300), 75, 100)


def test_rows_of_one_moment_stay_together(tmp_path: Path, memory: Store) -> None:
    frame = frame_of(400)
    frame["at"] = frame["at"].iloc[::10].repeat(10).set_axis(frame.index)
    _, train, gate = divided(memory, tmp_path, frame, "time: at\nsplit: {gate_share: 0.33}\n")
    assert not set(train["at"]) & set(gate["at"])


def test_groups_stay_whole(tmp_path: Path, memory: Store) -> None:
    frame = frame_of(1_000, who=np.arange(1_000) // 7 % 40)
    result, train, gate = divided(memory, tmp_path, frame, "group: who\n")
    assert result.by == "group"
    assert not set(train["who"]) & set(gate["who"])
    assert 200 <= len(gate) <= 240


def test_rows_keep_their_side_when_others_come(tmp_path: Path, memory: Store) -> None:
    frame = frame_of(1_000)
    _, _, before = divided(memory, tmp_path, frame.iloc[:700], "id: id\n")
    _, train, after = divided(memory, tmp_path, frame.sample(frac=1, random_state=3), "id: id\n")
    assert set(before["id"]) == {number for number in after["id"] if number < 700}
    assert not set(before["id"]) & set(train["id"])
    assert 150 < len(after) < 250
    _, _, other = divided(memory, tmp_path, frame, "id: id\nseed: 8\n")
    assert set(other["id"]) != set(after["id"])


@given(st.integers(120, 400), st.floats(0.2, 0.6), st.sampled_from(["time: at\n", "group: id\n", ""]))
def test_every_row_is_on_one_side(tmp_path_factory: pytest.TempPathFactory, rows: int, share: float, how: str) -> None:
    folder = tmp_path_factory.mktemp("split")
    store = Store(f"memory://{folder}")
    text = f"{how}split: {{gate_share: {share}, minimum_rows: 10}}\n"
    result, train, gate = divided(store, folder, frame_of(rows), text, task="regression")
    assert sorted([*train["id"], *gate["id"]]) == list(range(rows))
    assert (result.train.rows, result.gate.rows, result.later) == (len(train), len(gate), 0)


def test_a_number_needs_no_classes_on_either_side(tmp_path: Path, memory: Store) -> None:
    frame = frame_of(300).assign(y=1.0)
    assert divided(memory, tmp_path, frame, "time: at\n", task="regression")[0].gate.rows == 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "time: at\nsplit: {train_until: 2020-01-11}\n",
            "leaves 10 of 200 rows to train on before 2020-01-11 00:00 UTC, and 50",
        ),
        ("time: at\nsplit: {train_until: 2030-01-01}\n", "leaves 0 of 200 rows to judge on from 2030-01-01"),
        ("time: at\nsplit: {gate_until: 2019-01-01}\n", r"no row is before the end .*split\.gate_until"),
        ("split: {gate_share: 0.1}\n", "by random leaves .* rows to judge on, and 50 are needed"),
        ("group: y\nsplit: {gate_share: 0.5}\n", "rows to train on all have the class"),
        ("time: when\n", "time: there is no column `when`"),
    ],
)
def test_splits_that_can_not_work_are_explained(tmp_path: Path, memory: Store, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        divided(memory, tmp_path, frame_of(200), text)


def test_moments_of_a_stored_split_are_utc(tmp_path: Path, memory: Store) -> None:
    result, _, _ = divided(memory, tmp_path, frame_of(400), "time: at\n")
    assert result.boundary is not None
    assert result.boundary.tzinfo is UTC
    assert Split.model_validate_json(result.model_dump_json()) == result
