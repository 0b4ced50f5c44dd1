"""A version that was really tuned, trained and judged, with the lineage of a whole run: what reports are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tests.lineage import made_up_lineage
from tests.unit.learning.world import Task, World, make_world
from tidemill.evaluation import evaluate
from tidemill.gate import decide
from tidemill.registry import ModelVersion, Registry
from tidemill.results import (
    ClassCount,
    Cleaned,
    Collected,
    Decision,
    ExpectationResult,
    Labelled,
    Leak,
    Lineage,
    ModelReference,
    RowBalance,
    SourceRead,
    Split,
    Study,
    Validation,
)
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["HOSTILE", "Judged", "hostile", "judged", "make_judged", "train_world", "validated"]

HOSTILE = {"noise": "<script>alert(1)</script>", "region": "x" * 120, "age": 'say "$hi$" & `bye`'}
SECONDS = {"collect": 3.2, "clean": 1.1, "label": 0.6, "validate": 2.0, "split": 0.4, "tune": 61.0, "train": 9.5}


@dataclass(frozen=True)
class Judged:
    """One version in a lake, what the gate decided, and how long its stages took."""

    store: Store
    use_case: UseCase
    version: ModelVersion
    decision: Decision
    seconds: dict[str, float]
    world: World


@cache
def judged(task: Task) -> Judged:
    """One a task, made once for all tests, which only read from it."""
    return make_judged(Store(f"memory://judged-{task}"), task, title="Who buys?")


@cache
def hostile() -> Judged:
    """One whose title, owner and column names mean harm, or are far too long."""
    title = f"Who buys? <img src=x onerror=alert(2)> {'Schifffahrtsgesellschaft' * 4}"
    store = Store("memory://judged-hostile")
    return make_judged(store, title=title, owner="<script>alert(3)</script>", rename=HOSTILE, trials=1)


def validated(world: World) -> Validation:
    """A validation that found nothing."""
    snapshot = world.labelled.snapshot
    return Validation(
        subject=snapshot.id,
        passed=True,
        reasons=(),
        results=(),
        leaks=(),
        excluded={},
        snapshot=snapshot,
        quarantine=None,
    )


def train_world(world: World, trials: int = 4) -> tuple[Study, ModelReference]:
    """Tune and train on the world's training rows."""
    from tidemill.learning.training import train

    study = world.tune(trials=trials)
    model = train(world.store, world.use_case, world.labelled, world.split, study, {"note": "free text"})
    return study, model


def make_judged(
    store: Store,
    task: Task = "binary",
    *,
    rename: Mapping[str, str] | None = None,
    trials: int = 4,
    **sections: object,
) -> Judged:
    """``rename`` gives columns of the little world other names; ``sections`` go into its use case."""
    world = make_world(store, task, evaluate={"resamples": 100}, **sections)
    if rename:
        world = _renamed(world, rename)
    labelled = _counted(world)
    validation = _validation(world)
    study, model = train_world(world, trials)
    evaluation = evaluate(store, world.use_case, labelled, validation, world.split, model, None)
    rows = labelled.snapshot.rows
    collected = made_up_lineage().collected.snapshot.model_copy(update={"rows": rows + 60})
    lineage = Lineage(
        collected=Collected(
            snapshot=collected,
            sources=(
                SourceRead(name="rows", url="rows-*.csv", files=12, rows=rows + 60),
                SourceRead(name="weather", url="s3://bucket/weather/", files=3, rows=8_760, unmatched=17),
            ),
        ),
        cleaned=Cleaned(
            snapshot=labelled.snapshot, quarantine=None, deduplicated=20, refused={"`age` is beyond 0 to 120": 25}
        ),
        labelled=labelled,
        validation=validation,
        split=world.split,
        study=study,
        model=model,
        evaluation=evaluation,
        usecase=world.use_case.model_dump_json(by_alias=True),
        code="0.1.0 (0123456789ab)",
    )
    balance = RowBalance(collected=rows + 60, deduplicated=20, quarantined=30, waiting=10, used=rows)
    version = Registry(store, "toy").register(lineage, balance, dict(validation.excluded))
    action, sentence = decide(world.use_case, evaluation, None)
    decision = Decision(
        version=version.version, promoted=action == "promote", action=action, sentence=sentence, entry="00000002"
    )
    return Judged(store, world.use_case, version, decision, SECONDS, world)


def _counted(world: World) -> Labelled:
    """The world's labelled rows with the true counts of the classes."""
    codes = world.labelled.snapshot.read(world.store, ["bought"])["bought"]
    classes = tuple(
        ClassCount(label=one.label, rows=int((codes == code).sum())) for code, one in enumerate(world.labelled.classes)
    )
    return world.labelled.model_copy(
        update={"classes": classes, "refused": {"the target has no value": 3}, "waiting": 10}
    )


def _validation(world: World) -> Validation:
    results = (
        ExpectationResult(
            expectation="values are between 18 and 100",
            column="age",
            severity="critical",
            passed=True,
            observed="all are",
            note="Nobody younger may buy.",
        ),
        ExpectationResult(
            expectation="values match ^s[0-9]+$",
            column="shop",
            severity="warning",
            passed=False,
            observed="12 are not (1.3 %)",
            refused_rows=2,
            note="<b>Shops</b> have a number.",
        ),
    )
    leaks = (
        Leak(column="copy", evidence="the same as `age` in every row"),
        Leak(column="since", evidence="AUC 0.93 alone", allowed=True),
    )
    return validated(world).model_copy(
        update={
            "results": results,
            "leaks": leaks,
            "excluded": {"note": "free text", "copy": "leak: the same as `age` in every row"},
            "data_docs": "toy/data_docs/0123456789abcdef/index.html",
        }
    )


def _renamed(world: World, names: Mapping[str, str]) -> World:
    """The same world, some columns called otherwise."""
    store = world.store

    def again(kind: str) -> dict[str, object]:
        frame = getattr(world.split, kind).read(store) if kind != "labelled" else world.labelled.snapshot.read(store)
        return {
            "snapshot" if kind == "labelled" else kind: write_snapshot(store, "toy", kind, frame.rename(columns=names))
        }

    derive = {"per_year": f"amount / `{names['age']}`"} if "age" in names and "`" not in names["age"] else {}
    return World(
        store,
        world.use_case.model_copy(update={"derive": derive}),
        world.labelled.model_copy(update=again("labelled")),
        Split.model_validate({**world.split.model_dump(), **again("train"), **again("gate")}),
        world.gate.rename(columns=names),
    )
