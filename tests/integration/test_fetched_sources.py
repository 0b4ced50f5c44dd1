"""A model's life on a database: what is new comes in by itself, and its password is nowhere but where it belongs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.servers import Database
from tests.toy import TOY_YAML, toy_rows
from tidemill.errors import UserError
from tidemill.registry import Registry
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

SOURCE = """\
  visits:
    sql: {{url: "{url}", table: visits}}
    incremental: {{column: at, overlap: 1d}}
"""
PASSWORD = "kept-by-Prefect/only@once"


@pytest.fixture
def shop(project: Path, database: Database) -> Path:
    """The toy use case on a table of PostgreSQL, with the password in a Prefect Secret block."""
    from prefect.blocks.system import Secret

    Secret(value=PASSWORD).save("shop-database", overwrite=True)
    database.run("DROP ROLE IF EXISTS reader", f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    insert(database, toy_rows(1200))
    database.run("GRANT SELECT ON visits TO reader")
    url = database.server.url(database.name, user="reader", password="${secret:shop-database}")
    file = project / "usecases" / "toy" / "usecase.yaml"
    file.write_text(TOY_YAML.replace("  visits: {url: data.csv}\n", SOURCE.format(url=url)))
    (file.parent / "data.csv").unlink()
    return file


def insert(database: Database, rows: pd.DataFrame) -> None:
    rows.to_sql("visits", database.engine, if_exists="append", index=False)


def everything_in(lake: Store) -> Iterator[tuple[str, bytes]]:
    for key in lake.list():
        yield key, lake.read_bytes(key)


def told_to_prefect() -> str:
    """Every line that runs have logged, and every run with its parameters."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        logs = client.read_logs(limit=200)
        runs = client.read_flow_runs()
    return "\n".join([*(log.message for log in logs), *(run.model_dump_json() for run in runs)])


def test_from_the_first_rows_to_the_newest(
    shop: Path, project: Path, database: Database, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from flows.collecting import collecting
    from flows.monitoring import monitoring
    from flows.scoring import scoring
    from flows.training import training

    caplog.set_level(logging.DEBUG)
    lake = Store(str(project / "lake"))
    run = training("toy", until="2024-02-20")
    (source,) = run.lineage.collected.sources
    assert (source.files, source.rows) == (0, 1200)
    assert source.notes == ("1,200 rows fetched, 0 of them there already",)
    if not run.decision.promoted:
        Registry(lake, "toy").promote(run.version, who="a test", why="what follows needs a champion")
    again = collecting("toy", until="2024-02-20")
    assert again == run.lineage.collected, "nothing is new, so nothing is done again"

    insert(database, toy_rows(240, start="2024-02-20", first=1200, seed=6))
    answers = scoring("toy")
    assert answers.rows == 240
    assert sorted(pd.read_parquet(answers.output)["row"]) == list(range(1200, 1440))
    assert scoring("toy") == answers
    assert monitoring("toy").rows == 240
    insert(database, toy_rows(1, start="2024-03-01", first=1440))
    assert collecting("toy").sources[0].rows == 1441
    assert collecting("toy", since="2024-03-01").snapshot.rows == 1

    database.run("ALTER ROLE reader PASSWORD 'another'")
    with pytest.raises(UserError, match="does not accept the user or the password") as caught:
        collecting("toy")
    said = "".join(traceback.format_exception(caught.value)) + caplog.text + "".join(capfd.readouterr())
    assert PASSWORD not in said + told_to_prefect()
    for form in (PASSWORD, "kept-by-Prefect%2Fonly%40once"):
        assert form not in said
        assert [key for key, data in everything_in(lake) if form.encode() in data] == []


def test_a_block_that_is_not_there_is_named(shop: Path) -> None:
    from flows.collecting import collecting

    shop.write_text(shop.read_text().replace("shop-database", "shop-databse"))
    with pytest.raises(
        UserError, match=r"`\$\{secret:shop-databse\}`: there is no Prefect Secret block `shop-databse`"
    ):
        collecting("toy")
