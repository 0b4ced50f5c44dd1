"""Proposing settings: known-good ones first, then Optuna's TPE, so that any trial can be proposed again.

Trial ``n`` depends on the seed, on ``n`` and on the trials before it, and on nothing else. A study that
was interrupted therefore goes on exactly as if it had not been, wherever it is stored. Only where several
processes work on a study at once does it matter how far the others are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from tidemill.learning.boosting import Parameters
from tidemill.learning.scores import higher_is_better
from tidemill.learning.space import Space
from tidemill.learning.storages import quiet
from tidemill.learning.trials import Trial

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

    from tidemill.learning.sharing import SharedStudy

__all__ = ["Proposal", "Sampling", "attributes", "frozen", "new_study", "tell"]

UNPRUNED_TRIALS = 4
FIRST_PRUNING = 4
METRIC_ATTRIBUTES = ("folds", "rounds", "ran", "rows", "rung", "seconds", "memory", "rise", "cut", "reason")


class Proposal:
    """A setting to try. Asked during its trial whether it is hopeless beside the others.

    ``reason`` says why it was, once it is.
    """

    def __init__(
        self, trial: optuna.Trial, number: int, parameters: Parameters, shared: SharedStudy | None = None
    ) -> None:
        self._trial = trial
        self._shared = shared
        self.number = number
        self.parameters = dict(parameters)
        self.reason = ""

    def hopeless(self, progress: int, value: float) -> bool:
        """Whether ``value`` is worse than the median of the trials before at the same progress."""
        with quiet(), self._shared.updating() if self._shared else nullcontext():
            self._trial.report(value, progress)
        with quiet():
            hopeless = bool(self._trial.should_prune())
        if hopeless:
            self.reason = f"worse than the median of the others at progress {progress}"
        return hopeless


class Sampling:
    """An Optuna study: in memory, rebuilt from the trials that the lake holds, or ``shared`` with other processes.

    ``starts`` are settings to try first, one a trial; left out, those that do well in most places.
    """

    def __init__(
        self,
        metric: str,
        seed: int,
        finished: Sequence[Trial],
        space: Space,
        *,
        starts: Sequence[Parameters] | None = None,
        shared: SharedStudy | None = None,
    ) -> None:
        self._seed = seed
        self._space = space.distributions()
        self._starts = space.starting_points() if starts is None else tuple(starts)
        self._shared = shared
        self._asked: dict[int, optuna.Trial] = {}
        self._used = {trial.number for trial in finished}
        if shared is not None:
            self._study = shared.open(metric, self._space, finished)
            return
        with quiet():
            self._study = new_study(metric)
            for trial in finished:
                self._study.add_trial(frozen(trial, self._space))

    def propose(self, most: int | None = None, again: Parameters | None = None) -> Proposal | None:
        """The next setting to try, ``again`` if that is given; None when others are at the last of ``most`` trials."""
        with quiet():
            if self._shared is None:
                trial = self._study.ask()
                number = next(free for free in itertools.count() if free not in self._used)
            else:
                taken = self._shared.take(most)
                if taken is None:
                    return None
                trial, number = taken
            self._study.sampler = self._sampler(number, again)
            parameters = {name: _suggested(trial, name, kind) for name, kind in self._space.items()}
        self._used.add(number)
        self._asked[number] = trial
        return Proposal(trial, number, parameters, self._shared)

    def learn(self, trial: Trial) -> None:
        """Tell how the proposed trial fared. To be called when the lake has it."""
        asked = self._asked.pop(trial.number)
        with quiet():
            if self._shared is None:
                tell(self._study, asked, trial)
            else:
                self._shared.finish(asked, trial)

    def wait(self) -> None:
        """A moment, for other processes to end the trials that they are at."""
        if self._shared is not None:
            self._shared.wait()

    def close(self) -> None:
        """Give up what this process is still at, so that another may try it."""
        if self._shared is not None:
            with quiet():
                self._shared.give_up()

    def _sampler(self, number: int, again: Parameters | None) -> optuna.samplers.BaseSampler:
        from optuna.samplers import PartialFixedSampler, RandomSampler, TPESampler

        known = again or (self._starts[number] if number < len(self._starts) else None)
        if known is not None:
            return PartialFixedSampler(dict(known), RandomSampler(seed=self._seed + number))
        return TPESampler(seed=self._seed + number, multivariate=True, n_startup_trials=UNPRUNED_TRIALS)


def new_study(metric: str, **where: Any) -> optuna.Study:
    """An Optuna study for ``metric``; ``where`` is what ``optuna.create_study`` takes: in memory if left out."""
    import optuna

    study = optuna.create_study(
        direction="maximize" if higher_is_better(metric) else "minimize",
        pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, FIRST_PRUNING),
        **where,
    )
    if study.metric_names is None:
        study.set_metric_names([metric])
    return study


def frozen(trial: Trial, space: dict[str, BaseDistribution], **more: Any) -> optuna.trial.FrozenTrial:
    """A trial of the lake as Optuna's own, with what is known of it as user attributes."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        params=trial.parameters,
        distributions=space,
        value=trial.value,
        intermediate_values=trial.reported,
        state=TrialState.PRUNED if trial.state == "pruned" else TrialState.COMPLETE,
        user_attrs={**attributes(trial), **more},
    )


def attributes(trial: Trial) -> dict[str, Any]:
    """What Optuna's dashboard shows of a trial beside value and parameters."""
    said = trial.model_dump(mode="json", include=set(METRIC_ATTRIBUTES))
    return {name: said[name] for name in METRIC_ATTRIBUTES if said[name] not in (None, "")}


def tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    """Tell ``study`` how ``asked`` fared, unless somebody has told already."""
    from optuna.trial import TrialState

    if trial.state == "pruned":
        study.tell(asked, state=TrialState.PRUNED, skip_if_finished=True)
    else:
        study.tell(asked, trial.value, skip_if_finished=True)


def _suggested(trial: optuna.Trial, name: str, kind: BaseDistribution) -> float | int | str | bool | None:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(kind, FloatDistribution):
        return trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(name, kind.low, kind.high, step=kind.step, log=kind.log)
    assert isinstance(kind, CategoricalDistribution)
    return trial.suggest_categorical(name, kind.choices)
