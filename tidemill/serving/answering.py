"""What the service answers from: a champion that it follows, or one version that it was given."""

from __future__ import annotations

from typing import Protocol

from tidemill.learning.model import Model
from tidemill.learning.rows import RowPredictor
from tidemill.serving.champion import InMemory
from tidemill.serving.tally import Tally
from tidemill.usecase import UseCase

__all__ = ["Answering", "Pinned"]


class Answering(Protocol):
    """One served use case. ``current`` answers, and ``problem`` says why another that should does not.

    ``tally`` counts what is answered; None where nobody is to know.
    """

    use_case: UseCase
    current: InMemory | None
    problem: str | None
    tally: Tally | None

    def refresh(self) -> None:
        """Look once for what should answer."""

    async def follow(self) -> None:
        """Go on looking, beside the requests."""


class Pinned:
    """One Model under the name ``version``, whoever is champion: it is there from the start and never changes."""

    def __init__(self, use_case: UseCase, version: str, model: Model) -> None:
        self.use_case = use_case
        self.current: InMemory | None = InMemory(version, RowPredictor(model))
        self.problem: str | None = None
        self.tally: Tally | None = None

    def refresh(self) -> None:
        """Nothing can have changed."""

    async def follow(self) -> None:
        """Nothing will change."""
