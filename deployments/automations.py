"""The automations that come with the deployments: alarms start retraining, and dead runs are found out."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture

from deployments.catalogue import Plan
from deployments.settings import TAG, worker_settings

__all__ = ["DEAD_RUNS", "dead_runs", "keep", "retrain_on_alarm", "retraining_name"]

ALARM = "tidemill.alarm"
BURST = timedelta(minutes=10)
"""Alarms within this time are one: a monitoring run raises an alarm for each column that drifts."""
MENDABLE = ("drift", "prediction", "quality", "calibration")
"""The kinds of alarm that newer rows can mend. Broken data must be mended first: training on it would make it worse."""
DEAD_RUNS = "tidemill: runs without a heartbeat have crashed"


def retraining_name(use_case: str) -> str:
    """What the automation is called that retrains ``use_case``."""
    return f"tidemill: retrain {use_case} on an alarm"


def retrain_on_alarm(plan: Plan, deployment: UUID) -> AutomationCore:
    """An alarm of the use case (event ``tidemill.alarm``) at one of the plan's levels runs its retraining.

    Only the kinds of alarm that training can mend do: a broken source is not among them.
    The event's payload names the end of the data that raised it (``until``), which the run gets typed,
    so that the gate's window moves up to it; the retraining flow itself keeps to the cooldown.
    """
    until = {"__prefect_kind": "jinja", "template": "{{ event.payload.until | default(none) | tojson }}"}
    reason = "{{ event.payload.level }} alarm: {{ event.payload.what }}"
    return AutomationCore(
        name=retraining_name(plan.use_case),
        description=f"An alarm ({' or '.join(plan.alarms)}) of {plan.use_case} starts {plan.name}.",
        tags=list(plan.tags),
        trigger=EventTrigger(
            expect={ALARM},
            match={
                "prefect.resource.id": f"tidemill.usecase.{plan.use_case}",
                "tidemill.level": list(plan.alarms),
                "tidemill.kind": list(MENDABLE),
            },
            posture=Posture.Reactive,
            threshold=1,
            within=BURST,
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=deployment,
                parameters={
                    "until": {"__prefect_kind": "json", "value": until},
                    "reason": {"__prefect_kind": "jinja", "template": reason},
                },
            )
        ],
        owner_resource=f"prefect.deployment.{deployment}",
    )


def dead_runs() -> AutomationCore:
    """A run of Tidemill that sent heartbeats and then nothing has crashed: without this it stays Running for ever.

    A worker that is stopped while busy takes its run's process with it and tells nobody; the run would keep
    its concurrency slot, and no later run of that deployment would start.
    """
    # Seconds. With fewer heartbeats, work that holds the interpreter for long would look dead.
    silence = 4 * int(worker_settings()["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    return AutomationCore(
        name=DEAD_RUNS,
        description=f"Sets runs that were silent for {silence} s to Crashed, which frees their slot.",
        tags=[TAG],
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silence),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"No heartbeat for {silence} s: the process is gone.",
            )
        ],
    )


def keep(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Create the automation, or bring the one of its name up to date; one that a person switched off stays off."""
    found = client.read_automations_by_name(wanted.name)
    if not found:
        client.create_automation(wanted)
    elif not _same(found[0], wanted):
        client.update_automation(found[0].id, wanted.model_copy(update={"enabled": found[0].enabled}))


def _same(there: Automation, wanted: AutomationCore) -> bool:
    what = {"trigger", "actions", "description", "tags"}
    return there.model_dump(mode="json", include=what) == wanted.model_dump(mode="json", include=what)
