"""A model trained on mended rows mends the rows that it is asked about with the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tidemill
from tidemill.learning.rows import RowPredictor
from tidemill.registry import Registry
from tidemill.scoring import score
from tidemill.store import Store
from tidemill.usecase.loading import read_usecase

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

RULES = """clean:
  ranges: {age: [0, 120]}
  units: {amount: USD}
  case: {channel: title}
  outliers: {visits: {robust_z: 3}, noise_0: {quantile: [0.01, 0.99], then: 'null'}}
  fill: {visits: median, region: mode, noise_0: median}
"""


def test_the_flow_serves_what_it_fitted(project: Path) -> None:
    from flows.training import training

    home = project / "usecases" / "toy"
    said = (home / "usecase.yaml").read_text().replace("trials: 3", "trials: 1")
    said = said.replace("clean:\n  ranges: {age: [0, 120]}\n", f"derive: {{per_visit: age / visits}}\n{RULES}")
    (home / "usecase.yaml").write_text(said)
    run = training("toy")
    store = Store(str(project / "lake"))
    version = Registry(store, "toy").version(run.version)
    rules = version.lineage.cleaned.rules
    assert rules is not None
    assert rules.fitted is not None
    assert set(rules.fitted.fill) == {"visits", "region", "noise_0"}

    loaded = tidemill.load("toy", lake=store.url, version="latest")
    assert loaded.model.description.recipe.clean == rules
    raw = pd.read_csv(home / "data.csv", dtype={"amount": "str"})
    raw = raw[pd.to_numeric(raw["amount"], errors="coerce").notna()].tail(200).reset_index(drop=True)
    raw.to_csv(project / "rows.csv", index=False)
    answers = loaded.predict(raw)
    rows = [{key: None if pd.isna(value) else value for key, value in row.items()} for row in raw.to_dict("records")]
    served = pd.DataFrame(RowPredictor(loaded.model).predict(rows))
    pd.testing.assert_frame_equal(served[list(answers.columns)], answers, check_dtype=False, check_exact=True)

    output = project / "answers.parquet"
    score(store, read_usecase(home / "usecase.yaml"), version, str(project / "rows.csv"), str(output))
    batch = pd.read_parquet(output)
    trained = version.lineage.cleaned.snapshot.read(store).set_index("row")
    for name in (column for column in answers if str(column).startswith("probability")):
        np.testing.assert_array_equal(batch[name].to_numpy(), answers[name].to_numpy())
        kept = raw["row"].isin(trained.index).to_numpy()
        assert kept.sum() > 100
        again = loaded.predict(trained.loc[raw["row"][kept]].reset_index())
        np.testing.assert_array_equal(again[name].to_numpy(), answers[name].to_numpy()[kept])
