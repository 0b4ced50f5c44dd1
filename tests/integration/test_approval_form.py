"""The run that waits for a person, on a real Prefect server: answered in its form, by the ledger, and by nobody."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lineage import register
from tidemill.registry import ModelVersion, Registry
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


@pytest.fixture
def registry(project: Path) -> Registry:
    return Registry(Store(str(project / "lake")), "toy")


@pytest.fixture
def asked(project: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Starts the run that waits for a made-up version; gives the version, what will come of it, and the form's run."""
    monkeypatch.setattr("tasks.approve.LOOK_SECONDS", 0.5)
    with ThreadPoolExecutor(1) as pool:

        def start(patience: timedelta) -> tuple[ModelVersion, Future[str], Any]:
            from flows.approving import approving

            version = register(registry)
            registry.decide(version.version, "wait", why="It passed.", until=datetime.now(UTC) + patience)
            context = contextvars.copy_context()
            report = "https://lake.example/report.html"
            said = pool.submit(context.run, approving, "toy", version.version, report, str(project / "lake"))
            return version, said, paused(said)

        yield start


def paused(said: Future[str]) -> Any:
    """The newest run that is paused."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType

    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["PAUSED"])))  # type: ignore[list-item]
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline and not said.done():
            if found := client.read_flow_runs(flow_run_filter=wanted):
                return found[0]
            time.sleep(0.1)
    return None


def resume(run: Any, **given: str) -> Any:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return client.resume_flow_run(run.id, given)


def test_the_form_wants_a_reason_and_its_answer_is_in_the_ledger(asked: Any, registry: Registry) -> None:
    version, said, run = asked(timedelta(hours=1))
    assert run is not None
    assert run.name == f"toy {version.version}"
    for wrong, field in (({"why": ""}, "why"), ({"why": "  "}, "why"), ({"decision": "maybe"}, "decision")):
        refused = resume(run, **{"decision": "approve", "why": "looked at it", "who": "ayu", **wrong})
        assert refused.status.value == "REJECT"
        assert f"'{field}'" in refused.details.reason
    assert resume(run, decision="approve", why=" looked at it ", who="ayu").status.value == "ACCEPT"
    assert said.result(60) == "approve by ayu: looked at it"
    last = registry.ledger()[-1]
    assert (last.action, last.who, last.why, last.automatic) == ("approve", "ayu", "looked at it", False)
    assert registry.champion_name() == version.version


def test_the_command_lines_answer_lets_the_run_go_on(asked: Any, registry: Registry) -> None:
    version, said, run = asked(timedelta(hours=1))
    assert run is not None
    registry.reject(version.version, who="budi", why="too few rows")
    assert said.result(60) == "reject by budi: too few rows"
    assert len(registry.ledger()) == 3, "nothing is written twice"


def test_nobodys_answer_in_time_is_a_rejection(asked: Any, registry: Registry) -> None:
    _, said, _ = asked(timedelta(seconds=3))
    assert said.result(60).startswith("reject by tidemill: nobody answered until")
    assert registry.ledger()[-1].automatic
    assert registry.champion_name() is None
