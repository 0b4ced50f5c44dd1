"""What should be registered with Prefect: six deployments a use case (and `tuning`, where its
study is shared), made from ``usecase.yaml`` and the flows.

Nothing here talks to a server. A deployment's ``version`` is a digest of all that it says, so that
registering knows what has changed.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from deployments.settings import TAG, worker_settings
from tidemill import __version__
from tidemill.errors import UserError
from tidemill.project import lake_url
from tidemill.usecase import UseCase, list_usecases, load_usecase, project_folder

__all__ = ["FLOWS", "WORK_POOL", "Flow", "Plan", "plan", "use_cases"]

Flow = Literal["collecting", "training", "scoring", "monitoring", "erasing", "retraining", "tuning"]
FLOWS: tuple[Flow, ...] = ("collecting", "training", "scoring", "monitoring", "erasing", "retraining")
WORK_POOL = "tidemill"
MOST_HELPERS = 16
MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"

_SENTENCES: dict[Flow, str] = {
    "collecting": "Brings what is new of the sources of {title} into the lake.",
    "training": "Trains {title} and lets the gate decide whether the new version is promoted.",
    "scoring": "Scores new rows of {title} with the champion.",
    "monitoring": "Watches data, drift and quality of {title}, and raises alarms.",
    "retraining": "Trains {title} anew when an alarm asks for it, at most once in {cooldown}.",
    "erasing": "Erases people from the lake of {title}: their rows are removed, refused from then on, and looked for.",
    "tuning": "Helps to tune {title}: tries settings for the study that a training shares.",
}


class Plan(BaseModel):
    """One deployment as it should be. ``alarms`` are the levels that start it (``retraining`` only)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: Flow
    use_case: str
    entrypoint: str
    description: str
    parameters: dict[str, str]
    parameter_schema: dict[str, Any]
    schedule: str | None
    tags: tuple[str, ...]
    concurrency_limit: int
    environment: dict[str, str]
    alarms: tuple[str, ...]

    @property
    def name(self) -> str:
        """The deployment's full name, such as ``training/flights``."""
        return f"{self.flow}/{self.use_case}"

    @property
    def version(self) -> str:
        """Tidemill's version and a digest of everything that the plan says."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{__version__}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def plan(names: Sequence[str] = (), lake: str | None = None, project: Path | None = None) -> list[Plan]:
    """The deployments of the named use cases, or of all in the project.

    Args:
        names: use cases; none names them all.
        lake: where the runs store everything; left out, ``TIDEMILL_LAKE`` or ``lake`` in the project's folder.
        project: the folder with ``usecases/``; left out, ``TIDEMILL_PROJECT`` or the working folder.

    Raises:
        UserError: a use case is missing or wrong, or there is none at all.
    """
    folder = (project or project_folder()).resolve()
    where = lake_url(lake, folder)
    return [made for use_case in use_cases(names, folder) for made in _plans(use_case, where, folder)]


def use_cases(names: Sequence[str], project: Path) -> list[UseCase]:
    """The named use cases of a project, or all. Raises UserError when one is missing or wrong, or there is none."""
    chosen = list(names) or list_usecases(project)
    if not chosen:
        raise UserError(f"There is no use case in {project / 'usecases'}: `tidemill init` writes one.")
    return [load_usecase(name, project) for name in chosen]


def _plans(use_case: UseCase, lake: str, project: Path) -> Iterator[Plan]:
    schedules: dict[Flow, str | None] = {
        "collecting": use_case.schedule.collecting,
        "training": use_case.schedule.training,
        "scoring": use_case.schedule.scoring,
        "monitoring": use_case.schedule.monitoring,
        "retraining": None,
        "erasing": None,
        "tuning": None,
    }
    title = f"{use_case.name} ({use_case.title})" if use_case.title else use_case.name
    for flow in (*FLOWS, "tuning") if use_case.tune.storage else FLOWS:
        yield Plan(
            flow=flow,
            use_case=use_case.name,
            entrypoint=f"flows.{flow}.{flow}",
            description=_SENTENCES[flow].format(title=title, cooldown=use_case.retrain.cooldown),
            parameters={"use_case": use_case.name, "lake": lake},
            parameter_schema=_parameter_schema(flow, use_case.name),
            schedule=schedules[flow],
            tags=(TAG, use_case.name),
            concurrency_limit=MOST_HELPERS if flow == "tuning" else 1,
            environment={**worker_settings(), "TIDEMILL_PROJECT": str(project)},
            alarms=_alarms(use_case) if flow == "retraining" else (),
        )


def _alarms(use_case: UseCase) -> tuple[str, ...]:
    levels: dict[str, tuple[str, ...]] = {"never": (), "page": ("page",), "warn": ("warn", "page")}
    return levels[use_case.retrain.on]


def _parameter_schema(flow: Flow, use_case: str) -> dict[str, Any]:
    """The flow's own parameters as JSON Schema, by which the UI draws its form and the API refuses what is wrong.

    The use case is fixed, unknown names are refused, and moments must look like one: the API does not check
    formats, so a wrong one would fail only when it runs.
    """
    function = getattr(importlib.import_module(f"flows.{flow}"), flow)
    schema: dict[str, Any] = function.parameters.model_dump(mode="json", exclude_unset=True)
    properties = {name: _checked_moments(said) for name, said in schema["properties"].items()}
    properties["use_case"] |= {"enum": [use_case], "default": use_case, "readOnly": True}
    return {**schema, "properties": properties, "additionalProperties": False}


def _checked_moments(schema: dict[str, Any]) -> dict[str, Any]:
    checked = dict(schema)
    if checked.get("format") == "date-time":
        checked["pattern"] = MOMENT
    if "anyOf" in checked:
        checked["anyOf"] = [_checked_moments(choice) for choice in checked["anyOf"]]
    return checked
