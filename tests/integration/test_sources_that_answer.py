"""An HTTP API and a Python function in the whole flow: what is new is asked for, and a token is nowhere to be found."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.misbehaving import Api, Asked, Reply, api
from tests.toy import TOY_YAML, toy_rows
from tidemill.errors import UserError
from tidemill.results import TrainingRun

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

SECRET = "tidal-Wave-7421"
SOURCES = """\
  visits:
    http:
      url: {url}/visits
      records: data.items
      headers: {{Authorization: "Bearer ${{VISITS_TOKEN}}"}}
      parameters: {{key: "${{VISITS_TOKEN}}"}}
      paging: cursor
      cursor: next
      since_parameter: since
    incremental: {{column: at, overlap: 3h}}
  weather:
    python: weather:readings
    join: {{on: region, as_of: measured, known_after: 1h}}
"""
WEATHER = """\
import pandas as pd

def readings():
    for region in ("north", "south", "east", "west"):
        yield pd.DataFrame({"region": region, "measured": pd.date_range("2024-01-01", periods=60, freq="D"), "rain": range(60)})
"""


class Visits:
    """The API: 1,195 visits in pages of 200, of which ``there`` are there yet. Every 3rd request is answered with 503."""

    def __init__(self) -> None:
        rows = toy_rows(1195)
        text = rows.assign(at=[moment.isoformat() for moment in rows["at"]]).to_json(orient="records")
        self.records: list[dict[str, Any]] = json.loads(text)
        self.there = 1000
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply({"error": f"the token {asked.headers.get('authorization')} is not ours"}, 401)
        if len(self.asked) % 3 == 0:
            return Reply({"error": SECRET}, 503, {"Retry-After": "0"})
        since = pd.Timestamp(asked.query.get("since", "2000-01-01T00:00:00Z")).tz_localize(None).isoformat()
        found = [record for record in self.records[: self.there] if record["at"] >= since]
        at = int(asked.query.get("cursor", 0))
        return Reply({"data": {"items": found[at : at + 200]}, "next": at + 200 if at + 200 < len(found) else None})


@pytest.fixture
def visits(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visits]:
    """The toy use case with its visits from an API, and the weather from a function of the project."""
    monkeypatch.setenv("VISITS_TOKEN", SECRET)
    monkeypatch.setattr("tidemill.connectors.asking._FIRST_WAIT", 0.001)
    (project / "weather.py").write_text(WEATHER)
    visits = Visits()
    with api(visits) as served:
        write(project, served)
        yield visits


def write(project: Path, served: Api) -> None:
    yaml = TOY_YAML.replace("  visits: {url: data.csv}\n", SOURCES.format(url=served.url)).replace(
        "trials: 3", "trials: 1"
    )
    (project / "usecases" / "toy" / "usecase.yaml").write_text(yaml)


def train() -> TrainingRun:
    from flows.training import training

    run = training("toy")
    assert isinstance(run, TrainingRun)
    return run


def test_the_second_run_fetches_only_what_is_new_and_the_third_nothing(
    project: Path, visits: Visits, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = train()
    assert first.balance.collected == 1000
    assert "since" not in visits.asked[0].query
    assert all(asked.query["key"] == SECRET for asked in visits.asked)

    visits.there, visits.asked = 1195, []
    second = train()
    assert second.balance.collected == 1195
    assert second.version != first.version
    newest = pd.Timestamp(visits.records[999]["at"]) - pd.Timedelta("3h")
    assert {asked.query["since"] for asked in visits.asked} == {f"{newest.isoformat()}Z"}

    third = train()
    assert all(third.reused.values()), third.reused
    assert third.version == second.version
    said = caplog.text
    for file in [one for one in project.rglob("*") if one.is_file()]:
        said += file.read_bytes().decode("latin-1")
    assert "${VISITS_TOKEN}" in said
    assert SECRET not in said


def test_a_token_that_is_wrong_is_said_without_it(
    visits: Visits, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("VISITS_TOKEN", "yesterdays-token")
    with pytest.raises(UserError, match=r"/visits answered 401 Unauthorized .*check the token in `headers`"):
        train()
    assert "yesterdays-token" not in caplog.text
    assert len(visits.asked) == 1
