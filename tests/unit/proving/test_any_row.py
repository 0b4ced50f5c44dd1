"""Any row, however it is spelt, is answered alike by frame, by every kind of file and by the service's own reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.champions import House
from tidemill.learning.model import Model
from tidemill.learning.rows import RowPredictor
from tidemill.proving.comparing import Answers, compare
from tidemill.proving.probes import Column, Part, Probes
from tidemill.proving.spelling import as_frame, as_json
from tidemill.proving.ways import Proven, by_batch, by_python

texts = st.one_of(
    st.sampled_from(["north", " south ", "", "mars", "NA", "north\n", "s1", "7", "007", "1.5", "true", "shop, “new”"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)
numbers = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.just(0))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": numbers, "category": texts, "boolean": st.booleans(), "time": moments,
}  # fmt: skip


def columns_of(house: House) -> tuple[Column, ...]:
    model = Model.load(house.store, house.versions[0].model)
    return tuple(Column(one.name, one.kind) for one in model.columns)


@pytest.mark.parametrize("task", ["binary", "regression"])
@given(data=st.data())
@settings(max_examples=12)
def test_python_batch_and_rest_answer_alike(houses: dict[str, House], task: str, data: st.DataObject) -> None:
    house = houses[task]
    columns = columns_of(house)
    row = st.tuples(*(st.one_of(st.none(), VALUES[column.kind]) for column in columns))
    rows: Sequence[Any] = data.draw(st.lists(row, min_size=1, max_size=8))
    part = Part(columns, tuple(rows), ("",) * len(rows))
    assert_alike(house, part)


def assert_alike(house: House, part: Part) -> None:
    model = Model.load(house.store, house.versions[0].model)
    expected = model.predict(as_frame(part))
    proven, probes = Proven(house.versions[0].model), Probes((part,))
    served = pd.DataFrame(RowPredictor(model).predict(as_json(part)))
    alone = pd.DataFrame([RowPredictor(model).predict([row])[0] for row in as_json(part)])
    ways = [by_python(house.store, proven, probes), *by_batch(house.store, house.use_case, proven, probes)]
    for answers in (*ways, Answers("many rows", served, {}), Answers("one row", alone, {})):
        _, apart = compare(expected, answers, model.classes, model.threshold)
        assert apart == [], [vars(one) for one in apart]


def test_the_ways_have_files_of_their_own(house: House, tmp_path: Path) -> None:
    columns = columns_of(house)
    part = Part(columns, (tuple(None for _ in columns),), ("nothing known",))
    names = [one.way for one in by_batch(house.store, house.use_case, Proven(house.versions[0].model), Probes((part,)))]
    assert names == ["batch scoring of Parquet", "batch scoring of JSON lines", "batch scoring of CSV"]
