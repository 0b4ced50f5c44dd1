"""What `tidemill label` says before a page is served; the page itself is tried in a browser (tests/e2e)."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.champions import YAML
from tests.commands import Run
from tests.unit.reviewing.conftest import planted
from tidemill.reviewing.answers import AnswerLog, labels
from tidemill.reviewing.choosing import choose
from tidemill.reviewing.session import Session
from tidemill.reviewing.suspects import suspects
from tidemill.store import Store


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A project whose version can be reviewed."""
    folder = tmp_path / "project" / "usecases" / "toy"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(YAML.format(task="binary"))
    monkeypatch.setenv("TIDEMILL_PROJECT", str(tmp_path / "project"))
    made = planted("binary")
    store = Store(str(tmp_path / "project" / "lake"))
    for key in made.store.list():
        store.write_bytes(key, made.store.read_bytes(key))
    return store


def test_the_port_that_is_taken_is_named(run: Run, lake: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run("label", "toy", "--no-browser", "--port", str(port))
    assert said.status == 2
    assert f"the labelling page can't listen at 127.0.0.1:{port}" in said.err
    assert "Choose another --port" in said.err


def test_when_nothing_is_left_to_look_at_it_says_so(run: Run, lake: Store) -> None:
    made = planted("binary")
    found = suspects(lake, made.use_case, made.version).result
    items = choose(lake, made.use_case, made.version, found, set(), most=5_000)
    log = AnswerLog(lake, "toy")
    sitting = Session(log, items, who="ayu", version=made.version.version, classes=("no", "yes"))
    for place in range(len(items)):
        sitting.answer(place, "unsure")
    said = run("label", "toy", "--no-browser")
    assert said.status == 2
    assert f"`toy` has no row left to look at: all {len(items)} have an answer" in said.err
    assert "Run `tidemill train toy`" in said.err
    assert labels(log.entries()) == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("toi",), "toi"),
        (("toy", "--rows", "0"), "0 is not in the range"),
        (("toy", "--who", " "), "say whose answers they are"),
        (("toy", "--version", "nope"), "`toy` has no version `nope`"),
    ],
)
def test_wrong_words_are_named(run: Run, lake: Store, words: tuple[str, ...], message: str) -> None:
    said = run("label", *words, "--no-browser")
    assert said.status == 2
    assert message in said.err


def test_without_a_version_training_comes_first(run: Run, project: Path) -> None:
    said = run("label", "toy", "--no-browser")
    assert said.status == 2
    assert "tidemill train toy" in said.err
