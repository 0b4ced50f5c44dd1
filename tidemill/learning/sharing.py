"""One study, several processes or machines: who tries what, and what becomes of a trial whose process died.

Optuna's storage says who is at which trial; the lake holds what came of it, and is written first. So a
trial that was finished is never lost, and one that the storage alone knows is one still running. A trial is
claimed by writing it into the storage whole, owner and setting and all; of two claims of one number the earlier
holds. A number whose process died is free again, and its setting is tried again under it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.errors import UserError
from tidemill.learning.boosting import Parameters
from tidemill.learning.processes import Pulse, certainly_dead, this_process
from tidemill.learning.storages import BEAT_SECONDS, GRACE_SECONDS, open_storage, quiet, storage_failures
from tidemill.learning.trials import Trial, TrialLog
from tidemill.store import shown

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

__all__ = ["SharedStudy", "Vacancy"]

_NUMBER, _OWNER, _BEAT = "number", "owner", "beat"
_SHOWN = ("rounds", "rows", "seconds", "memory", "reason")
_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Vacancy:
    """The lowest number that nobody is at: ``settings`` are there when they were tried by a process that died.

    ``finished`` are the study's trials by now, ``running`` the settings that other processes are at.
    """

    number: int
    settings: Parameters
    finished: tuple[Trial, ...]
    running: tuple[Parameters, ...]


class SharedStudy:
    """A study in a storage of Optuna's. ``name`` is the study's there; its trials' results go to ``log``."""

    def __init__(self, storage: str, folder: Path, name: str, log: TrialLog) -> None:
        self._where = storage
        self._folder = folder
        self._name = name
        self._log = log
        self._mine: dict[int, tuple[int, Pulse]] = {}
        self._heard: dict[int, tuple[Any, float]] = {}
        self._looked = float(-BEAT_SECONDS)

    def open(self, metric: str, space: dict[str, BaseDistribution], finished: Sequence[Trial]) -> None:
        """Find the study, or make it, with every trial of the lake in it.

        Raises UserError when the storage can't be used, or knows of trials that this lake does not hold.
        """
        from tidemill.learning.exporting import space_of
        from tidemill.learning.sampling import frozen, new_study

        self._space = space
        with quiet(), self._failures():
            self._storage = open_storage(self._where, self._folder)
            self._study = new_study(metric, storage=self._storage, study_name=self._name, load_if_exists=True)
            self._id = self._storage.get_study_id_from_name(self._name)
            here = {_number(trial) for trial in self._trials() if trial.state != _states().FAIL}
            around = space_of(finished)
            for trial in finished:
                if trial.number not in here:
                    self._study.add_trial(frozen(trial, around, **{_NUMBER: trial.number}))
            self._check_lake()

    def vacancy(self, most: int | None) -> Vacancy | None:
        """What to try next; None when all of ``most`` trials are finished or being tried."""
        states = _states()
        with self._failures():
            trials = self._settled()
            known = self._log.by_number()
            at = {_number(trial) for trial in trials if trial.state != states.FAIL} | known.keys()
            number = next(free for free in itertools.count() if free not in at)
            if most is not None and number >= most:
                return None
            left = [trial for trial in trials if trial.state == states.FAIL and _number(trial) == number]
            running = [trial for trial in trials if trial.state == states.RUNNING and _number(trial) not in known]
            return Vacancy(
                number=number,
                settings=dict(left[0].params) if left else {},
                finished=tuple(known.values()),
                running=tuple(trial.params for trial in running if trial.params.keys() == self._space.keys()),
            )

    def claim(self, number: int, parameters: Parameters) -> bool:
        """Say that this process tries the setting. False when another was faster to claim the number."""
        from optuna.trial import create_trial

        from tidemill.learning.sampling import within

        states = _states()
        with self._failures():
            made = create_trial(
                state=states.RUNNING,
                params=within(parameters, self._space),
                distributions=self._space,
                user_attrs={_NUMBER: number, _OWNER: this_process()},
            )
            key = self._storage.create_new_trial(self._id, made)
            mine = self._storage.get_trial_number_from_id(key)
            for trial in self._trials():
                if trial.number < mine and _number(trial) == number and trial.state != states.FAIL:
                    self._storage.set_trial_state_values(key, states.FAIL)
                    return False
        beats = itertools.count()
        pulse = Pulse(lambda: self._beat(key, next(beats)), BEAT_SECONDS)
        pulse.start()
        self._mine[number] = (key, pulse)
        return True

    def report(self, number: int, progress: int, value: float) -> None:
        """Show how far a trial of this process is."""
        with self._updating():
            self._storage.set_trial_intermediate_value(self._mine[number][0], progress, float(value))

    def finish(self, trial: Trial) -> None:
        """Tell how a trial of this process fared."""
        key, pulse = self._mine.pop(trial.number)
        pulse.stop()
        self._tell(key, trial)

    def give_up(self) -> None:
        """Leave the trials that this process is still at to others."""
        for key, pulse in self._mine.values():
            pulse.stop()
            with self._updating():
                self._storage.set_trial_state_values(key, _states().FAIL)
        self._mine.clear()

    def wait(self) -> None:
        """A moment, for other processes to end their trials."""
        time.sleep(_WAIT_SECONDS)

    def _settled(self) -> list[FrozenTrial]:
        """The trials, when those whose process is gone were seen to: what the lake has is told, the rest failed."""
        import optuna

        states = _states()
        if time.monotonic() - self._looked >= BEAT_SECONDS:
            optuna.storages.fail_stale_trials(self._study)
            self._looked = time.monotonic()
        trials = self._trials()
        running = [trial for trial in trials if trial.state == states.RUNNING]
        known = self._log.by_number() if running else {}
        for trial in running:
            number = _number(trial)
            if number in known:
                self._tell(trial._trial_id, known[number])
            elif certainly_dead(trial.user_attrs.get(_OWNER)) or self._silent(trial):
                with self._updating():
                    self._storage.set_trial_state_values(trial._trial_id, states.FAIL)
        return self._trials() if running else trials

    def _tell(self, key: int, trial: Trial) -> None:
        """Write into the storage what the lake has of a trial. That others have done so is no matter."""
        from tidemill.learning.sampling import attributes

        states = _states()
        state = states.PRUNED if trial.state == "pruned" else states.COMPLETE
        said = attributes(trial)
        with self._updating():
            for name in _SHOWN:
                if name in said:
                    self._storage.set_trial_user_attr(key, name, said[name])
            self._storage.set_trial_state_values(key, state, [trial.value])

    def _silent(self, trial: FrozenTrial) -> bool:
        """Whether nothing was heard of a running trial for so long, by this process's own clock, that it is dead."""
        sign = (trial.user_attrs.get(_BEAT), len(trial.intermediate_values))
        before, since = self._heard.get(trial.number, (None, 0.0))
        if before != sign:
            self._heard[trial.number] = (sign, time.monotonic())
            return False
        return time.monotonic() - since > GRACE_SECONDS

    def _beat(self, key: int, count: int) -> None:
        """Say that this process lives; where the storage has a heartbeat, by that as well."""
        self._storage.set_trial_user_attr(key, _BEAT, count)
        if hasattr(self._storage, "record_heartbeat"):
            self._storage.record_heartbeat(key)

    def _check_lake(self) -> None:
        """Whether what is finished in the storage is in the lake: those who share a study must share the lake."""
        states = _states()
        finished = {_number(trial) for trial in self._trials() if trial.state in (states.COMPLETE, states.PRUNED)}
        missing = sorted(number for number in finished - self._log.by_number().keys() if number is not None)
        if missing:
            raise UserError(
                f"`tune.storage`: in {shown(self._where)} the study `{self._name}` has finished trial {missing[0]}, "
                "and this lake does not hold it. Those who share a study must share the lake: mend --lake, or name "
                "another storage"
            )

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    @contextmanager
    def _updating(self) -> Iterator[None]:
        """Around what changes a trial that others may have given up for dead: then nothing is changed."""
        from optuna.exceptions import UpdateFinishedTrialError

        with self._failures(), suppress(UpdateFinishedTrialError):
            yield

    @contextmanager
    def _failures(self) -> Iterator[None]:
        with storage_failures(self._where):
            yield


def _number(trial: FrozenTrial) -> int | None:
    """Our number of a trial of Optuna's; None for one that another tool put there."""
    number = trial.user_attrs.get(_NUMBER)
    return int(number) if number is not None else None


def _states() -> Any:
    from optuna.trial import TrialState

    return TrialState
