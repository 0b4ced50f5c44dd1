"""What a person decides on the command line stands on the version's pages, with who and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import Run, run
from tests.judged import judged
from tests.lineage import made_up_balance, made_up_lineage, write_model
from tests.unit.reporting.test_training_report import words
from tidemill.registry import ModelVersion, Registry
from tidemill.reporting import write_report
from tidemill.store import Store

__all__ = ["run"]

REASON = "looked at it with marketing"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A lake for a test alone, still empty, and `ayu` at the keyboard."""
    monkeypatch.setenv("TIDEMILL_USER", "ayu")
    return Store(str(tmp_path / "lake"))


@pytest.fixture
def version() -> ModelVersion:
    return judged("binary").version


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A lake where a version waits for an answer, which several tests give; its pages' charts are drawn once."""
    return asked(copied(Store(f"memory://{tmp_path_factory.mktemp('waiting')}"), judged("binary").store), "wait")


def copied(mine: Store, other: Store) -> Store:
    for key in other.list("toy"):
        mine.write_bytes(key, other.read_bytes(key))
    return mine


def asked(store: Store, action: str) -> Store:
    """The gate decided, and the pages were written, as a training does it."""
    one = judged("binary")
    version = one.version
    entry = Registry(store, "toy").decide(version.version, action, "It is better.")  # type: ignore[arg-type]
    decision = one.decision.model_copy(
        update={"action": action, "promoted": False, "entry": f"{entry.number:08d}", "said": ()}
    )
    write_report(store, one.use_case, version, decision, one.seconds)
    return store


def pages(store: Store, version: str) -> dict[str, str]:
    folder = f"toy/reports/{version}"
    return {
        name: words(store.read_bytes(f"{folder}/{name}").decode())
        for name in ("report.html", "summary.html", "card.html", "card.md")
    }


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_is_told_with_who_and_why(
    run: Run, store: Store, waiting: Store, version: ModelVersion, answer: str
) -> None:
    copied(store, waiting)
    assert "Waits" in pages(store, version.version)["summary.html"]
    said = run(answer, "toy", version.version, "--why", REASON, "--lake", store.url, "--json")
    assert said.status == 0, said.err
    assert said.json["report"].endswith(f"{version.version}/report.html")
    now = pages(store, version.version)
    for page in now.values():
        assert "ayu" in page
        assert REASON in page.lower()
        assert "Waits" not in page
    summary = now["summary.html"]
    assert ("ayu said yes" in summary, "ayu said no" in summary) == (answer == "approve", answer == "reject")
    assert "Please decide" not in summary
    assert "Time a stage" in now["report.html"], "what only the training knew is still there"


def test_who_overrules_the_gate_is_told_and_what_came_after(run: Run, store: Store, version: ModelVersion) -> None:
    asked(copied(store, judged("binary").store), "refuse")
    assert run("promote", "toy", version.version, "--why", REASON, "--lake", store.url).status == 0
    for page in pages(store, version.version).values():
        assert "ayu" in page
        assert "Not promoted" not in page
    lineage = made_up_lineage(7)
    write_model(store, lineage, 7)
    other = Registry(store, "toy").register(lineage, made_up_balance(), {}).version
    assert run("promote", "toy", other, "--why", "the shop moved", "--lake", store.url).status == 0
    for page in pages(store, version.version).values():
        assert "No longer in use" in page
        assert "The shop moved." in page
    assert run("rollback", "toy", "--lake", store.url).status == 0
    for page in pages(store, version.version).values():
        assert "No longer in use" not in page


def test_a_decision_holds_when_the_pages_cannot_be_written(
    run: Run, store: Store, waiting: Store, version: ModelVersion
) -> None:
    copied(store, waiting)
    before = pages(store, version.version)
    store.delete(version.lineage.evaluation.key)
    said = run("reject", "toy", version.version, "--why", REASON, "--lake", store.url)
    assert said.status == 0
    assert "the pages of" in said.err
    assert Registry(store, "toy").ledger()[-1].action == "reject"
    assert pages(store, version.version) == before
