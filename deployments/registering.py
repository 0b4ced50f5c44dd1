"""Registers what the catalogue plans with a Prefect server. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from deployments import engine
from deployments.catalogue import WORK_POOL, Plan, plan
from tidemill.errors import TransientError, UserError

if TYPE_CHECKING:  # Prefect is imported after its settings are made, and while an embedded server starts
    from prefect.client.orchestration import SyncPrefectClient

__all__ = ["Deployed", "RegisteredDeployment", "deploy", "register"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisteredDeployment(_Record):
    """A deployment as it is registered now, and what registering did to it. ``schedule`` is a cron line, in UTC."""

    name: str
    id: str
    entrypoint: str
    version: str
    schedule: str | None
    change: Literal["created", "updated", "unchanged"]


class Deployed(_Record):
    """What :func:`deploy` did. ``embedded``: in this machine's own database, which `tidemill up` will serve."""

    api: str
    embedded: bool
    work_pool: str
    deployments: tuple[RegisteredDeployment, ...]
    automations: tuple[str, ...]


def deploy(names: Sequence[str] = (), lake: str | None = None, *, project: Path | None = None) -> Deployed:
    """Register the deployments and automations of the named use cases, or of all in the project.

    What did not change is left alone, with what people changed in the UI (a paused schedule, say).

    Raises:
        UserError: a use case is missing or wrong, or the server that the settings name does not answer.
        TransientError: the server went away meanwhile.
    """
    with engine.session(quiet=True) as session:
        plans = plan(names, lake, project)
        session.wait()
        return register(plans, session)


def register(plans: Sequence[Plan], session: engine.Engine) -> Deployed:
    """Register ``plans`` with the server of ``session``. Raises as :func:`deploy` does."""
    from prefect.client.orchestration import get_client

    from deployments.automations import dead_runs, keep, retrain_on_alarm, retraining_name

    with _plain_errors(session.address), get_client(sync_client=True) as client:
        _keep_work_pool(client)
        registered = [_register(client, one) for one in plans]
        automations = [dead_runs()]
        for one, done in zip(plans, registered, strict=True):
            if one.alarms:
                automations.append(retrain_on_alarm(one, UUID(done.id)))
            elif one.flow == "retraining":
                _forget(client, retraining_name(one.use_case))
        for automation in automations:
            keep(client, automation)
    return Deployed(
        api=session.address,
        embedded=session.server is not None,
        work_pool=WORK_POOL,
        deployments=tuple(registered),
        automations=tuple(automation.name for automation in automations),
    )


def _keep_work_pool(client: SyncPrefectClient) -> None:
    """The pool that workers poll, of processes on the worker's machine; one that is there stays as it is."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound
    from prefect.workers.process import ProcessWorker

    try:
        client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=WORK_POOL,
                type="process",
                description="Runs of Tidemill's flows, each a process of a worker.",
                base_job_template=ProcessWorker.get_default_base_job_template(),
            )
        )


def _register(client: SyncPrefectClient, wanted: Plan) -> RegisteredDeployment:
    from prefect.exceptions import ObjectNotFound

    change: Literal["created", "updated", "unchanged"] = "created"
    try:
        there = client.read_deployment_by_name(wanted.name)
    except ObjectNotFound:
        identity = _write(client, wanted)
    else:
        identity = there.id
        change = "unchanged"
        if there.version != wanted.version:
            change = "updated"
            _write(client, wanted)
    return RegisteredDeployment(
        name=wanted.name,
        id=str(identity),
        entrypoint=wanted.entrypoint,
        version=wanted.version,
        schedule=wanted.schedule,
        change=change,
    )


def _write(client: SyncPrefectClient, wanted: Plan) -> UUID:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
    from prefect.client.schemas.schedules import CronSchedule

    schedules = []
    if wanted.schedule is not None:
        cron = CronSchedule(cron=wanted.schedule, timezone="UTC")
        schedules.append(DeploymentScheduleCreate(schedule=cron, slug="use-case"))
    return client.create_deployment(
        flow_id=client.create_flow_from_name(wanted.flow),
        name=wanted.use_case,
        version=wanted.version,
        description=wanted.description,
        entrypoint=wanted.entrypoint,
        schedules=schedules,
        concurrency_limit=wanted.concurrency_limit,
        concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        parameters=dict(wanted.parameters),
        parameter_openapi_schema=wanted.parameter_schema,
        enforce_parameter_schema=True,
        work_pool_name=WORK_POOL,
        job_variables={"env": dict(wanted.environment)},
        pull_steps=[],
        tags=list(wanted.tags),
    )


def _forget(client: SyncPrefectClient, automation: str) -> None:
    """Remove an automation that the use case no longer asks for."""
    for found in client.read_automations_by_name(automation):
        client.delete_automation(found.id)


@contextmanager
def _plain_errors(address: str) -> Iterator[None]:
    """What the API's client raises, in words with the mend."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in {401, 403}:
            raise
        raise UserError(
            f"The Prefect server at {address} refused: set PREFECT_API_AUTH_STRING, or PREFECT_API_KEY, "
            "to its credential."
        ) from error
    except httpx.TransportError as error:
        raise TransientError(f"The Prefect server at {address} went away: {error}. Try again.") from error
