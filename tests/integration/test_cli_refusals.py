"""Bad input and refusals through the command line and the real flow: a status, one message, nothing changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import Run, run
from tests.e2e.shop import write_shop
from tidemill.registry import Registry
from tidemill.results import TrainingRun
from tidemill.store import Store

__all__ = ["run"]

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the use case `shop`, as the working folder; gives the use case's folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("TIDEMILL_PROJECT", "TIDEMILL_LAKE"):
        monkeypatch.delenv(name, raising=False)
    return write_shop(tmp_path)


def yaml(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "usecase.yaml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


def data(make: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        make(pd.read_csv(folder / "data.csv")).to_csv(folder / "data.csv", index=False)

    return change


def raw(text: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "data.csv").write_bytes(text) and None


def renamed(folder: Path) -> None:
    (folder / "data.csv").rename(folder / "data.parquet")
    yaml("data.csv", "data.parquet")(folder)


def doubled(folder: Path) -> None:
    head, _, rest = (folder / "data.csv").read_text().partition("\n")
    (folder / "data.csv").write_text(f"{head.replace('noise_1', 'noise_2')}\n{rest}")


BAD = {
    "the source is missing": (yaml("data.csv", "date.csv"), "did you mean `data.csv`"),
    "the file is empty": (raw(b""), "is empty"),
    "there is a header only": (raw(b"row,at,amount,visits,region,bought\n"), "not one row"),
    "it is not what its name says": (renamed, "is not a Parquet file"),
    "the target is missing": (data(lambda frame: frame.drop(columns="bought")), "`bought`"),
    "the time is missing": (data(lambda frame: frame.drop(columns="at")), "`at`"),
    "the id is missing": (data(lambda frame: frame.drop(columns="row")), "`row`"),
    "the target is constant": (data(lambda frame: frame.assign(bought="yes")), "nothing to learn"),
    "the target is all null": (data(lambda frame: frame.assign(bought=None)), "bought"),
    "the target does not fit the task": (yaml("id: row", "id: row\ntask: regression"), "regression"),
    "a key is unknown": (yaml("tune:", "tuen:"), "did you mean `tune`"),
    "a value has the wrong type": (yaml("trials: 5", "trials: five"), "trials"),
    "the YAML does not parse": (yaml("id: row", "id: [row"), "usecase.yaml"),
    "two columns have one name": (doubled, "noise_2"),
    "no row is left": (yaml("tune:", "clean: {ranges: {amount: [-2, -1]}}\ntune:"), "no row"),
    "there are too few rows": (data(lambda frame: frame.head(60)), "rows"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_status_2_with_one_message_and_changes_nothing(shop: Path, run: Run, what: str) -> None:
    change, message = BAD[what]
    champion = with_champion(shop)
    change(shop)
    store = Store(str(shop.parents[1] / "lake"))
    before = set(store.list("shop"))
    said = run("train", "shop", "--json")
    assert said.status == 2, said.err
    told = said.json["error"]["message"]
    assert message in told
    assert told in said.err
    assert "Traceback" not in said.err
    assert [entry.champion for entry in Registry(store, "shop").ledger()][-1] == champion
    made = set(store.list("shop")) - before
    assert not [key for key in made if "/models/" in key or "/reports/" in key]


def with_champion(shop: Path) -> str:
    """A champion from before, made up."""
    from tests.lineage import made_up_balance, made_up_lineage, write_model

    store, lineage = Store(str(shop.parents[1] / "lake")), made_up_lineage(use_case="shop")
    write_model(store, lineage, 0)
    registry = Registry(store, "shop")
    version = registry.register(lineage, made_up_balance(), {}).version
    registry.promote(version)
    return version


def test_a_critical_expectation_is_status_3_before_anything_is_trained(shop: Path, run: Run) -> None:
    suite = shop.parents[1] / "expectations" / "shop.yaml"
    suite.parent.mkdir()
    suite.write_text(
        "name: shop\nexpectations:\n"
        "  - type: expect_table_row_count_to_be_between\n    kwargs: {min_value: 1000000}\n    severity: critical\n"
    )
    said = run("train", "shop", "--json")
    assert said.status == 3, said.err
    assert "refused before training" in said.json["error"]["message"]
    assert Store(str(shop.parents[1] / "lake")).list("shop/studies") == []


def test_a_version_that_waits_is_approved_by_a_person(project: Path, trained: TrainingRun, run: Run) -> None:
    """The model is the shared training's; the ledger is gone, so that the gate decides on it for the first time."""
    shutil.rmtree(project / "lake" / "toy" / "ledger")
    file = project / "usecases" / "toy" / "usecase.yaml"
    file.write_text(file.read_text() + "gate: {approval: manual}\n")
    said = run("train", "toy", "--json")
    assert said.status == 0, said.err
    assert said.json["promoted"] is False
    assert run("models", "toy", "--json").json["champion"] is None
    assert "waits for approval" in run("models", "toy").out
    approved = run("approve", "toy", said.json["version"], "--why", "looked at the report", "--json")
    assert approved.json["champion"] == said.json["version"]
