"""The champion of one use case, kept in memory and changed while requests go on."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from tidemill.errors import TidemillError
from tidemill.learning.model import Model
from tidemill.learning.rows import RowPredictor
from tidemill.registry import Registry
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Champion", "InMemory"]

log = logging.getLogger("tidemill.serving")


@dataclass(frozen=True)
class InMemory:
    """A version that answers. A request keeps the one that it began with."""

    version: str
    predictor: RowPredictor


class Champion:
    """Follows the registry's champion. ``current`` is replaced whole, so a request never waits for a change.

    ``problem`` says why the newest champion does not answer, if so; then the one before goes on.
    """

    def __init__(self, store: Store, use_case: UseCase) -> None:
        self.use_case = use_case
        self.current: InMemory | None = None
        self.problem: str | None = None
        self._store = store
        self._registry = Registry(store, use_case.name)

    def refresh(self) -> None:
        """Look for another champion, and load it. Raises nothing: what goes wrong becomes the ``problem``."""
        try:
            self._follow()
            self.problem = None
        except TidemillError as error:
            self._complain(str(error))
        except Exception as error:  # the service goes on with what it has, whatever a load meets
            self._complain(f"{type(error).__name__}: {error}")

    async def follow(self) -> None:
        """Refresh for ever, every ``serve.reload_seconds``, beside the requests."""
        while True:
            await asyncio.sleep(self.use_case.serve.reload_seconds)
            await asyncio.to_thread(self.refresh)

    def _follow(self) -> None:
        found = self._registry.champion()
        if found is None or (self.current is not None and self.current.version == found.version):
            return
        predictor = RowPredictor(Model.load(self._store, found.model, threads=1))
        predictor.warm()
        self.current = InMemory(found.version, predictor)
        log.info("%s: %s answers", self.use_case.name, found.version)

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("%s: the champion could not be looked up or loaded: %s", self.use_case.name, problem)
        self.problem = problem
