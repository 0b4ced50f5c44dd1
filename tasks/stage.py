"""How a stage becomes a Prefect task.

The lake, not Prefect, remembers what was done (:mod:`tidemill.stages`): so a stage found there is
reported to Prefect as ``Cached`` and nothing depends on which server, worker or result storage a
run happens to use. Retries are for :class:`~tidemill.errors.TransientError` only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

from prefect import State, task
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.states import Completed
from prefect.tasks import Task, exponential_backoff
from pydantic import BaseModel

from tidemill.errors import TransientError
from tidemill.progress import StageFinished, StageStarted, emit
from tidemill.secrets import blocks, hiding
from tidemill.stages import Outcome

__all__ = ["Stage", "artifact_key", "stage", "told"]

P = ParamSpec("P")
R = TypeVar("R", bound=BaseModel)


class Stage(Generic[P, R]):
    """A stage of a flow: call it inside a flow to run it as a task; ``function`` is the bare stage."""

    def __init__(self, function: Callable[P, Outcome[R]], name: str, timeout: float) -> None:
        self.function = function
        self.task: Task[P, Any] = task(
            name=name,
            task_run_name=name,
            description=(function.__doc__ or "").strip(),
            tags={"tidemill", name},
            timeout_seconds=timeout,
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=2),
            retry_jitter_factor=0.5,
            retry_condition_fn=_is_transient,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(_settled(function))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Outcome[R]:
        """Run as a Prefect task of the current flow. Raises what the stage raised."""
        state: State[Outcome[R]] = self.task(*args, return_state=True, **kwargs)
        return state.result()


def stage(name: str, *, timeout: float) -> Callable[[Callable[P, Outcome[R]]], Stage[P, R]]:
    """Make a function that gives an :class:`~tidemill.stages.Outcome` a stage; ``timeout`` in seconds."""

    def wrap(function: Callable[P, Outcome[R]]) -> Stage[P, R]:
        return Stage(function, name, timeout)

    return wrap


def artifact_key(use_case: str, what: str) -> str:
    """The key of a use case's artifact. Prefect allows no underscores in one."""
    return f"{use_case}-{what}".replace("_", "-")


def told(name: str, act: Callable[[], tuple[R, bool]], summary: Callable[[R], str]) -> Outcome[R]:
    """An Outcome for a stage that keeps its own record (the registry, the ledger) and so needs no other.

    ``act`` gives the result and whether it stood already.
    """
    emit(StageStarted(name))
    started = time.perf_counter()
    result, stood = act()
    outcome = Outcome(result, stood, time.perf_counter() - started)
    emit(StageFinished(name, outcome.seconds, stood, summary(result)))
    return outcome


def _settled(function: Callable[P, Outcome[R]]) -> Callable[P, State[Outcome[R]]]:
    """``function``, with its outcome as the state that Prefect shows: ``Cached`` for what was reused."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> State[Outcome[R]]:
        with blocks(_secret_block), hiding():
            outcome = function(*args, **kwargs)
        if outcome.reused:
            return Completed(name="Cached", message="Nothing changed: the lake had the result.", data=outcome)
        return Completed(message=f"Done in {outcome.seconds:.1f} s.", data=outcome)

    return run


def _secret_block(name: str) -> str:
    """What a Prefect Secret block holds. Raises LookupError when there is none of that name."""
    try:
        block = cast("Secret[Any]", Secret.load(name))
    except ValueError:
        raise LookupError(name) from None
    return str(block.get())


def _is_transient(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except TransientError:
        return True
    except Exception:  # whatever else it was, trying again would only repeat it
        return False
    return False
