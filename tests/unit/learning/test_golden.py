"""What an earlier Tidemill stored still loads, and still answers as it did."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tidemill.learning.model import Model
from tidemill.learning.trials import TrialLog
from tidemill.results import ModelReference, Study
from tidemill.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "learning"
SECOND = GOLDEN.with_name("learning-2")
SAID = json.loads((GOLDEN / "golden.json").read_text())
LAKE = Store(str(GOLDEN / "lake"))


def test_a_model_of_format_1_predicts_what_it_did() -> None:
    model = Model.load(LAKE, ModelReference.model_validate(SAID["model"]))
    predicted = model.predict(pd.DataFrame(SAID["rows"]))
    pd.testing.assert_frame_equal(predicted, pd.DataFrame(SAID["predictions"]), rtol=1e-6)


def test_a_study_of_format_1_is_read() -> None:
    study = Study.model_validate(SAID["study"])
    log = TrialLog(LAKE, study.prefix)
    trials = log.read()
    assert len(trials) == study.trials
    assert trials[study.best_trial].value == study.best_value
    assert log.margins(study.best_trial).ndim == 1
    assert LAKE.read_json(f"{study.prefix}/study.json")["study"] == SAID["study"]


@pytest.mark.parametrize("name", ["line", "forecast"])
def test_a_line_and_a_forecast_predict_what_they_did(name: str) -> None:
    """Stored with trials of format 2; the forecast remembers the past of its series."""
    lake, said = Store(str(SECOND / "lake")), json.loads((SECOND / "golden.json").read_text())[name]
    model = Model.load(lake, ModelReference.model_validate(said["model"]))
    assert (model.description.line if name == "line" else model.description.forecast) is not None
    predicted = model.predict(pd.read_parquet(SECOND / f"{name}-rows.parquet"))
    pd.testing.assert_frame_equal(predicted, pd.read_parquet(SECOND / f"{name}-predictions.parquet"), rtol=1e-6)
    study = Study.model_validate(said["study"])
    assert [trial.number for trial in TrialLog(lake, study.prefix).read()] == list(range(study.trials))
