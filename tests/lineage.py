"""Lineages and versions made up for tests of the registry and of what reads it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from tidemill.learning.stored import id_of
from tidemill.registry import ModelVersion, Registry
from tidemill.results import (
    ClassCount,
    Cleaned,
    Collected,
    Evaluation,
    Interval,
    Labelled,
    Lineage,
    ModelReference,
    RowBalance,
    SourceRead,
    Split,
    Study,
    Validation,
)
from tidemill.snapshot import Snapshot
from tidemill.store import Store

__all__ = ["made_up_balance", "made_up_lineage", "register", "write_model"]

FILES = ("0.ubj", "1.ubj")


def made_up_lineage(seed: int = 0, *, use_case: str = "toy", auc: float = 0.8) -> Lineage:
    """A whole lineage; another ``seed`` is another model, another ``auc`` another evaluation."""

    def snapshot(kind: str, rows: int) -> Snapshot:
        return Snapshot(use_case=use_case, id=_hex(kind, seed), kind=kind, rows=rows)

    raw, labelled = snapshot("raw", 1200), snapshot("labelled", 1185)
    model = ModelReference(use_case=use_case, id=id_of(_description(seed)), features=9)
    metric = Interval(name="auc", value=auc, low=auc - 0.03, high=auc + 0.03)
    return Lineage(
        collected=Collected(snapshot=raw, sources=(SourceRead(name="visits", url="data.csv", files=1, rows=1200),)),
        cleaned=Cleaned(snapshot=snapshot("clean", 1188), quarantine=None, deduplicated=5, refused={}),
        labelled=Labelled(
            snapshot=labelled,
            quarantine=snapshot("quarantine", 3),
            refused={"no label": 3},
            waiting=0,
            task="binary",
            classes=(ClassCount(label="no", rows=600), ClassCount(label="yes", rows=585)),
        ),
        validation=Validation(
            subject=labelled.id,
            passed=True,
            reasons=(),
            results=(),
            leaks=(),
            excluded={"noise_3": "constant"},
            snapshot=labelled,
            quarantine=None,
        ),
        split=Split(
            by="time",
            train=snapshot("train", 710),
            gate=snapshot("gate", 475),
            boundary=datetime(2024, 1, 31, tzinfo=UTC),
            end=datetime(2024, 2, 20, tzinfo=UTC),
        ),
        study=Study(
            use_case=use_case,
            id=_hex("study", seed),
            metric="auc",
            trials=3,
            pruned=0,
            best_trial=1,
            best_value=auc,
            best_parameters={"max_depth": 4, "eta": 0.05},
            members=(1,),
        ),
        model=model,
        evaluation=Evaluation(
            subject=model.id,
            passed=True,
            reasons=("better than every baseline",),
            metric=metric,
            metrics=(metric,),
            baselines=(),
            champion=None,
            rows=475,
            key=f"{use_case}/evaluations/{_hex('evaluation', seed)}.json",
        ),
        usecase="a" * 64,
        code="0.1.0",
    )


def made_up_balance() -> RowBalance:
    """1,200 rows, accounted for."""
    return RowBalance(collected=1200, deduplicated=5, quarantined=10, waiting=0, used=1185)


def register(registry: Registry, seed: int = 0, *, auc: float = 0.8) -> ModelVersion:
    """Register a made-up version in ``registry`` (of the use case `toy`)."""
    lineage = made_up_lineage(seed, auc=auc)
    write_model(registry._store, lineage, seed)
    return registry.register(lineage, made_up_balance(), {"noise_3": "constant"})


def write_model(store: Store, lineage: Lineage, seed: int) -> None:
    """The files of a made-up model, which predicts nothing, and of its evaluation."""
    for file in FILES:
        store.write_bytes(f"{lineage.model.prefix}/{file}", _bytes(seed, file))
    store.write_json(f"{lineage.model.prefix}/model.json", _description(seed))
    store.write_json(lineage.evaluation.key, {"format": 1, "subject": lineage.model.id})


def _description(seed: int) -> dict[str, Any]:
    members = [{"file": file, "sha256": hashlib.sha256(_bytes(seed, file)).hexdigest()} for file in FILES]
    return {"format": 1, "members": members, "ends": None, "forecast": None}


def _bytes(seed: int, file: str) -> bytes:
    return f"trees of {file}, {seed}".encode()


def _hex(*words: object) -> str:
    return hashlib.sha256(repr(words).encode()).hexdigest()[:16]
