"""What a person's values look like in monitoring: in the examples of new values, and in the pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.unit.monitoring.conftest import Watched
from tests.unit.monitoring.test_drift import LIMITS
from tests.unit.monitoring.test_drift import trained as profiled
from tidemill.monitoring.drift import Tally, judge_column
from tidemill.results import PersonalColumn


def test_examples_of_new_values_are_masked_in_a_personal_column() -> None:
    names = [f"Siti {word}" for word in ("Rahayu", "Lestari", "Wulandari")]
    before = profiled(np.random.default_rng(0).choice(names, 3_000), "category")
    after = pd.Series(np.where(np.arange(1_000) % 4 == 0, "Bartholomew Featherstone", names[0]))
    plain, masked = Tally(before), Tally(before, "name")
    for tally in (plain, masked):
        tally.add(after)
    assert judge_column(plain, LIMITS).examples == ("Bartholomew Featherstone",)
    found = judge_column(masked, LIMITS)
    assert found.examples == ("B. F.",)
    assert "such as B. F." in " ".join(finding.words for finding in found.findings)


def test_the_page_and_the_records_of_a_run_name_no_person(painted: Watched) -> None:
    """`region` as an adviser's name that the model may read: new names come, and the shares move."""

    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(region=np.where(frame.index % 3 == 0, "Bartholomew", "north"))

    lineage = painted.version.lineage
    adviser = PersonalColumn(column="region", kind="name", share=1, sampled=9, example="", evidence="", allowed=True)
    validation = lineage.validation.model_copy(update={"personal": (adviser,)})
    version = painted.version.model_copy(update={"lineage": lineage.model_copy(update={"validation": validation})})
    found = Watched(painted.store, painted.use_case, version).watch(painted.later(20, change=moved))
    page = painted.store.read_bytes(found.report).decode()
    assert "region" in page
    written = [painted.store.read_bytes(key).decode() for key in painted.store.list("toy/monitoring")]
    assert len(written) >= 3
    for text in written:
        assert "Bartholomew" not in text
        assert "north" not in text
