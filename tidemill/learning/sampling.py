"""Proposing settings: known-good ones first, then Optuna's TPE, so that any trial can be proposed again.

Trial ``n`` depends on the seed, on ``n`` and on the trials before it, and on nothing else. A study that
was interrupted therefore goes on exactly as if it had not been.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tidemill.learning.scores import higher_is_better
from tidemill.learning.space import distributions, starting_points
from tidemill.learning.trials import Trial

if TYPE_CHECKING:
    import optuna

__all__ = ["Proposal", "Sampling"]

UNPRUNED_TRIALS = 4
FIRST_PRUNING = 4


class Proposal:
    """A setting to try. Asked during its trial whether it is hopeless beside the others."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial
        self.number = trial.number
        self.parameters = dict(trial.params)

    def hopeless(self, progress: int, value: float) -> bool:
        """Whether ``value`` is worse than the median of the trials before at the same progress."""
        self._trial.report(value, progress)
        return bool(self._trial.should_prune())


class Sampling:
    """An Optuna study in memory, rebuilt from the trials that the lake holds."""

    def __init__(self, metric: str, seed: int, finished: Sequence[Trial], *, ordered: bool) -> None:
        import optuna

        self._seed = seed
        self._space = distributions(ordered=ordered)
        with _quiet():
            self._study = optuna.create_study(
                direction="maximize" if higher_is_better(metric) else "minimize",
                pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, FIRST_PRUNING),
            )
        for trial in finished:
            self._study.add_trial(self._frozen(trial))
        for point in starting_points(ordered=ordered)[len(finished) :]:
            self._study.enqueue_trial(dict(point))

    def propose(self, number: int) -> Proposal:
        """The setting of trial ``number``, which must be the next one."""
        import optuna

        with _quiet():
            self._study.sampler = optuna.samplers.TPESampler(
                seed=self._seed + number, multivariate=True, n_startup_trials=UNPRUNED_TRIALS
            )
            return Proposal(self._study.ask(self._space))

    def learn(self, trial: Trial) -> None:
        """Tell how the proposed trial fared."""
        from optuna.trial import TrialState

        with _quiet():
            if trial.state == "pruned":
                self._study.tell(trial.number, state=TrialState.PRUNED)
            else:
                self._study.tell(trial.number, trial.value)

    def _frozen(self, trial: Trial) -> optuna.trial.FrozenTrial:
        from optuna.trial import TrialState, create_trial

        return create_trial(
            params=trial.parameters,
            distributions=self._space,
            value=trial.value,
            intermediate_values=trial.reported,
            state=TrialState.PRUNED if trial.state == "pruned" else TrialState.COMPLETE,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna reports each study and trial to standard error; Tidemill has its own progress."""
    log = logging.getLogger("optuna")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
