"""The champion of one use case, kept in memory and changed while requests go on."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from tidemill.errors import DamagedError, TidemillError
from tidemill.learning.model import Model
from tidemill.learning.rows import RowPredictor
from tidemill.registry import ModelVersion, Registry
from tidemill.serving.tally import Tally
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Champion", "InMemory"]

_LOOK_AGAIN_SECONDS = 60.0

log = logging.getLogger("tidemill.serving")


@dataclass(frozen=True)
class InMemory:
    """A version that answers. A request keeps the one that it began with."""

    version: str
    predictor: RowPredictor


class Champion:
    """Follows the registry's champion. ``current`` is replaced whole, so a request never waits for a change.

    A champion that is damaged never answers: the last good one before it does. ``problem`` says so, or why else the
    newest champion does not answer; then the one before goes on. ``tally`` counts what is answered.
    """

    def __init__(self, store: Store, use_case: UseCase) -> None:
        self.use_case = use_case
        self.current: InMemory | None = None
        self.problem: str | None = None
        self.tally: Tally | None = Tally(store, use_case.name)
        self._store = store
        self._registry = Registry(store, use_case.name)
        self._damage: tuple[str, str] | None = None
        self._look_again = 0.0

    def refresh(self) -> None:
        """Look for another champion, and load it. Raises nothing: what goes wrong becomes the ``problem``."""
        try:
            self._complain(self._follow())
        except TidemillError as error:
            self._complain(f"the champion could not be looked up or loaded: {error}")
        except Exception as error:  # the service goes on with what it has, whatever a load meets
            self._complain(f"the champion could not be looked up or loaded: {type(error).__name__}: {error}")
        if self.tally is not None:
            self.tally.write()

    async def follow(self) -> None:
        """Refresh for ever, every ``serve.reload_seconds``, beside the requests."""
        while True:
            await asyncio.sleep(self.use_case.serve.reload_seconds)
            await asyncio.to_thread(self.refresh)

    def _follow(self) -> str | None:
        """Answer with the champion, or the last good one; gives the problem with the champion, if it has one.

        A damaged champion is looked at again once a minute: it may have been restored.
        """
        name = self._registry.champion_name()
        if name is None or (self.current is not None and self.current.version == name):
            return None
        if self._damage is not None and self._damage[0] == name and time.monotonic() < self._look_again:
            return self._damage[1]
        self._damage = None
        try:
            found = self._registry.answering(self._loaded)
        except DamagedError as error:
            self._remember(name, str(error))
            raise
        if found is None:
            return None
        if found.loaded is not self.current:
            self.current = found.loaded
            log.info("%s: %s answers", self.use_case.name, found.version.version)
        if found.problem is not None:
            self._remember(name, found.problem)
        return found.problem

    def _remember(self, champion: str, problem: str) -> None:
        self._damage = (champion, problem)
        self._look_again = time.monotonic() + _LOOK_AGAIN_SECONDS

    def _loaded(self, version: ModelVersion) -> InMemory:
        if self.current is not None and self.current.version == version.version:
            return self.current
        predictor = RowPredictor(Model.load(self._store, version.model, threads=1))
        predictor.warm()
        return InMemory(version.version, predictor)

    def _complain(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            log.warning("%s: %s", self.use_case.name, problem)
        self.problem = problem
