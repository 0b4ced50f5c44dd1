"""A label source in the whole flow: what a run knew at its moment, and what a later one knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.toy import TOY_YAML, toy_rows
from tidemill.results import LabelArrivals, TrainingRun
from tidemill.store import Store
from tidemill.usecase import load_usecase

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

THEN = datetime(2024, 2, 15, tzinfo=UTC)
A_MONTH_LATER = datetime(2024, 3, 12, tzinfo=UTC)
ROWS = 1195


@pytest.fixture
def reported(project: Path) -> Path:
    """The toy use case with its outcomes in a file of their own: only purchases are reported, some 3 days late.

    40 of them are taken back 20 days later, 7 are of visitors that nobody saw.
    """
    folder = project / "usecases" / "toy"
    rows = toy_rows(ROWS)
    random = np.random.default_rng(3)
    bought = rows.loc[rows["bought"] == "yes", ["row", "at", "bought"]]
    bought = bought.assign(reported=bought["at"] + pd.to_timedelta(random.gamma(2, 1.5, len(bought)), unit="D"))
    back = bought.iloc[280:320].assign(bought="no", reported=bought["at"] + pd.Timedelta(days=20))
    nobody = bought.head(7).assign(row=lambda frame: frame["row"] + 90_000)
    rows.drop(columns="bought").to_csv(folder / "data.csv", index=False)
    pd.concat([bought, back, nobody]).drop(columns="at").to_csv(folder / "outcomes.csv", index=False)
    labels = "  outcomes: {url: outcomes.csv, labels: {on: row, known_at: reported, maturity: 10d, absent: 'no'}}\n"
    source = "  visits: {url: data.csv}\n"
    (folder / "usecase.yaml").write_text(TOY_YAML.replace(source, source + labels))
    return folder


def train(as_of: datetime) -> TrainingRun:
    from flows.training import training

    run = training("toy", as_of=as_of)
    assert isinstance(run, TrainingRun)
    return run


def arrivals(run: TrainingRun) -> LabelArrivals:
    found = run.lineage.labelled.arrivals
    assert found is not None
    return found


def test_a_run_knows_what_was_known_and_a_later_one_the_rest(project: Path, reported: Path) -> None:
    run = train(THEN)
    assert run.decision.promoted, run.decision.sentence
    balance, early = run.balance, arrivals(run)
    assert balance.collected == balance.used + balance.waiting == (THEN - datetime(2024, 1, 1, tzinfo=UTC)).days * 24
    assert balance.waiting == 10 * 24 - 1
    assert early.orphans > 0
    assert early.later > 0
    assert early.absent > 0
    assert 0 < early.superseded < 40
    assert early.early == 0

    later = train(A_MONTH_LATER)
    known = arrivals(later)
    assert later.balance.collected == ROWS
    assert later.lineage.labelled.waiting == 0
    assert (known.later, known.superseded) == (0, 40)
    assert known.absent + known.used == later.lineage.labelled.snapshot.rows == ROWS
    assert later.lineage.labelled.classes[1].rows == known.used - 40

    again = train(A_MONTH_LATER)
    assert all(again.reused.values()), again.reused
    assert train(THEN).lineage.labelled == run.lineage.labelled


def test_monitoring_measures_by_certain_labels_and_scoring_needs_none(project: Path, reported: Path) -> None:
    from flows.monitoring import monitoring
    from flows.scoring import scoring

    train(THEN)
    seen = monitoring("toy", since=THEN)
    assert seen.quality is not None
    assert seen.quality.measured is not None
    outcomes = reported / "outcomes.csv"
    with outcomes.open("a") as more:
        more.write(f"{ROWS - 1},yes,2099-01-01\n")
    assert monitoring("toy", since=THEN).quality == seen.quality
    outcomes.unlink()
    assert scoring("toy", since=THEN).rows == ROWS - (THEN - datetime(2024, 1, 1, tzinfo=UTC)).days * 24


def test_functions_label_what_nobody_did_and_the_report_tells_how(project: Path) -> None:
    """Three functions and 200 known targets; the run is made again with nothing to do, and with other code anew."""
    from flows.training import training
    from tasks.label import label

    folder = project / "usecases" / "toy"
    rows = toy_rows(ROWS)
    rows.loc[200:, "bought"] = None
    rows.to_csv(folder / "data.csv", index=False)
    (folder / "hints.py").write_text(
        "import numpy as np\n"
        "def young(frame):\n"
        "    return np.where(frame['age'] < 35, np.where(frame['amount'] < 85, 'yes', 'no'), None)\n"
    )
    functions = (
        "target:\n  column: bought\n  positive: 'yes'\n  minimum_confidence: 0.55\n  functions:\n"
        "    old_and_rich: {when: age > 50 and amount > 85, label: 'yes'}\n"
        "    old_and_poor: {when: age > 50 and amount <= 85, label: 'no'}\n"
        "    north: {when: region == 'north', label: 'yes'}\n"
        "    young: {python: 'hints:young'}\n"
    )
    said = TOY_YAML.replace('target: {column: bought, positive: "yes"}\n', functions)
    (folder / "usecase.yaml").write_text(said)
    run = training("toy")
    voting = run.lineage.labelled.voting
    assert voting is not None
    assert voting.gold == 200
    assert voting.gold_accuracy is not None
    assert voting.gold_accuracy > 0.6
    told = {one.name: one for one in voting.functions}
    assert told["old_and_rich"].accuracy is not None
    assert told["north"].accuracy is not None
    assert told["old_and_rich"].accuracy > told["north"].accuracy
    assert not {"age", "amount"} & set(run.excluded)
    page = Store(str(project / "lake")).read_bytes(run.report.html).decode()
    assert "old_and_rich" in page
    assert "weighed by a label model" in page
    assert all(training("toy").reused.values())
    (folder / "hints.py").write_text((folder / "hints.py").read_text().replace("35", "34"))
    made_of = run.lineage
    case = load_usecase("toy")
    assert not label.function(case, Store(str(project / "lake")), made_of.collected, made_of.cleaned).reused
