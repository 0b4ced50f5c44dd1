"""What a study tries first: what this use case's champion was made of, then settings that do well in most places.

The champion's settings are an input like the rows: they are part of what names the study. A study that the
champion itself came from is gone on with, and not begun anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tidemill.errors import TidemillError
from tidemill.learning.boosting import Parameters
from tidemill.learning.space import Space
from tidemill.learning.trials import TrialLog
from tidemill.registry import Registry
from tidemill.store import Json, Store

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Starts", "starts"]

MOST_OF_CHAMPION = 3


@dataclass(frozen=True)
class Starts:
    """``settings`` to try first, of which the first ``champions`` are an earlier champion's."""

    settings: tuple[Parameters, ...]
    champions: int

    @property
    def identity(self) -> dict[str, Json]:
        """What they add to the study's identity: nothing without a champion."""
        return {"champion": [dict(one) for one in self.settings[: self.champions]]} if self.champions else {}


def starts(store: Store, use_case: str, identity: Mapping[str, Json], space: Space) -> Starts:
    """The settings to try first in a study of this ``identity``. Raises UserError when the ledger is damaged."""
    known = space.starting_points()
    own = _of_champion(store, use_case, identity, space.distributions(), known[0])
    return Starts((*own, *(point for point in known if point not in own)), len(own))


def fitted_into(settings: Parameters, space: Mapping[str, BaseDistribution], known: Parameters) -> dict[str, Any]:
    """``settings`` within ``space``: numbers clipped to its ranges, ``known`` for what is not of its kind."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    fitted: dict[str, Any] = {}
    for name, kind in space.items():
        value = settings.get(name)
        fitted[name] = known[name]
        if isinstance(kind, CategoricalDistribution):
            fitted[name] = value if value in kind.choices else known[name]
        elif isinstance(kind, FloatDistribution | IntDistribution) and isinstance(value, int | float):
            number = round(value) if isinstance(kind, IntDistribution) else float(value)
            fitted[name] = min(max(number, kind.low), kind.high)
    return fitted


def _of_champion(
    store: Store,
    use_case: str,
    identity: Mapping[str, Json],
    space: Mapping[str, BaseDistribution],
    known: Parameters,
) -> Sequence[Parameters]:
    champion = Registry(store, use_case).rival()
    if champion is None:
        return ()
    study = champion.lineage.study
    try:
        came_from = dict(store.read_json(f"{study.prefix}/study.json")["identity"])
        trials = TrialLog(store, study.prefix).by_number()
        made_of = [trials[number].parameters for number in dict.fromkeys(study.members)]
    except (KeyError, TidemillError):  # the champion serves without its study, and tuning can do without it too
        return ()
    stored = came_from.pop("champion", [])
    if came_from == dict(identity):
        return [dict(one) for one in stored]
    fitted = [fitted_into(settings, space, known) for settings in made_of[:MOST_OF_CHAMPION]]
    return [one for place, one in enumerate(fitted) if one not in fitted[:place]]
