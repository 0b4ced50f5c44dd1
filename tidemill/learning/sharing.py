"""One study, several processes or machines: who tries what, and what becomes of a trial whose process died.

Optuna's storage says who is at which trial; the lake holds what came of it, and is written first. So a
trial that was finished is never lost, and one that is known to the storage alone is one still running.
Numbers are ours, not Optuna's: a setting that is tried again keeps its number, and so its files.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidemill.errors import UserError
from tidemill.learning.processes import Pulse, certainly_dead, this_process
from tidemill.learning.storages import BEAT_SECONDS, GRACE_SECONDS, open_storage, quiet, storage_failures
from tidemill.learning.trials import Trial, TrialLog
from tidemill.store import shown

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

__all__ = ["SharedStudy"]

_NUMBER, _OWNER, _BEAT, _SURPLUS = "number", "owner", "beat", "surplus"
_WAIT_SECONDS = 0.5
_UNOWNED_SECONDS = 10.0


class SharedStudy:
    """A study in a storage of Optuna's. ``name`` is the study's there; its trials' results go to ``log``."""

    def __init__(self, storage: str, folder: Path, name: str, log: TrialLog) -> None:
        self._where = storage
        self._folder = folder
        self._name = name
        self._log = log
        self._pulses: dict[int, Pulse] = {}
        self._seen: dict[int, tuple[Any, float]] = {}

    def open(self, metric: str, space: dict[str, BaseDistribution], finished: Sequence[Trial]) -> optuna.Study:
        """The study, made if it is not there, with every trial of the lake in it.

        Raises UserError when the storage can't be used, or knows of trials that this lake does not hold.
        """
        from tidemill.learning.sampling import frozen, new_study

        with quiet(), self._failures():
            self._storage = open_storage(self._where, self._folder)
            self._study = new_study(metric, storage=self._storage, study_name=self._name, load_if_exists=True)
            here = set(_numbers(self._trials()).values())
            for trial in finished:
                if trial.number not in here:
                    self._study.add_trial(frozen(trial, space, **{_NUMBER: trial.number}))
            self._check_lake()
        return self._study

    def take(self, most: int | None) -> tuple[optuna.Trial, int] | None:
        """A trial for this process to run, and its number; None when all of ``most`` are taken."""
        with self._failures():
            while True:
                self._settle()
                if most is not None and self._all_taken(most):
                    return None
                trial = self._study.ask()
                with self.updating():
                    number = self._made_ours(trial)
                    if most is None or number < most:
                        return trial, number
                    self._pulses.pop(number).stop()
                    trial.set_user_attr(_SURPLUS, True)
                    self._storage.set_trial_state_values(trial._trial_id, _states().FAIL)

    def _made_ours(self, trial: optuna.Trial) -> int:
        """Say whose a new trial is, from now on every few seconds, and find its number."""
        self._beat(trial._trial_id, 0)
        trial.set_user_attr(_OWNER, this_process())
        number = _numbers(self._trials())[trial.number]
        trial.set_user_attr(_NUMBER, number)
        count = itertools.count(1)
        self._pulses[number] = Pulse(lambda: self._beat(trial._trial_id, next(count)), BEAT_SECONDS)
        self._pulses[number].start()
        return number

    def finish(self, asked: optuna.Trial, trial: Trial) -> None:
        """Tell how a trial of this process fared. That others had given it up for dead is no matter."""
        from tidemill.learning.sampling import attributes, tell

        self._pulses.pop(trial.number).stop()
        with self.updating():
            for name, value in attributes(trial).items():
                asked.set_user_attr(name, value)
            tell(self._study, asked, trial)

    @contextmanager
    def updating(self) -> Iterator[None]:
        """Around what changes a trial, which others may have given up for dead: then nothing is changed."""
        from optuna.exceptions import UpdateFinishedTrialError

        with self._failures(), suppress(UpdateFinishedTrialError):
            yield

    def give_up(self) -> None:
        """Leave the trials that this process is still at to others."""
        for pulse in self._pulses.values():
            pulse.stop()
        self._pulses.clear()
        with self.updating():
            for trial in self._trials((_states().RUNNING,)):
                if trial.user_attrs.get(_OWNER) == this_process():
                    self._storage.set_trial_state_values(trial._trial_id, _states().FAIL)

    def wait(self) -> None:
        """A moment, for other processes to end their trials."""
        time.sleep(_WAIT_SECONDS)

    def _all_taken(self, most: int) -> bool:
        states = _states()
        trials = self._trials()
        numbers = _numbers(trials)
        alive = {numbers[trial.number] for trial in trials if trial.state not in (states.FAIL, states.WAITING)}
        return alive >= set(range(most))

    def _settle(self) -> None:
        """See to trials whose process is gone: what the lake has is told, the rest is put in line again."""
        import optuna

        states = _states()
        optuna.storages.fail_stale_trials(self._study)
        running = self._trials((states.RUNNING, states.WAITING))
        numbers = _numbers(self._trials())
        known = self._log.by_number() if running else {}
        for trial in running:
            with self.updating():
                if numbers.get(trial.number) in known:
                    self._copy(trial, known[numbers[trial.number]])
                elif certainly_dead(trial.user_attrs.get(_OWNER)) or self._silent(trial):
                    self._storage.set_trial_state_values(trial._trial_id, states.FAIL)
        self._retry_failed()

    def _copy(self, waiting: FrozenTrial, known: Trial) -> None:
        """Tell of a trial what the lake has of it: its process wrote that, and came no further."""
        from tidemill.learning.sampling import attributes

        states = _states()
        for name, value in attributes(known).items():
            self._storage.set_trial_user_attr(waiting._trial_id, name, value)
        state = states.PRUNED if known.state == "pruned" else states.COMPLETE
        self._storage.set_trial_state_values(waiting._trial_id, state, [known.value])

    def _retry_failed(self) -> None:
        """Put every failed setting that nobody is at, and nobody has finished, in line again."""
        from optuna.trial import create_trial

        states = _states()
        trials = self._trials()
        numbers = _numbers(trials)
        at = {numbers[trial.number] for trial in trials if trial.number in numbers and trial.state != states.FAIL}
        for trial in trials:
            number = numbers.get(trial.number)
            if trial.state == states.FAIL and number is not None and number not in at:
                at.add(number)
                self._study.add_trial(
                    create_trial(
                        state=states.WAITING,
                        params=trial.params,
                        distributions=trial.distributions,
                        user_attrs={_NUMBER: number},
                        system_attrs={"failed_trial": trial.number},
                    )
                )

    def _silent(self, trial: FrozenTrial) -> bool:
        """Whether nothing was heard of a running trial for so long, by this process's own clock, that it is dead."""
        sign = (trial.user_attrs.get(_BEAT), len(trial.intermediate_values), len(trial.params))
        before, since = self._seen.get(trial.number, (None, 0.0))
        if before != sign:
            self._seen[trial.number] = (sign, time.monotonic())
            return False
        if _OWNER not in trial.user_attrs:
            return time.monotonic() - since > _UNOWNED_SECONDS
        return time.monotonic() - since > GRACE_SECONDS and not self._has_heartbeat

    def _beat(self, trial_id: int, count: int) -> None:
        """Tell that this process lives: by Optuna's heartbeat where the storage has one, else by an attribute."""
        if self._has_heartbeat:
            self._storage.record_heartbeat(trial_id)  # type: ignore[attr-defined]
        else:
            self._storage.set_trial_user_attr(trial_id, _BEAT, count)

    @property
    def _has_heartbeat(self) -> bool:
        return hasattr(self._storage, "record_heartbeat")

    def _check_lake(self) -> None:
        """Whether what is finished in the storage is in the lake: those who share a study must share the lake."""
        trials = self._trials((_states().COMPLETE, _states().PRUNED))
        numbers = _numbers(self._trials())
        here = self._log.by_number()
        missing = sorted({numbers[trial.number] for trial in trials} - here.keys())
        if missing:
            raise UserError(
                f"`tune.storage`: in {shown(self._where)} the study `{self._name}` has finished trial {missing[0]}, "
                "and this lake does not hold it. Those who share a study must share the lake: mend --lake, or name "
                "another storage"
            )

    def _trials(self, states: tuple[Any, ...] | None = None) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        with storage_failures(self._where):
            yield


def _states() -> Any:
    from optuna.trial import TrialState

    return TrialState


def _numbers(trials: Sequence[FrozenTrial]) -> Mapping[int, int]:
    """Our number of each of Optuna's trials: the one that it was given, else the lowest that no earlier one has.

    Trials that turned out to be one too many have none.
    """
    numbers: dict[int, int] = {}
    used: set[int] = set()
    lowest = 0
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.user_attrs.get(_SURPLUS):
            continue
        number = trial.user_attrs.get(_NUMBER)
        if number is None:
            while lowest in used:
                lowest += 1
            number = lowest
        numbers[trial.number] = number
        used.add(number)
    return numbers
