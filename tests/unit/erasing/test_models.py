"""A stored Model that knows a person as a level forgets the name, keeps its id, and answers everybody else as before."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tidemill.erasing.models import redact_models
from tidemill.erasing.objects import rewrite_texts
from tidemill.erasing.texts import Names
from tidemill.errors import UserError
from tidemill.learning.model import Model
from tidemill.results import ModelReference
from tidemill.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "learning"
SAID = json.loads((GOLDEN / "golden.json").read_text())
MODEL = ModelReference.model_validate(SAID["model"])
NAMES = Names(frozenset({"shop"}), {"s17": "(erased 1)"}, fold=False)


@pytest.fixture
def lake(memory: Store) -> Store:
    stored = Store(str(GOLDEN / "lake"))
    for key in stored.list("toy/models"):
        memory.write_bytes(key, stored.read_bytes(key))
    return memory


def test_a_level_goes_out_and_others_are_answered_as_before(lake: Store) -> None:
    rows = pd.DataFrame(SAID["rows"])
    before = Model.load(lake, MODEL).predict(rows)
    assert redact_models(lake, "toy", NAMES, "e1", keep=True) == {MODEL.id: 2}
    assert redact_models(lake, "toy", NAMES, "e1", keep=False) == {MODEL.id: 2}
    assert not any(b'"s17"' in lake.read_bytes(key) for key in lake.list())
    model = Model.load(lake, MODEL)
    others = (rows["shop"] != "s17").to_numpy()
    pd.testing.assert_frame_equal(model.predict(rows)[others], before[others])
    assert redact_models(lake, "toy", NAMES, "e2", keep=False) == {}


def test_a_second_person_goes_out_of_the_same_model(lake: Store) -> None:
    for number, who in enumerate(("s17", "s18")):
        redact_models(lake, "toy", Names(frozenset({"shop"}), {who: f"(erased {number})"}, fold=False), who, keep=False)
    assert len(lake.read_json(f"{MODEL.prefix}/redacted.json")["ids"]) == 2
    Model.load(lake, MODEL)


@pytest.mark.parametrize("write", [1, 2])
def test_it_can_be_loaded_at_every_moment(lake: Store, write: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, writes = Store.write_json, []

    def dies(store: Store, key: str, value: object) -> None:
        writes.append(key)
        if len(writes) >= write:
            raise KeyboardInterrupt
        real(store, key, value)

    monkeypatch.setattr(Store, "write_json", dies)
    with pytest.raises(KeyboardInterrupt):
        redact_models(lake, "toy", NAMES, "e1", keep=False)
    Model.load(lake, MODEL)


def test_any_other_change_is_still_refused(lake: Store) -> None:
    redact_models(lake, "toy", NAMES, "e1", keep=False)
    said = lake.read_json(f"{MODEL.prefix}/model.json")
    lake.write_json(f"{MODEL.prefix}/model.json", {**said, "threshold": 0.1})
    with pytest.raises(UserError, match="was changed after it was written"):
        Model.load(lake, MODEL)


def test_levels_that_are_read_by_the_targets_mean_go_out_with_what_they_mean() -> None:
    said = {"encodings": {"shop": {"levels": ["a", "s17"], "values": [[0.1, 0.9]], "prior": [0.5], "classes": []}}}
    assert NAMES.in_json(said) == 1
    assert NAMES.out_of_json(said)["encodings"]["shop"] == {
        "levels": ["a"],
        "values": [[0.1]],
        "prior": [0.5],
        "classes": [],
    }
    numbers = {"encodings": {"shop": {"levels": [4.0, 17.0], "values": [[0.1, 0.9]], "prior": [0.5], "classes": []}}}
    seventeen = Names(frozenset({"shop"}), {"17": "(erased 1)"}, fold=False)
    assert seventeen.in_json(numbers) == 1
    assert seventeen.out_of_json(numbers)["encodings"]["shop"]["levels"] == [4.0]


def test_other_columns_and_chance_are_let_alone() -> None:
    said = {"column": "region", "value": "s17", "rows": 17, "name": "S17"}
    assert NAMES.in_json(said) == 0
    assert NAMES.out_of_json(said) == said
    assert NAMES.in_text("M 10 20 s17 4") == 0, "too short to mean anybody"
    long = Names(frozenset({"shop"}), {"c-004711": "(erased 1)"}, fold=False)
    assert long.out_of_text("<b>c-004711</b> c-0047112 xc-004711") == "<b>(erased 1)</b> c-0047112 xc-004711"


def test_data_docs_show_a_mark_where_they_showed_the_value(memory: Store) -> None:
    result = {
        "expectation_config": {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "shop"}},
        "result": {"element_count": 17, "partial_unexpected_list": [17, 18], "missing_count": 0},
    }
    memory.write_json("toy/data_docs/a/validation.json", {"results": [result]})
    memory.write_bytes("toy/data_docs/a/index.html", b"<style>a{left:17px}</style><td id=17>17</td><td>117</td>")
    memory.write_json("toy/data_docs/b/validation.json", {"results": [{"column": "age", "value": 17}]})
    memory.write_bytes("toy/data_docs/b/index.html", b"<td>17</td>")
    names = Names(frozenset({"shop"}), {"17": "(erased 1)"}, fold=False)
    assert rewrite_texts(memory, "toy", names, keep=False) == [
        "toy/data_docs/a/index.html",
        "toy/data_docs/a/validation.json",
    ]
    (said,) = memory.read_json("toy/data_docs/a/validation.json")["results"]
    assert said["result"] == {"element_count": 17, "partial_unexpected_list": ["(erased 1)", 18], "missing_count": 0}
    page = memory.read_bytes("toy/data_docs/a/index.html").decode()
    assert page == "<style>a{left:17px}</style><td id=17>(erased 1)</td><td>117</td>"
    assert rewrite_texts(memory, "toy", names, keep=False) == []
