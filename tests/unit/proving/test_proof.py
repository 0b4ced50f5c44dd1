"""The proof of parity: every way answers alike, whatever the rows, and one that does not is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.forecasting.rides import make_use_case as make_rides
from tests.unit.forecasting.rides import rides
from tests.unit.forecasting.test_forecast_models import divided, labelled
from tests.unit.learning.test_ranking import shop
from tests.unit.learning.world import make_world
from tidemill.errors import UserError
from tidemill.gate import decide
from tidemill.learning.model import Model
from tidemill.learning.rows import RowPredictor
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.proving import prove
from tidemill.proving.probes import make_probes
from tidemill.proving.spelling import as_json
from tidemill.results import ModelReference, Proof, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase


@dataclass(frozen=True)
class Trained:
    store: Store
    use_case: UseCase
    split: Split
    model: ModelReference

    def proof(self) -> Proof:
        return prove(self.store, self.use_case, self.split, self.model)

    def stored(self, proof: Proof) -> Any:
        return self.store.read_json(proof.key)


def trained(task: Any, url: str | None = None, **sections: object) -> Trained:
    store = Store(url or f"memory://proof-{task}-{len(sections)}")
    world = make_world(store, task, count=500, **sections)
    model = train(store, world.use_case, world.labelled, world.split, world.tune(trials=1), {"note": "free text"})
    return Trained(store, world.use_case, world.split, model)


@pytest.fixture(scope="module")
def binary() -> Trained:
    return trained("binary")


def forecast() -> Trained:
    store, use_case, frame = Store("memory://proof-forecast"), make_rides(), rides(40)
    labels, split = labelled(store, frame), divided(store, frame, 8)
    study = tune(store, use_case, labels, split, {}, budget=60.0, trials=1)
    return Trained(store, use_case, split, train(store, use_case, labels, split, study, {}))


def ranking(folder: Any) -> Trained:
    made = shop(folder).trained()
    return Trained(made.store, made.use_case, made.split, made.model)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "forecast", "ranking"])
def test_every_way_answers_alike_for_real_rows_and_odd_ones(task: str, tmp_path: Any) -> None:
    one = forecast() if task == "forecast" else ranking(tmp_path) if task == "ranking" else trained(task)
    proof = one.proof()
    assert proof.passed, [reason.english for reason in proof.reasons]
    assert proof.ways == ("training code", "reloaded artefact", "batch scoring", "REST service")
    assert proof.largest <= 1e-6
    asked = one.stored(proof)["asked"]
    assert len(asked) == 6
    assert {rows for way, rows in asked.items() if "one row" not in way} == {proof.rows}
    assert proof.rows > 100
    assert one.proof() == proof, "the same code proves the same"


def test_lists_texts_codes_and_declared_forms_of_times_are_answered_alike() -> None:
    store = Store("memory://proof-forms")
    types = {"image": "pixels", "story": "text", "code": "category"}
    clean = {"time_formats": {"since": ["%d/%m/%Y"]}, "case": {"region": "lower"}, "fill": {"amount": 0.0}}
    world = make_world(store, columns={"types": types}, clean=clean)
    random = np.random.default_rng(0)

    def richer(frame: pd.DataFrame) -> pd.DataFrame:
        rows = len(frame)
        words = random.choice(["red", "blue", 'cat, "x"'], (rows, 4))
        return frame.assign(
            image=[json.dumps(one) for one in random.integers(0, 255, (rows, 6)).tolist()],
            story=[" ".join(one) for one in words],
            code=random.choice(["1", "2", "10", "007"], rows),
        )

    train_rows, gate_rows = (richer(part.read(store)) for part in (world.split.train, world.split.gate))
    split = world.split.model_copy(
        update={
            "train": write_snapshot(store, "toy", "train", train_rows),
            "gate": write_snapshot(store, "toy", "gate", gate_rows),
        }
    )
    study = tune(store, world.use_case, world.labelled, split, {}, budget=60.0, trials=1)
    model = train(store, world.use_case, world.labelled, split, study, {"note": "free text"})
    assert {"image", "story", "code", "since"} <= {one.name for one in Model.load(store, model).columns}
    proof = prove(store, world.use_case, split, model)
    assert proof.passed, [reason.english for reason in proof.reasons]


def test_the_rows_hold_what_breaks_serving(binary: Trained) -> None:
    model = Model.load(binary.store, binary.model)
    probes = make_probes(binary.store, binary.split.gate, model, 0)
    whole, derived = probes.parts
    assert "per_year" in {column.name for column in whole.columns} - {column.name for column in derived.columns}
    notes = " ".join(probes.notes)
    for column in model.columns:
        assert f"`{column.name}` missing" in notes
    for odd in ("`region` never seen", "`region` between spaces", "`age` a large whole number", "`member` false"):
        assert odd in notes
    rows = as_json(whole)
    ages = {type(row["age"]) for row in rows}
    assert ages == {int, float, str, type(None)}
    assert {type(row["member"]) for row in rows} == {bool, str, type(None)}
    assert len({len(str(row["since"])) for row in rows if row["since"]}) > 1, "times with and without their zone"
    assert make_probes(binary.store, binary.split.gate, model, 0).digest == probes.digest
    assert make_probes(binary.store, binary.split.gate, model, 1).digest != probes.digest


def test_wide_tables_change_several_columns_of_a_row(monkeypatch: pytest.MonkeyPatch, binary: Trained) -> None:
    monkeypatch.setattr("tidemill.proving.probes.MOST_ODD", 12)
    probes = make_probes(binary.store, binary.split.gate, Model.load(binary.store, binary.model), 0)
    assert len(probes.parts[0].rows) <= 200 + 12 + 1
    assert any(" more" in note for note in probes.notes)


@pytest.mark.parametrize(("shift", "passed"), [(1e-8, True), (1e-5, False)])
def test_a_service_that_answers_otherwise_is_named_with_row_and_difference(
    binary: Trained, monkeypatch: pytest.MonkeyPatch, shift: float, passed: bool
) -> None:
    honest = RowPredictor.predict

    def damaged(self: RowPredictor, rows: Sequence[Any]) -> Any:
        answers = honest(self, rows)
        if len(answers) > 7:
            answers[7] = {**answers[7], "probability_yes": float(str(answers[7]["probability_yes"])) + shift}
        return answers

    monkeypatch.setattr(RowPredictor, "predict", damaged)
    proof = binary.proof()
    assert proof.passed is passed
    if passed:
        assert 0.5 * shift < proof.largest < 2 * shift
        return
    (reason,) = proof.reasons
    said = reason.english
    assert said.startswith("the REST service answers 2 of the proof's rows otherwise")
    assert "Row 7 (gate row" in said
    assert "probability_yes is" in said
    assert "1e-05, and 1e-06 is allowed" in said
    told = binary.stored(proof)["disagreements"]
    assert {one["row"] for one in told} >= {7}
    action, sentence = decide(binary.use_case, None, None, proof)  # type: ignore[arg-type]
    assert action == "refuse"
    assert said in sentence


def test_a_file_that_is_read_otherwise_is_named(binary: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidemill import proving

    spelt = proving.ways.as_csv
    monkeypatch.setitem(proving.ways.FILES, "csv", lambda part: spelt(part).replace(b"north", b"nrth"))
    proof = binary.proof()
    (reason,) = proof.reasons
    assert "batch scoring of CSV answers" in reason.english
    assert "batch scoring of JSON lines" not in reason.english


def test_a_way_that_refuses_what_training_reads_is_named(binary: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = RowPredictor.predict

    def strict(self: RowPredictor, rows: Sequence[Any]) -> Any:
        for number, row in enumerate(rows):
            if row["member"] == "yes":
                raise UserError(f"row {number} (counted from 0) has 'yes'", row=number, column="member")
        return honest(self, rows)

    monkeypatch.setattr(RowPredictor, "predict", strict)
    proof = binary.proof()
    assert not proof.passed
    assert "any is a refusal: 422 for column `member`, and was an answer" in proof.reasons[0].english


def test_another_class_and_a_rank_are_differences() -> None:
    from tidemill.proving.comparing import Answers, compare

    ours = pd.DataFrame({"prediction": ["no", "yes"], "probability_no": [0.6, 0.2], "probability_yes": [0.4, 0.8]})
    theirs = ours.assign(prediction=["yes", "yes"])
    _, apart = compare(ours, Answers("a way", theirs, {}), ("no", "yes"), 0.5)
    assert [(one.row, one.column, one.expected, one.found) for one in apart] == [(0, "prediction", "no", "yes")]
    _, apart = compare(ours, Answers("a way", theirs, {}), ("no", "yes"), 0.4 + 1e-9)
    assert apart == [], "decided by less than the tolerance"
    ranked = pd.DataFrame({"prediction": [3e9, 1.0], "rank": pd.array([1, None], dtype="Int64")})
    near, apart = compare(ranked, Answers("a way", ranked.assign(prediction=[3e9 + 1, 1.0]), {}), (), None)
    assert (round(near * 3e9), apart) == (1, []), "relative for numbers beyond 1"
    _, apart = compare(ranked, Answers("a way", ranked.assign(rank=[1, 2]), {}), (), None)
    assert [(one.row, one.column, one.expected) for one in apart] == [(1, "rank", "nothing")]
    _, apart = compare(ranked, Answers("a way", ranked.drop(columns="rank"), {}), (), None)
    assert [one.column for one in apart] == ["rank"]


def test_an_artefact_that_is_not_what_was_trained_is_found(tmp_path: Any) -> None:
    """The boosters' files are whole and prove their hashes: only the training code knows that they answer otherwise."""
    one = trained("binary", str(tmp_path))
    key = f"toy/proofs/as-trained/{one.model.id}-{one.split.gate.id}.json"
    noted = one.store.read_json(key)
    noted["answers"]["probability_yes"] = (np.array(noted["answers"]["probability_yes"]) + 1e-3).tolist()
    one.store.write_json(key, noted)
    proof = one.proof()
    assert any(reason.english.startswith("the reloaded artefact answers") for reason in proof.reasons)
    one.store.write_json(key, {**noted, "probes": "0" * 16})
    with pytest.raises(UserError, match=r"is of other rows than are asked now.*train again"):
        one.proof()
    one.store.delete(key)
    with pytest.raises(UserError, match=r"is missing.*train again"):
        one.proof()
