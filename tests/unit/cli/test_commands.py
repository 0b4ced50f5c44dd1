"""Commands that need no flow: versions and decisions, reports, first use cases."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from deployments.registering import Deployed, RegisteredDeployment
from deployments.up import Places, Platform
from tests.champions import House
from tests.commands import Run
from tests.lineage import register
from tests.servers import S3Server
from tests.toy import toy_rows
from tidemill.collecting import collect
from tidemill.registry import Registry
from tidemill.store import Store
from tidemill.usecase import load_usecase


@pytest.fixture
def registry(project: Path) -> Registry:
    return Registry(Store(str(project / "lake")), "toy")


def test_models_of_one_that_was_never_trained(run: Run, project: Path) -> None:
    said = run("models", "toy", "--json")
    assert said.status == 0
    assert said.json == {"champion": None, "problem": None, "versions": [], "damaged": {}, "ledger": []}
    assert "`tidemill train toy`" in run("models", "toy").out
    assert not (project / "lake").exists()


def test_models_shows_versions_champion_and_ledger(run: Run, registry: Registry) -> None:
    first, second = (register(registry, seed, auc=0.8 + seed / 100).version for seed in range(2))
    registry.promote(second, who="ana", why="it is better")
    said = run("models", "toy", "--json").json
    assert set(said) == {"champion", "problem", "versions", "damaged", "ledger"}
    assert said["champion"] == second
    assert [set(one) for one in said["versions"]] == [{"version", "created", "metric", "promoted"}] * 2
    assert [(one["version"], one["promoted"]) for one in said["versions"]] == [(first, False), (second, True)]
    assert set(said["versions"][0]["metric"]) == {"name", "value", "low", "high"}
    assert [entry["action"] for entry in said["ledger"]] == ["register", "register", "promote"]
    text = run("models", "toy").out
    assert "\033" not in text
    assert f"*  {second}" in text
    assert "it is better" in text


def test_decisions_go_into_the_ledger(run: Run, registry: Registry) -> None:
    first, second, third = (register(registry, seed).version for seed in range(3))
    said = run("promote", "toy", first, "--why", "a start", "--json").json
    assert (said["use_case"], said["action"], said["champion"], said["previous"]) == ("toy", "promote", first, None)
    assert said["why"] == "a start"
    registry.decide(second, "wait", "it is better")
    assert run("approve", "toy", second).status == 0
    assert registry.champion() == registry.version(second)
    back = run("rollback", "toy")
    assert back.status == 0
    assert first in back.out
    assert registry.champion() == registry.version(first)
    registry.decide(third, "wait", "it is better")
    assert run("reject", "toy", third, "--json").json["champion"] == first


def test_wrong_decisions_are_status_2_and_change_nothing(run: Run, registry: Registry) -> None:
    version = register(registry).version
    for words in (("approve", "toy", version), ("rollback", "toy"), ("promote", "toy", version[:-1] + "x")):
        said = run(*words)
        assert said.status == 2
        assert said.err.startswith("Error: ")
    assert registry.champion() is None
    assert len(registry.ledger()) == 1


def test_report_says_where_it_is(run: Run, registry: Registry, project: Path) -> None:
    version = register(registry).version
    missing = run("report", "toy")
    assert missing.status == 2
    assert "`tidemill train toy`" in missing.err
    page = project / "lake" / "toy" / "reports" / version / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<html>")
    assert run("report", "toy").out == f"{page}\n"
    without = run("report", "toy", "--summary")
    assert without.status == 2
    assert "summary.html does not exist" in without.err
    for name in ("summary.html", "card.md", "card.html"):
        page.with_name(name).write_text("…")
    assert run("report", "toy", "--summary").out == f"{page.with_name('summary.html')}\n"
    assert run("report", "toy", "--version", version, "--json").json == {
        "use_case": "toy",
        "version": version,
        "report": str(page),
        "summary": str(page.with_name("summary.html")),
        "card": str(page.with_name("card.md")),
        "card_page": str(page.with_name("card.html")),
    }
    assert run("report", "toy", "--version", "champion").status == 2


def test_a_lake_on_the_command_line_starts_where_one_is_and_one_of_the_environment_in_the_project(
    run: Run, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(Registry(Store(str(project / "other")), "toy"))
    monkeypatch.chdir(tmp_path)
    assert len(run("models", "toy", "--lake", "project/other", "--json").json["versions"]) == 1
    assert len(run("models", "toy", "--lake", f"file://{project}/other", "--json").json["versions"]) == 1
    assert len(run("models", "toy", "--json").json["versions"]) == 0
    monkeypatch.setenv("TIDEMILL_LAKE", "other")
    assert len(run("models", "toy", "--json").json["versions"]) == 1


@pytest.mark.parametrize(
    ("lake", "message"),
    [("nope://x", "nope"), ("s3://", "names no bucket"), ("s3://key:secret@bucket/x", "credential")],
)
def test_a_lake_that_can_t_be_is_status_2(run: Run, project: Path, lake: str, message: str) -> None:
    said = run("models", "toy", "--lake", lake)
    assert said.status == 2
    assert message in said.err
    assert "secret" not in said.err


@pytest.mark.s3
@pytest.mark.parametrize("words", [("models", "toy"), ("train", "toy"), ("serve", "toy", "--port", "0")])
def test_a_bucket_that_is_not_there_or_does_not_answer_is_status_2(
    run: Run, project: Path, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for name, value in moto_server.environment().items():
        monkeypatch.setenv(name, value)
    absent = run(*words, "--lake", "s3://no-such-bucket/lake")
    assert absent.status == 2
    assert "no-such-bucket" in absent.err
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    silent = run(*words, "--lake", "s3://bucket/lake")
    assert silent.status == 2
    assert "127.0.0.1:9" in silent.err
    for said in (absent, silent):
        assert said.out == ""
        assert "Traceback" not in said.err


def test_init_writes_a_use_case_that_loads(run: Run, project: Path) -> None:
    source = project / "usecases" / "toy" / "data.csv"
    said = run("init", "shop", "--source", str(source), "--target", "bought", "--time", "at", "--id", "row", "--json")
    assert said.status == 0, said.err
    assert said.json["usecase"] == str(project / "usecases" / "shop" / "usecase.yaml")
    use_case = load_usecase("shop")
    assert use_case.target.column == "bought"
    assert (use_case.time, use_case.id) == ("at", ("row",))
    assert "../toy/data.csv" in Path(said.json["usecase"]).read_text()
    assert Path(said.json["expectations"]).read_text().count("- type: expect_") > 3


@pytest.mark.parametrize("taken", ["usecases/shop/usecase.yaml", "expectations/shop.yaml"])
def test_init_overwrites_nothing(run: Run, project: Path, taken: str) -> None:
    (project / taken).parent.mkdir(parents=True)
    (project / taken).write_text("mine")
    source = project / "usecases" / "toy" / "data.csv"
    said = run("init", "shop", "--source", str(source), "--target", "bought")
    assert said.status == 2
    assert taken in said.err
    assert (project / taken).read_text() == "mine"
    written = [file for file in project.rglob("*shop*") if file.is_file()] + list(project.rglob("shop/usecase.yaml"))
    assert set(written) == {project / taken}, written


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "bougth"), "did you mean `bought`"),
        (("--target", "bought", "--time", "when"), "no column `when`"),
        (("--target", "bought", "--id", "nr"), "no column `nr`"),
        (("--target", "bought", "--source", "none.csv"), "none.csv"),
        (("--target", "bought", "--source", "empty.csv"), "is empty"),
        (("--target", "a", "--source", "header.csv"), "not one row"),
        (("--target", "a", "--source", "wrong.parquet"), "not a Parquet file"),
        (("--target", "a", "--source", "twice.csv"), "`a`"),
    ],
)
def test_init_says_what_is_wrong_and_leaves_nothing(
    run: Run, project: Path, words: tuple[str, ...], message: str
) -> None:
    (project / "empty.csv").touch()
    (project / "header.csv").write_text("a,b\n")
    (project / "wrong.parquet").write_text("a,b\n1,2\n")
    (project / "twice.csv").write_text("a,a\n1,2\n")
    before = sorted(project.rglob("*"))
    said = run("init", "shop", "--source", "usecases/toy/data.csv", *words)
    assert said.status == 2
    assert message in said.err
    assert "Traceback" not in said.err
    assert sorted(project.rglob("*")) == before


def test_init_that_can_t_write_the_second_file_takes_the_first_back(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def full(source: str, file: Path) -> None:
        if file.parent.name == "expectations":
            raise OSError(28, "No space left on device", str(file))
        link(source, file)

    monkeypatch.setattr(os, "link", full)
    said = run("init", "shop", "--source", "usecases/toy/data.csv", "--target", "bought")
    assert said.status == 2
    assert "No space left" in said.err
    assert [file for file in project.rglob("*") if file.is_file() and "shop" in str(file)] == []


def test_the_help_and_the_versions_need_no_heavy_library(house: House) -> None:
    code = (
        "import sys; from tidemill.cli import main; status = main(sys.argv[1:]);"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'xgboost', 'prefect', 'rich', 'great_expectations', 'fsspec'};"
        "light = {'pydantic', 'yaml'} if '--help' in sys.argv else set();"
        "print(sorted((heavy | light) & set(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    for words in (["--help"], ["train", "--help"], ["models", "toy", "--json", "--project", str(house.project)]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert done.stderr == "[]\n", (words, done.stderr)


def test_the_help_comes_at_once() -> None:
    """Half a second at most, measured in processor time: other tests run beside this one."""
    before = os.times()
    for _ in range(5):
        subprocess.run([sys.executable, "-m", "tidemill", "--help"], capture_output=True, check=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent / 5 < 0.5


def test_serve_says_what_is_wrong_before_it_serves(run: Run, project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run("serve", "toy", "--port", str(port), "--json")
    assert said.status == 2
    assert f"127.0.0.1:{port}" in said.json["error"]["message"]
    assert "--port" in said.err
    assert run("serve", "tov").status == 2


def test_deploy_tells_what_was_registered_and_where(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    one = RegisteredDeployment(
        name="training/toy", id="1", entrypoint="x", version="1", schedule="0 3 1 * *", change="created"
    )
    made = Deployed(api="http://here/api", embedded=False, work_pool="tidemill", deployments=(one,), automations=("a",))
    monkeypatch.setattr("deployments.registering.deploy", lambda *words: given.append(words) or made)
    said = run("deploy", "toy", "--json")
    assert said.json["deployments"][0]["name"] == "training/toy"
    assert given == [(("toy",), str(project / "lake"))]
    words = run("deploy").out
    assert "training/toy  0 3 1 * *" in words
    assert "http://here/api" in words


def test_up_says_where_everything_is_once_it_runs(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Deployed(api="http://here/api", embedded=False, work_pool="tidemill", deployments=(), automations=())

    def up(
        names: tuple[str, ...],
        lake: str,
        *,
        places: Places,
        runs: int,
        say: Callable[..., None],
        ready: Callable[..., None],
    ) -> None:
        say("starting")
        ready(Platform(places.prefect, places.api, places.rest, lake, "logs", names, made))

    monkeypatch.setattr("deployments.up.up", up)
    said = run("up", "toy", "--port", "8123", "--json")
    assert said.status == 0, said.err
    assert said.err == "starting\n"
    assert said.json == {
        "prefect": "http://127.0.0.1:4200",
        "api": "http://127.0.0.1:4200/api",
        "rest": "http://127.0.0.1:8123",
        "lake": str(project / "lake"),
        "logs": "logs",
        "use_cases": ["toy"],
        "deployments": [],
    }
    assert "http://127.0.0.1:8123/docs" in run("up", "toy", "--port", "8123").out


def test_init_of_a_database_writes_a_use_case_that_reads_it(run: Run, project: Path) -> None:
    with closing(sqlite3.connect(project / "shop.db")) as connection:
        toy_rows(300).to_sql("visits", connection, index=False)
    words = ("--source", "sqlite:///shop.db", "--table", "visits", "--target", "bought", "--time", "at", "--id", "row")
    said = run("init", "shop", *words, "--json")
    assert said.status == 0, said.err
    made = load_usecase("shop")
    source = made.sources[made.primary]
    assert source.sql is not None
    assert (source.sql.url, source.sql.table) == ("sqlite:///../../shop.db", "visits")
    assert collect(Store(str(project / "lake")), made).snapshot.rows == 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sqlite:///shop.db",), "--source is a database: give its --table too"),
        (("sqlite:///none.db", "--table", "t"), "there is no SQLite database"),
        (("postgresql://ana:secret@h/x", "--table", "t"), "a password stands there in clear"),
    ],
)
def test_a_database_that_init_can_not_read(run: Run, project: Path, words: tuple[str, ...], message: str) -> None:
    said = run("init", "shop", "--source", *words, "--target", "bought")
    assert said.status == 2
    assert message in said.err
    assert "secret@" not in said.err
    assert not (project / "usecases" / "shop").exists()
