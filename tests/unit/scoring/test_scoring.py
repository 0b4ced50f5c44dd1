"""Batch scoring and `tidemill.load`: the contract's columns, the same rows, the same answers everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tidemill
from tests.champions import COLUMNS, House
from tests.service import service
from tidemill.errors import UserError
from tidemill.scoring import Scored, score

TASKS = ("binary", "multiclass", "regression")


def scored(house: House, frame: pd.DataFrame, folder: Path, name: str = "in.parquet") -> tuple[Scored, pd.DataFrame]:
    source, output = folder / name, folder / "out.parquet"
    if name.endswith(".parquet"):
        frame.to_parquet(source)
    elif name.endswith(".csv"):
        frame.to_csv(source, index=False)
    else:
        frame.to_json(source, orient="records", lines=True, date_format="iso")
    done = score(house.store, house.use_case, house.versions[0], str(source), str(output))
    return done, pd.read_parquet(output)


@pytest.mark.parametrize("task", TASKS)
def test_the_output_has_the_columns_of_the_contract_and_every_row_in_order(
    houses: dict[str, House], task: str, tmp_path: Path
) -> None:
    house = houses[task]
    frame = house.rows(250).sample(frac=1, random_state=1)
    done, output = scored(house, frame, tmp_path)
    answers = {
        "binary": ["probability_no", "probability_yes"],
        "multiclass": ["probability_a", "probability_b", "probability_c"],
        "regression": ["lower", "upper"],
    }[task]
    assert list(output.columns) == ["row", "prediction", *answers, "model_version"]
    assert output["row"].tolist() == frame["row"].tolist()
    assert (done.rows, done.version) == (250, house.versions[0].version)
    assert set(output["model_version"]) == {done.version}
    if task == "regression":
        assert (output["lower"] <= output["prediction"]).all()
        assert (output["prediction"] <= output["upper"]).all()
    else:
        np.testing.assert_allclose(output[answers].sum(axis=1), 1.0)


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl"])
def test_another_format_gives_the_same_answers(house: House, tmp_path: Path, name: str) -> None:
    _, parquet = scored(house, house.rows(), tmp_path)
    _, other = scored(house, house.rows(), tmp_path, name)
    pd.testing.assert_frame_equal(parquet, other)


def test_scoring_again_gives_the_same_bytes(house: House, tmp_path: Path) -> None:
    scored(house, house.rows(), tmp_path)
    before = (tmp_path / "out.parquet").read_bytes()
    scored(house, house.rows(), tmp_path)
    assert (tmp_path / "out.parquet").read_bytes() == before


def test_rows_go_by_in_parts(house: House, tmp_path: Path) -> None:
    scored(house, house.rows(250), tmp_path)
    file = pq.ParquetFile(tmp_path / "out.parquet")
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [100, 100, 50]


def test_an_input_without_the_id_is_answered_without_it(house: House, tmp_path: Path) -> None:
    _, output = scored(house, house.rows(10).drop(columns="row"), tmp_path)
    assert list(output.columns) == ["prediction", "probability_no", "probability_yes", "model_version"]


def test_the_answers_can_go_into_the_lake(house: House, tmp_path: Path) -> None:
    house.rows(20).to_parquet(tmp_path / "in.parquet")
    output = house.store.url_of("toy/predictions/new.parquet")
    assert score(house.store, house.use_case, house.versions[0], str(tmp_path / "in.parquet"), output).rows == 20
    assert house.store.exists("toy/predictions/new.parquet")


def test_a_bad_value_is_named_by_its_row_in_the_whole_input_and_nothing_is_written(
    house: House, tmp_path: Path
) -> None:
    frame = house.rows(250).astype({"age": object})
    frame.loc[frame.index[170], "age"] = "old"
    with pytest.raises(UserError, match=r"in\.csv: row 170 .*'old' in column `age`") as caught:
        scored(house, frame, tmp_path, "in.csv")
    assert (caught.value.row, caught.value.column) == (170, "age")
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_a_missing_column_is_named_and_nothing_is_written(house: House, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"in\.parquet.*no column `region`.*did you mean `Region`"):
        scored(house, house.rows().rename(columns={"region": "Region"}), tmp_path)
    assert not (tmp_path / "out.parquet").exists()


def test_an_id_that_is_called_like_an_answer_is_refused(house: House, tmp_path: Path) -> None:
    use_case = house.use_case.model_copy(update={"id": ("prediction",)})
    house.rows(5).rename(columns={"row": "prediction"}).to_parquet(tmp_path / "in.parquet")
    with pytest.raises(UserError, match="id column `prediction`"):
        score(house.store, use_case, house.versions[0], str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"))


def test_loading_from_python(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMILL_PROJECT", str(house.project))
    monkeypatch.delenv("TIDEMILL_LAKE", raising=False)
    model = tidemill.load("toy")
    assert model.version == house.versions[0].version
    assert set(model.columns) == set(COLUMNS)
    assert len(model.predict(house.rows(7))) == 7
    again = tidemill.load("toy", lake=house.store.url, version="latest")
    pd.testing.assert_frame_equal(model.predict(house.rows(7)), again.predict(house.rows(7)))


def test_loading_what_is_not_there(house: House) -> None:
    with pytest.raises(UserError, match="no version `20200101-nope`"):
        tidemill.load("toy", lake=house.store.url, version="20200101-nope")
    with pytest.raises(UserError, match="no champion"):
        tidemill.load("tuy", lake=house.store.url)


values: dict[str, st.SearchStrategy[Any]] = {
    "age": st.one_of(st.none(), st.integers(-5, 120), st.floats(0, 100, width=32)),
    "amount": st.one_of(st.none(), st.floats(-1e3, 1e6), st.just(0)),
    "region": st.one_of(st.none(), st.sampled_from(["north", " south ", "", "mars", "NA", "north\n"])),
    "shop": st.one_of(st.none(), st.sampled_from(["s1", "s2", "S1", "shop, “new”"])),
    "member": st.one_of(st.none(), st.booleans()),
    "since": st.one_of(st.none(), st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2040-01-01"))),
    "noise": st.one_of(st.none(), st.floats(-3, 3)),
    "at": st.one_of(st.none(), st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2040-01-01"))),
}


@pytest.fixture(scope="module")
def services(houses: dict[str, House]) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        yield {task: stack.enter_context(service(one.store.url, ["toy"], one.project)) for task, one in houses.items()}


@pytest.mark.parametrize("task", TASKS)
@given(rows=st.lists(st.fixed_dictionaries(values), min_size=1, max_size=5))
@settings(max_examples=15)
def test_python_batch_and_rest_give_the_same_answers(
    houses: dict[str, House],
    services: dict[str, httpx.Client],
    tmp_path_factory: pytest.TempPathFactory,
    task: str,
    rows: list[dict[str, Any]],
) -> None:
    """Whatever is missing, unseen, whole or broken numbers: to 1e-6, and in fact to the last bit."""
    house = houses[task]
    frame = typed(rows)
    python = tidemill.load("toy", lake=house.store.url).predict(frame)
    _, batch = scored(house, frame, tmp_path_factory.mktemp("same"))
    answer = services[task].post("/v1/models/toy/predict", content=json.dumps({"rows": list(map(as_json, rows))}))
    assert answer.status_code == 200, answer.text
    rest = pd.DataFrame(answer.json()["predictions"])
    for other in (batch.drop(columns="model_version"), rest):
        assert other["prediction"].tolist() == pytest.approx(python["prediction"].tolist(), abs=1e-6)
        for name in python.columns[1:]:
            np.testing.assert_allclose(other[name].to_numpy(float), python[name].to_numpy(float), rtol=0, atol=1e-6)


def typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A frame as a Parquet file would give it: one dtype a column, whatever is missing."""
    frame = pd.DataFrame(rows)
    for name in ("age", "amount", "noise"):
        frame[name] = frame[name].astype("float64")
    for name in ("region", "shop"):
        frame[name] = frame[name].astype("str")
    frame["member"] = frame["member"].astype("boolean")
    for name in ("since", "at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer() and math.isfinite(value):
            return int(value)  # a client in another language writes 3 for 3.0
        return value.isoformat() if hasattr(value, "isoformat") else value

    return {name: plain(value) for name, value in row.items()}


@pytest.mark.parametrize("task", TASKS)
def test_reasons_are_the_same_at_every_door(houses: dict[str, House], task: str, tmp_path: Path) -> None:
    house = houses[task]
    frame = house.rows(120)
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame.to_parquet(source)
    score(house.store, house.use_case, house.versions[0], str(source), str(output), explain=2)
    batch = pd.read_parquet(output)
    assert list(batch.columns)[-7:] == [
        "because_1", "because_1_adds", "because_2", "because_2_adds", "because_rest", "because_base", "model_version",
    ]  # fmt: skip
    python = tidemill.load("toy", house.store.url).explain(frame)
    rows = json.loads(frame.to_json(orient="records", date_format="iso"))
    with service(house.store.url, ["toy"], house.project) as client:
        said = client.post("/v1/models/toy/predict", json={"rows": rows, "explain": True}).json()
        short = client.post("/v1/models/toy/predict", json={"rows": rows[:1], "explain": 2}).json()["explanations"][0]
    assert len(said["explanations"]) == len(said["predictions"]) == 120
    for place, (one, told) in enumerate(zip(said["explanations"], batch.to_dict("records"), strict=True)):
        theirs = python.contributions.iloc[place]
        assert one["contributions"] == pytest.approx(theirs.to_dict(), abs=1e-6)
        assert one["base"] == pytest.approx(python.base[place], abs=1e-6)
        assert one["rest"] == pytest.approx(0.0, abs=1e-6)
        assert told["because_1"] == next(iter(one["contributions"]))
        assert told["because_1_adds"] == pytest.approx(theirs[told["because_1"]], abs=1e-6)
        whole = told["because_1_adds"] + told["because_2_adds"] + told["because_rest"] + told["because_base"]
        assert whole == pytest.approx(python.score[place], abs=1e-6)
    assert list(short["contributions"]) == [batch["because_1"][0], batch["because_2"][0]]
    assert short["rest"] == pytest.approx(batch["because_rest"][0], abs=1e-6)


def test_more_reasons_than_columns_are_left_empty(houses: dict[str, House], tmp_path: Path) -> None:
    house = houses["binary"]
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    house.rows(3).to_parquet(source)
    score(house.store, house.use_case, house.versions[0], str(source), str(output), explain=40)
    answers = pd.read_parquet(output)
    assert answers["because_40"].isna().all()
    assert answers["because_40_adds"].isna().all()
    assert answers["because_1"].notna().all()
