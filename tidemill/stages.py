"""Work that is done once: the lake remembers what each stage made of which inputs.

A stage's key is a hash of its name, its code's ``version``, and its inputs (references and the
use case's sections that it reads). Where the lake already holds a result under that key, nothing
is computed, in whatever process, worker or flow run the question is asked. That is how a second
run does no work twice, and how a killed run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from tidemill.errors import UserError
from tidemill.progress import StageFinished, StageStarted, emit
from tidemill.store import Json, Store

__all__ = ["Outcome", "once", "stage_key"]

STAGE_FORMAT = 1
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """A stage's result, whether it was reused, and what it took when it was made (seconds)."""

    result: T
    reused: bool
    seconds: float


def stage_key(stage: str, version: int, inputs: Mapping[str, Json]) -> str:
    """The first 32 hex digits of the sha256 of everything that the stage's result depends on."""
    said = {"stage": stage, "version": version, "format": STAGE_FORMAT, "inputs": dict(inputs)}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def once(
    store: Store,
    use_case: str,
    stage: str,
    kind: type[T],
    compute: Callable[[], T],
    *,
    version: int,
    inputs: Mapping[str, Json] | Callable[[], Mapping[str, Json]],
    summary: Callable[[T], str],
) -> Outcome[T]:
    """The remembered result of ``stage`` for these inputs, or ``compute()``'s, remembered for next time.

    ``inputs`` (or what they give, when they take work to find) may hold pydantic models, strings, numbers,
    None and containers of them. The result
    is stored after ``compute`` returned, so whatever it refers to is whole.
    """
    emit(StageStarted(stage))
    started = time.perf_counter()
    inputs = inputs() if callable(inputs) else inputs
    key = f"{use_case}/stages/{stage}/{stage_key(stage, version, inputs)}.json"
    outcome = _remembered(store, key, kind)
    if outcome is None:
        result = compute()
        outcome = Outcome(result, False, time.perf_counter() - started)
        store.write_json(
            key,
            {
                "format": STAGE_FORMAT,
                "stage": stage,
                "inputs": json.loads(json.dumps(dict(inputs), default=_plain)),
                "result": result.model_dump(mode="json"),
                "seconds": round(outcome.seconds, 3),
                "created": datetime.now(UTC).isoformat(),
            },
        )
    emit(StageFinished(stage, outcome.seconds, outcome.reused, summary(outcome.result)))
    return outcome


def _remembered(store: Store, key: str, kind: type[T]) -> Outcome[T] | None:
    """What the lake holds under ``key``; None when there is nothing, or not what this code would have made."""
    try:
        said = store.read_json(key)
    except KeyError:
        return None
    stored = said.get("format") if isinstance(said, dict) else None
    if isinstance(stored, int) and stored > STAGE_FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {stored}; this Tidemill reads up to {STAGE_FORMAT}: upgrade Tidemill"
        )
    try:
        return Outcome(kind.model_validate(said["result"]), True, float(said["seconds"]))
    except (KeyError, TypeError, ValueError):
        return None


def _plain(value: object) -> Json:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be part of a stage's key")
