"""A project that ranks, the whole way: the flow, the report, and a window of monitoring with labels."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tests.lists import write_lists
from tidemill.errors import GateError
from tidemill.registry import Registry
from tidemill.reporting.material import report_key
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def test_a_shop_learns_what_stands_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.monitoring import monitoring
    from flows.training import training

    write_lists(tmp_path, searches=150)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEMILL_LAKE", str(tmp_path / "lake"))
    monkeypatch.delenv("TIDEMILL_PROJECT", raising=False)
    with suppress(GateError):  # whether three trials beat XGBoost's defaults on so few lists is chance
        training("shop")
    store = Store(str(tmp_path / "lake"))
    version = Registry(store, "shop").version("latest")
    assert version.lineage.labelled.task == "ranking"
    assert version.lineage.split.by == "query"
    assert "which list a row is of" in version.excluded["search"]
    plain = {one.name: one for one in version.lineage.evaluation.baselines}
    assert plain["random order"].difference.low > 0
    page = store.read_bytes(report_key("shop", version.version)).decode()
    for words in ("for the rows of one list at a time", "What stands at which place", "length of the list", "NDCG@10"):
        assert words in page
    Registry(store, "shop").promote(version.version, who="tests")
    watched = monitoring("shop")
    assert watched.quality.measured is not None
    assert watched.quality.measured.name == "ndcg@10"
    assert watched.quality.measured.value > plain["random order"].value
