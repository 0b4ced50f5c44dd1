"""Traps in the data: what makes a model or its proof worth less than it looks, beyond columns that know the answer.

The parts import when they are used: flows only ask which traps stop a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from tidemill.results import Labelled, Split, Trap, Validation
    from tidemill.store import Store
    from tidemill.task import Task
    from tidemill.usecase.schema import UseCase

__all__ = ["find_split_traps", "find_traps", "stopped_by"]


def find_traps(use_case: UseCase, frame: pd.DataFrame, target: str, task: Task) -> list[Trap]:
    """The traps in labelled rows (:mod:`tidemill.traps.finding`)."""
    from tidemill.traps.finding import find_traps as find

    return find(use_case, frame, target, task)


def find_split_traps(
    store: Store, use_case: UseCase, labelled: Labelled, validation: Validation, split: Split
) -> list[Trap]:
    """The traps that only both sides of the split show (:mod:`tidemill.traps.across`)."""
    from tidemill.traps.across import find_split_traps as find

    return find(store, use_case, labelled, validation, split)


def stopped_by(traps: Sequence[Trap]) -> tuple[str, ...]:
    """A reason for each trap that stops the run, with what to do about it."""
    return tuple(
        f"{trap.evidence}. If that is how it is, say `validate: {{allow: [{trap.kind}]}}`"
        for trap in traps
        if trap.stops
    )
