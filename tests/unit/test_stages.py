"""Stages: done once, whoever asks; the key is what the result depends on."""

from __future__ import annotations

import logging

import pytest
from pydantic import BaseModel

from tidemill.errors import UserError
from tidemill.progress import StageFinished, StageStarted
from tidemill.stages import Outcome, once, stage_key
from tidemill.store import Store


class Made(BaseModel):
    rows: int


def run(store: Store, rows: int = 3, *, version: int = 1, source: str = "a") -> Outcome[Made]:
    return once(
        store,
        "toy",
        "collect",
        Made,
        lambda: Made(rows=rows),
        version=version,
        inputs={"source": source},
        summary=lambda made: f"{made.rows} rows",
    )


def test_a_stage_is_computed_once(store: Store) -> None:
    first, second = run(store, 3), run(store, 4)
    assert (first.result.rows, first.reused) == (3, False)
    assert (second.result.rows, second.reused) == (3, True)
    assert run(store, 5, source="b").result.rows == 5
    assert run(store, 6, version=2).result.rows == 6


def test_a_stage_that_fails_is_not_remembered(memory: Store) -> None:
    def fail() -> Made:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(memory, "toy", "collect", Made, fail, version=1, inputs={"source": "a"}, summary=str)
    assert not run(memory).reused


def test_whoever_watches_is_told(memory: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="tidemill.progress"):
        run(memory)
        run(memory)
    events = [record.event for record in caplog.records if hasattr(record, "event")]
    assert [type(event) for event in events] == [StageStarted, StageFinished] * 2
    assert [event.reused for event in events if isinstance(event, StageFinished)] == [False, True]


def test_the_key_does_not_hang_on_order() -> None:
    assert stage_key("s", 1, {"a": 1, "b": [1, 2]}) == stage_key("s", 1, {"b": [1, 2], "a": 1})
    assert stage_key("s", 1, {"a": 1}) != stage_key("s", 1, {"a": 2})
    assert stage_key("s", 1, {"a": Made(rows=1)}) == stage_key("s", 1, {"a": {"rows": 1}})
    with pytest.raises(TypeError, match="object can't be part of a stage's key"):
        stage_key("s", 1, {"a": object()})


def test_a_record_that_does_not_fit_is_computed_again(memory: Store) -> None:
    run(memory, 3)
    (key,) = memory.list("toy/stages")
    memory.write_json(key, {**memory.read_json(key), "result": {"lines": 3}})
    assert run(memory, 4).result.rows == 4
    assert run(memory, 5).result.rows == 4
    memory.write_json(key, {**memory.read_json(key), "format": 99})
    with pytest.raises(UserError, match="has format 99"):
        run(memory)
