"""Traps through the whole flow: what stops a run leaves everything as it was, and what is allowed is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.toy import TOY_YAML, toy_rows
from tidemill.errors import GateError
from tidemill.registry import Registry
from tidemill.results import TrainingRun
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def _write(project: Path, rules: str = "") -> None:
    """The toy use case, in which January's rows come again in February under new numbers."""
    old = toy_rows(600)
    again = old.assign(row=old["row"] + 600, at=old["at"] + pd.Timedelta(days=31))
    again["ticket"] = range(600)
    folder = project / "usecases" / "toy"
    pd.concat([old, again]).assign(ticket=range(5_000, 6_200)).to_csv(folder / "data.csv", index=False)
    (folder / "usecase.yaml").write_text(TOY_YAML + rules)


def _train() -> TrainingRun:
    from flows.training import training

    run = training("toy")  # type: ignore[arg-type]
    assert isinstance(run, TrainingRun)
    return run


def test_copies_on_both_sides_are_refused_unless_allowed(project: Path) -> None:
    _write(project)
    with pytest.raises(GateError, match=r"gate rows \(100.0%\) are the same as a training row in all 10 columns"):
        _train()
    store = Store(str(project / "lake"))
    assert Registry(store, "toy").champion() is None
    assert store.list("toy/studies") == []
    _write(project, "validate: {allow: [duplicates]}\n")
    run = _train()
    assert [(trap.kind, trap.allowed) for trap in run.lineage.split.traps] == [("duplicates", True)]
    assert run.excluded["ticket"].startswith("it names rows: its 1,056 values grow from row to row")
    html = store.read_bytes(run.report.html).decode()
    assert "The same rows on both sides of the split" in html
    assert "The use case allows what would have stopped the run" in html
    assert "2 traps in the data" in html
