"""A study of the lake as a journal that Optuna reads: its dashboard opens it, and so does `optuna.load_study`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tidemill.learning.sampling import frozen, new_study
from tidemill.learning.space import Space
from tidemill.learning.storages import quiet
from tidemill.learning.trials import Trial, TrialLog
from tidemill.results import Study
from tidemill.store import Store

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["journal", "space_of", "write_journal"]


def write_journal(store: Store, study: Study) -> str:
    """Write ``journal.log`` beside the study's trials, and give its key."""
    key = f"{study.prefix}/journal.log"
    store.write_bytes(key, journal(study, TrialLog(store, study.prefix).read()))
    return key


def journal(study: Study, trials: Sequence[Trial]) -> bytes:
    """The lines of a journal that holds the study under the name ``<use case>/<id>``."""
    from optuna.storages import JournalStorage

    space = space_of(trials)
    lines = _lines()
    with quiet():
        made = new_study(study.metric, storage=JournalStorage(lines), study_name=f"{study.use_case}/{study.id}")
        for name, value in study.model_dump(mode="json", include={"use_case", "best_trial", "members"}).items():
            made.set_user_attr(name, value)
        for trial in trials:
            shown = frozen(trial, space, number=trial.number, **_membership(study, trial))
            if trial.began is not None:
                shown.datetime_start = trial.began.astimezone().replace(tzinfo=None)
                shown.datetime_complete = shown.datetime_start + timedelta(seconds=trial.seconds)
            made.add_trial(shown)
    return "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines.logs).encode()


def space_of(trials: Sequence[Trial]) -> dict[str, BaseDistribution]:
    """The space that the trials' settings are of: today's, widened or made up where an older one was another."""
    today = Space("regression", ordered=True, categories=True).distributions()
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    return {name: _around(today.get(name), [trial.parameters.get(name) for trial in trials]) for name in names}


def _around(kind: BaseDistribution | None, values: Sequence[Any]) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(kind, FloatDistribution | IntDistribution) and all(
        kind.low <= value <= kind.high for value in values
    ):
        return kind
    if isinstance(kind, CategoricalDistribution) and all(value in kind.choices for value in values):
        return kind
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        whole = all(isinstance(value, int) for value in values)
        return (IntDistribution if whole else FloatDistribution)(min(values), max(values))
    return CategoricalDistribution(sorted(set(values), key=str))


def _membership(study: Study, trial: Trial) -> dict[str, int]:
    weight = study.members.count(trial.number)
    return {"weight in the model": weight} if weight else {}


def _lines() -> Any:
    """A journal's backend in memory. Made here, for its class to be Optuna's own only when it is needed."""
    from optuna.storages.journal import BaseJournalBackend

    class Lines(BaseJournalBackend):
        def __init__(self) -> None:
            self.logs: list[dict[str, Any]] = []

        def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
            return self.logs[log_number_from:]

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            self.logs.extend(logs)

    return Lines()
