"""What Quarantine holds now: what the stages of the newest training refused."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tidemill.errors import UserError
from tidemill.results import Cleaned, Collected, Labelled, Record, Validation
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["Held", "Holding", "holding"]

_READERS = 16
_KINDS: dict[str, type[Record]] = {"collect": Collected, "clean": Cleaned, "label": Labelled, "validate": Validation}


@dataclass(frozen=True)
class Held:
    """The rows that one stage refused. ``snapshot`` holds them with `_rule` and `_reason`."""

    stage: str
    snapshot: Snapshot
    when: datetime


@dataclass(frozen=True)
class Holding:
    """The newest training's stages: what each refused, and what collecting and labelling gave."""

    held: tuple[Held, ...]
    collected: Collected
    labelled: Labelled | None
    when: datetime


@dataclass(frozen=True)
class _Memo:
    """What the lake remembers of one run of a stage."""

    stage: str
    inputs: Mapping[str, Any]
    result: Any
    when: datetime


def holding(store: Store, use_case: str) -> Holding:
    """Follow the newest training through its stages, from the lake's memory of them.

    Monitoring and scoring clean rows too; theirs are not looked at. Raises UserError when nothing was collected yet.
    """
    labelled = _newest(store, use_case, "label")
    cleaned = _newest(store, use_case, "clean", labelled.inputs.get("clean") if labelled else None)
    collected = _newest(store, use_case, "collect", cleaned.inputs.get("raw") if cleaned else None)
    if collected is None:
        raise UserError(f"nothing was collected for `{use_case}` yet: run `tidemill train {use_case}`")
    validated = None
    if labelled is not None:
        rows = labelled.result.snapshot.id
        validated = _newest(store, use_case, "validate", where=lambda memo: memo.inputs.get("rows") == rows)
    chain = [memo for memo in (collected, cleaned, labelled, validated) if memo is not None]
    held = tuple(
        Held(memo.stage, memo.result.quarantine, memo.when) for memo in chain if memo.result.quarantine is not None
    )
    return Holding(held, collected.result, labelled.result if labelled else None, max(memo.when for memo in chain))


def _newest(store: Store, use_case: str, stage: str, snapshot: str | None = None, where: Any = None) -> _Memo | None:
    """The newest memory of a stage, of those that gave ``snapshot`` if one is named."""
    keys = store.list(f"{use_case}/stages/{stage}")
    if not keys:
        return None
    with ThreadPoolExecutor(_READERS) as pool:
        memos = [memo for memo in pool.map(lambda key: _memo(store, stage, key), keys) if memo is not None]
    if snapshot is not None:
        memos = [memo for memo in memos if memo.result.snapshot.id == snapshot]
    if where is not None:
        memos = [memo for memo in memos if where(memo)]
    return max(memos, key=lambda memo: memo.when, default=None)


def _memo(store: Store, stage: str, key: str) -> _Memo | None:
    """One memory, or None for one that this Tidemill did not write."""
    try:
        said = store.read_json(key)
        result = _KINDS[stage].model_validate(said["result"])
        return _Memo(stage, said["inputs"], result, datetime.fromisoformat(said["created"]))
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
