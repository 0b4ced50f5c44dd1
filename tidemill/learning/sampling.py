"""Proposing settings: known-good ones first, then Optuna's TPE, so that any trial can be proposed again.

Trial ``n`` depends on the seed, on ``n`` and on the trials before it, and on nothing else. A study that
was interrupted therefore goes on exactly as if it had not been, wherever it is stored. Only where several
processes work on a study at once does it matter how far the others are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tidemill.learning.boosting import Parameters
from tidemill.learning.scores import higher_is_better
from tidemill.learning.space import Space
from tidemill.learning.starting import fitted_into
from tidemill.learning.storages import quiet
from tidemill.learning.trials import Trial

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

    from tidemill.learning.sharing import SharedStudy

__all__ = ["Proposal", "Sampling", "attributes", "frozen", "new_study", "within"]

RANDOM_TRIALS = 4
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
        with quiet():
            self._trial.report(value, progress)
            if self._shared is not None:
                self._shared.report(self.number, progress, value)
            hopeless = bool(self._trial.should_prune())
        if hopeless:
            self.reason = f"worse than the median of the others at progress {progress}"
        return hopeless


class Sampling:
    """An Optuna study in memory, rebuilt from the trials that the lake holds.

    Where it is ``shared``, what other processes finish and what they are at is taken into account, each time
    that a setting is proposed. ``starts`` are settings to try first, one a trial; left out, those that do well
    in most places.
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
        self._metric = metric
        self._seed = seed
        self._space = space.distributions()
        self._starts = space.starting_points() if starts is None else tuple(starts)
        self._shared = shared
        self._asked: dict[int, optuna.Trial] = {}
        self._build(finished, ())
        if shared is not None:
            shared.open(metric, self._space, finished)

    def propose(self, most: int | None = None, again: Parameters | None = None) -> Proposal | None:
        """The next setting to try, ``again`` if that is given; None when others are at the last of ``most`` trials."""
        with quiet():
            if self._shared is None:
                return self._proposal(next(free for free in itertools.count() if free not in self._finished), again)
            while (free := self._shared.vacancy(most)) is not None:
                if free.running or {trial.number for trial in free.finished} != self._finished:
                    self._build(free.finished, free.running)
                proposal = self._proposal(free.number, again or free.settings)
                if self._shared.claim(free.number, proposal.parameters):
                    return proposal
                self._build(free.finished, free.running)
            return None

    def learn(self, trial: Trial) -> None:
        """Tell how the proposed trial fared. To be called when the lake has it."""
        from optuna.trial import TrialState

        asked = self._asked.pop(trial.number)
        self._finished.add(trial.number)
        with quiet():
            if trial.state == "pruned":
                self._study.tell(asked, state=TrialState.PRUNED)
            else:
                self._study.tell(asked, trial.value)
            if self._shared is not None:
                self._shared.finish(trial)

    def wait(self) -> None:
        """A moment, for other processes to end the trials that they are at."""
        if self._shared is not None:
            self._shared.wait()

    def close(self) -> None:
        """Give up what this process is still at, so that another may try it."""
        if self._shared is not None:
            with quiet():
                self._shared.give_up()

    def _build(self, finished: Sequence[Trial], running: Sequence[Parameters]) -> None:
        """The study as it is: trials in the order of their numbers, whoever made them."""
        from optuna.trial import TrialState, create_trial

        with quiet():
            self._study = new_study(self._metric)
            for trial in sorted(finished, key=lambda trial: trial.number):
                self._study.add_trial(frozen(trial, self._space))
            for settings in running:
                self._study.add_trial(
                    create_trial(
                        params=within(settings, self._space), distributions=self._space, state=TrialState.RUNNING
                    )
                )
        self._finished = {trial.number for trial in finished}
        self._tried = [within(settings, self._space) for settings in (*(one.parameters for one in finished), *running)]

    def _proposal(self, number: int, settings: Parameters | None) -> Proposal:
        """Trial ``number``, with these ``settings`` if there are any."""
        self._study.sampler = self._sampler(number, settings or self._start())
        trial = self._study.ask()
        parameters = {name: _suggested(trial, name, kind) for name, kind in self._space.items()}
        self._asked[number] = trial
        self._tried.append(within(parameters, self._space))
        return Proposal(trial, number, parameters, self._shared)

    def _start(self) -> Parameters | None:
        """The first of the settings to start with that nobody has tried."""
        return next((one for one in self._starts if within(one, self._space) not in self._tried), None)

    def _sampler(self, number: int, settings: Parameters | None) -> optuna.samplers.BaseSampler:
        from optuna.samplers import PartialFixedSampler, RandomSampler, TPESampler

        if settings:
            return PartialFixedSampler(dict(settings), RandomSampler(seed=self._seed + number))
        return TPESampler(seed=self._seed + number, multivariate=True, n_startup_trials=RANDOM_TRIALS)


def new_study(metric: str, **where: Any) -> optuna.Study:
    """An Optuna study for ``metric``; ``where`` is what ``optuna.create_study`` takes: in memory if left out."""
    import optuna

    from tidemill.learning.pruning import Pruner

    study = optuna.create_study(
        direction="maximize" if higher_is_better(metric) else "minimize", pruner=Pruner(metric), **where
    )
    if study.metric_names is None:
        study.set_metric_names([metric])
    return study


def frozen(trial: Trial, space: dict[str, BaseDistribution], **more: Any) -> optuna.trial.FrozenTrial:
    """A trial of the lake as Optuna's own, with what is known of it as user attributes."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        params=within(trial.parameters, space),
        distributions=space,
        value=trial.value,
        intermediate_values=trial.reported,
        state=TrialState.PRUNED if trial.state == "pruned" else TrialState.COMPLETE,
        user_attrs={**attributes(trial), **more},
    )


def within(settings: Parameters, space: dict[str, BaseDistribution]) -> dict[str, Any]:
    """Settings clipped to ``space``: by the clock, each process has its own slowest learning rate."""
    return fitted_into(settings, space, settings)


def attributes(trial: Trial) -> dict[str, Any]:
    """What Optuna's dashboard shows of a trial beside value and parameters."""
    said = trial.model_dump(mode="json", include=set(METRIC_ATTRIBUTES))
    return {name: said[name] for name in METRIC_ATTRIBUTES if said[name] not in (None, "")}


def _suggested(trial: optuna.Trial, name: str, kind: BaseDistribution) -> float | int | str | bool | None:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(kind, FloatDistribution):
        return trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    if isinstance(kind, IntDistribution):
        return trial.suggest_int(name, kind.low, kind.high, step=kind.step, log=kind.log)
    assert isinstance(kind, CategoricalDistribution)
    return trial.suggest_categorical(name, kind.choices)
