"""A version's Model in memory, and which version that is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from tidemill.learning.explaining import Explanation
    from tidemill.learning.model import Model
    from tidemill.registry import ModelVersion

__all__ = ["LoadedModel", "chosen_version", "load_model"]


@dataclass(frozen=True)
class LoadedModel:
    """A version of a use case's model, in memory. Safe to share between threads.

    ``problem`` says why it is not the champion that was asked for, if so.
    """

    use_case: str
    version: str
    model: Model
    problem: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a frame must bring."""
        return tuple(column.name for column in self.model.columns if column.required)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``prediction`` and one ``probability_<class>`` a class, or ``prediction``, ``lower``, ``upper``.

        Where rows are ranked, ``prediction`` and, if the frame has the query's column, ``rank`` within the query.
        Same rows, same order, index 0 to n-1. Raises UserError naming the row and column of what can't
        be read.
        """
        return self.model.predict(frame)

    def explain(self, frame: pd.DataFrame) -> Explanation:
        """Why each row's score is what it is: ``.contributions``, a column a column, and ``.base``.

        They add up to the score: log-odds of the positive (or the predicted) class, or the target's unit. Raises
        UserError as :meth:`predict` does.
        """
        return self.model.explain(frame)


def load_model(store: Store, use_case: str, version: str = "champion", *, threads: int | None = None) -> LoadedModel:
    """The model of ``version`` (``champion`` and ``latest`` are understood). Raises UserError when there is none.

    A damaged champion is never loaded: the last good one before it is, with a RuntimeWarning.
    """
    from tidemill.learning.model import Model
    from tidemill.registry import Registry

    def loaded(found: ModelVersion) -> Model:
        return Model.load(store, found.model, threads=threads)

    registry = Registry(store, use_case)
    answering = registry.answering(loaded) if version == "champion" else None
    if answering is None:
        found = registry.version(version)
        return LoadedModel(use_case, found.version, loaded(found))
    if answering.problem is not None:
        warnings.warn(answering.problem, RuntimeWarning, stacklevel=3)
    return LoadedModel(use_case, answering.version.version, answering.loaded, answering.problem)


def chosen_version(store: Store, use_case: str, version: str) -> tuple[ModelVersion, str | None]:
    """The version that is to answer, and the alarm to give when it is not the champion that was asked for.

    Raises UserError when there is none, and DamagedError when the champion is damaged, and all before it.
    """
    from tidemill.registry import Registry

    registry = Registry(store, use_case)
    answering = registry.answering(registry.whole) if version == "champion" else None
    return (registry.version(version), None) if answering is None else (answering.version, answering.problem)
