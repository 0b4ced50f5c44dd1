"""What a forecast knows of the past when it answers a batch, and what is said where it knows too little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidemill.errors import UserError
from tidemill.usecase.values import duration_text

if TYPE_CHECKING:
    import pandas as pd

    from tidemill.learning.model import Model

__all__ = ["Stale", "knowing"]


def knowing(model: Model, frames: Iterator[pd.DataFrame], url: str) -> Model:
    """A forecast that knows the past that the rows themselves bring."""
    try:
        return model.remembering(frames)
    except UserError as error:
        raise UserError(f"{url}: {error}", row=error.row, column=error.column) from None


class Stale:
    """Counts the rows of a forecast whose newest past nobody brought."""

    def __init__(self, model: Model, first: pd.DataFrame) -> None:
        self._forecaster = model.forecaster
        self._rows = self._forecaster.beyond(first) if self._forecaster else 0

    def counted(self, rest: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The frames that follow, as they are."""
        for frame in rest:
            self._rows += self._forecaster.beyond(frame) if self._forecaster else 0
            yield frame

    def warnings(self, rows: int) -> tuple[str, ...]:
        """What to say of them, if there are any."""
        if self._forecaster is None or not self._rows:
            return ()
        plan, until = self._forecaster.plan, self._forecaster.until
        return (
            f"{self._rows:,} of {rows:,} rows were answered without their newest past: `{plan.target}` is known until "
            f"{until:%Y-%m-%d %H:%M} UTC, and the forecast reaches {duration_text(plan.gap)} further. Bring newer rows "
            f"that have their `{plan.target}` in the input, or train again",
        )
