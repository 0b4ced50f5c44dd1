"""Tuning by the clock: settings tried one after another on shared folds, stored as they finish.

The budget covers tuning and the final fit, so tuning keeps back what the fit will need, judged by how
long its own trials took. With a number of trials given, no decision looks at the clock: the same
Snapshot, seed and number give the same Study, on an interrupted run too.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from tidemill.errors import UserError
from tidemill.learning.bagging import choose_members
from tidemill.learning.boosting import Curve, FoldMatrices, boost
from tidemill.learning.exporting import write_journal
from tidemill.learning.memory import peak_memory
from tidemill.learning.preparing import Prepared, prepare
from tidemill.learning.sampling import Proposal, Sampling
from tidemill.learning.scores import higher_is_better
from tidemill.learning.sharing import SharedStudy
from tidemill.learning.space import SPACE_VERSION
from tidemill.learning.starting import Starts, starts
from tidemill.learning.trials import Trial, TrialLog
from tidemill.progress import Note, TrialFinished, emit
from tidemill.results import Contribution, Labelled, Split, Study
from tidemill.store import Json, Store
from tidemill.usecase.schema import UseCase

__all__ = ["help_tuning", "tune"]

FORMAT = 1
MOST_TRIALS = 200
LONGEST_HELP = 86_400.0
MOST_MEMBERS = 5
FIT_MARGIN = 1.25
MOST_FIT_SHARE = 0.4
CHOOSING_SECONDS = 1.0


def tune(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    excluded: Mapping[str, str],
    *,
    budget: float,
    trials: int | None,
) -> Study:
    """Search settings for ``budget`` seconds, final fit included, or for exactly ``trials`` trials.

    Trials that the lake already holds for the same rows, columns and seed are not repeated, and their
    seconds count. Raises UserError when there is nothing to learn from or the metric is undefined.
    """
    started = time.perf_counter()
    prepared = prepare(store, use_case, labelled, split, excluded)
    if prepared.data.stream is not None:
        emit(Note(f"memory: {prepared.memory}"))
    first, identity, study_id = _named(store, use_case, prepared, labelled, split, trials)
    prefix = f"{use_case.name}/studies/{study_id}"
    asked = {"budget": budget if trials is None else None, "trials": trials}
    known = _finished_study(store, prefix, asked)
    if known is not None:
        return known
    log = TrialLog(store, prefix)
    search = _Search(prepared, log, first, _shared(use_case, study_id, log), budget, started, trials)
    search.run()
    study = _study(use_case.name, study_id, prepared, search.trials, search.members())
    store.write_json(
        f"{prefix}/study.json",
        {
            "format": FORMAT,
            "asked": asked,
            "identity": identity,
            "study": study.model_dump(mode="json"),
            "folds": [{"fit": len(fold.fit), "check": len(fold.check)} for fold in prepared.folds],
            "seconds": round(search.used, 3),
            "memory": prepared.memory.model_dump(mode="json") if prepared.memory else None,
        },
    )
    write_journal(store, study)
    return study


def help_tuning(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    excluded: Mapping[str, str],
    *,
    budget: float | None,
    trials: int | None,
) -> Contribution:
    """Try settings for the study that :func:`tune` would search, and choose nothing.

    Ends after ``budget`` seconds (left out, the use case's, or when the study has all the trials that the use
    case asks for) and after ``trials`` settings of its own. Raises UserError when the use case names no
    ``tune.storage`` that processes could share.
    """
    rules = use_case.tune
    if rules.storage is None:
        raise UserError(
            f"the study of `{use_case.name}` has no place that processes can share: name one under `tune.storage`, "
            "a path for a journal file or the URL of a PostgreSQL database"
        )
    started = time.perf_counter()
    seconds = budget or (rules.budget if rules.trials is None else LONGEST_HELP)
    prepared = prepare(store, use_case, labelled, split, excluded)
    first, _, study_id = _named(store, use_case, prepared, labelled, split, rules.trials)
    log = TrialLog(store, f"{use_case.name}/studies/{study_id}")
    shared = _shared(use_case, study_id, log)
    search = _Search(prepared, log, first, shared, seconds, started, rules.trials, helping=trials or MOST_TRIALS)
    search.run()
    return Contribution(use_case=use_case.name, study=study_id, tried=search.tried, trials=len(search.trials))


class _Search:
    """One run over the trials of a study, from the first that the lake does not hold yet.

    ``helping`` is how many trials at most a process tries that chooses nothing itself; 0 for one that does.
    """

    def __init__(
        self,
        prepared: Prepared,
        log: TrialLog,
        first: Starts,
        shared: SharedStudy | None,
        budget: float,
        started: float,
        count: int | None,
        *,
        helping: int = 0,
    ) -> None:
        self._log = log
        self._most = count or MOST_TRIALS
        self.trials = self._known()
        self.tried = 0
        self._first = first
        self._shared = shared
        self._helping = helping
        self._prepared = prepared
        self._metric = prepared.problem.metric
        self._sign = 1.0 if higher_is_better(self._metric) else -1.0
        self._count = count
        self._budget = budget
        self._started = started
        self._spent = 0.0 if shared else sum(trial.seconds for trial in self.trials)
        self._preparing = time.perf_counter() - started
        if prepared.data.stream is not None and count is None:
            self._preparing += prepared.data.stream.seconds()

    @property
    def used(self) -> float:
        """Seconds of the budget that are gone, those of earlier runs among them."""
        return self._spent + time.perf_counter() - self._started

    def run(self) -> None:
        """Try settings until the number is reached or the clock says stop; each is stored at once."""
        if not self._goes_on():
            return
        problem = self._prepared.problem
        matrices = FoldMatrices(self._prepared.data, self._prepared.folds)
        sampling = Sampling(
            self._metric,
            problem.seed,
            self._log.read(),
            ordered=self._prepared.data.ages is not None,
            starts=self._first.settings,
            shared=self._shared,
        )
        try:
            while self._goes_on():
                self._try(sampling, matrices)
        finally:
            sampling.close()

    def _try(self, sampling: Sampling, matrices: FoldMatrices) -> None:
        """One trial; or a moment's wait, where other processes are at the last ones."""
        began, at = time.perf_counter(), datetime.now(UTC)
        held = peak_memory()
        proposal = sampling.propose(self._most)
        if proposal is None:
            sampling.wait()
            self.trials = self._known()
            return
        curve = boost(
            matrices,
            self._prepared.problem,
            proposal.parameters,
            hopeless=proposal.hopeless,
            deadline=None if self._count else began + max(self._left_for_trials(), 0.0),
        )
        trial = self._trial(proposal, curve, time.perf_counter() - began, at, held)
        self._log.write(trial, curve.margins)
        sampling.learn(trial)
        self.tried += 1
        self.trials = self._known() if self._shared else [*self.trials, trial]
        self._tell(trial)

    def _known(self) -> list[Trial]:
        return [trial for trial in self._log.read() if trial.number < self._most]

    def members(self) -> tuple[int, ...]:
        """The trials that the Model will be made of; by the clock, only those whose fit there is time for."""
        margins = {trial.number: self._log.margins(trial.number) for trial in self._ranked()[: MOST_MEMBERS * 2]}
        problem = self._prepared.problem
        targets = [self._prepared.data.target[fold.check] for fold in self._prepared.folds]
        ranked = [trial for trial in self.trials if trial.number in margins]
        data = self._prepared.data
        judged = [None if data.judged is None else data.judged[fold.check] for fold in self._prepared.folds]
        lists = [data.lists_of(fold.check) for fold in self._prepared.folds]
        chosen = choose_members(ranked, margins, targets, problem.task, problem.metric, MOST_MEMBERS, judged, lists)
        if self._count is not None:
            return chosen
        by_number = {trial.number: trial for trial in self.trials}
        affordable: list[int] = []
        left = self._budget - self.used - self._preparing
        for number in dict.fromkeys(chosen):
            left -= self._fit_seconds(by_number[number])
            if left >= 0 or not affordable:
                affordable.append(number)
        return tuple(number for number in chosen if number in affordable)

    def _goes_on(self) -> bool:
        if self._helping and (self.tried >= self._helping or self.used >= self._budget):
            return False
        if self._count is not None:
            return len(self.trials) < self._count
        if not self._ranked():
            return True
        typical = sorted(trial.seconds for trial in self.trials)[len(self.trials) // 2]
        return len(self.trials) < MOST_TRIALS and self._left_for_trials() > typical / 2.0

    def _left_for_trials(self) -> float:
        """Seconds left when those that choosing and the final fit will need are kept back; a helper does neither."""
        if self._helping:
            return self._budget - self.used
        fits = sum(self._fit_seconds(trial) for trial in self._ranked()[:MOST_MEMBERS])
        kept = min(fits, self._budget * MOST_FIT_SHARE) + self._preparing + CHOOSING_SECONDS
        return self._budget - self.used - kept

    def _fit_seconds(self, trial: Trial) -> float:
        """What fitting this setting on all rows will take, by what its folds took."""
        rows = sum(len(fold.fit) for fold in self._prepared.folds)
        share = self._prepared.data.rows / rows * trial.rounds / trial.ran
        return FIT_MARGIN * trial.seconds * share

    def _ranked(self) -> list[Trial]:
        finished = [trial for trial in self.trials if trial.state == "finished"]
        return sorted(finished, key=lambda trial: (-self._sign * trial.value, trial.number))

    def _trial(self, proposal: Proposal, curve: Curve, seconds: float, began: datetime, held: int | None) -> Trial:
        if not math.isfinite(curve.value):
            raise UserError(
                f"the metric `{self._metric}` is undefined on the validation rows: "
                "choose another under `tune.metric`, or bring more rows"
            )
        peak = peak_memory()
        return Trial(
            number=proposal.number,
            state="pruned" if curve.pruned else "finished",
            parameters=proposal.parameters,
            value=curve.value,
            folds=curve.folds,
            rounds=curve.rounds,
            ran=curve.ran,
            reported=curve.reported,
            cut=curve.cut,
            seconds=round(seconds, 3),
            began=began,
            rows=sum(len(fold.fit) for fold in self._prepared.folds),
            memory=peak,
            rise=None if peak is None or held is None else peak - held,
            reason=proposal.reason,
        )

    def _tell(self, trial: Trial) -> None:
        ranked = self._ranked()
        emit(
            TrialFinished(
                number=trial.number,
                value=None if trial.state == "pruned" else trial.value,
                best=ranked[0].value if ranked else None,
                metric=self._metric,
                seconds_left=max(self._budget - self.used, 0.0),
            )
        )


def _named(
    store: Store, use_case: UseCase, prepared: Prepared, labelled: Labelled, split: Split, trials: int | None
) -> tuple[Starts, dict[str, Json], str]:
    """What is tried first, everything that a trial's result depends on, and the study's id, which is its hash."""
    identity = _identity(prepared, labelled, split, by="clock" if trials is None else "count")
    first = starts(store, use_case.name, identity, ordered=prepared.data.ages is not None)
    identity |= first.identity
    return first, identity, hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _shared(use_case: UseCase, study_id: str, log: TrialLog) -> SharedStudy | None:
    storage = use_case.tune.storage
    return SharedStudy(storage, use_case.folder, f"{use_case.name}/{study_id}", log) if storage else None


def _identity(prepared: Prepared, labelled: Labelled, split: Split, *, by: str) -> dict[str, Json]:
    """Everything that a trial's result depends on."""
    recipe = json.dumps(prepared.data.recipe.model_dump(mode="json"), sort_keys=True)
    return {
        "by": by,
        "train": split.train.id,
        "split": [split.by, str(split.boundary), str(split.end)],
        "task": labelled.task,
        "metric": prepared.problem.metric,
        "seed": prepared.problem.seed,
        "recipe": hashlib.sha256(recipe.encode()).hexdigest(),
        "space": SPACE_VERSION,
        "libraries": {name: version(name) for name in ("optuna", "xgboost")},
        **({"sample": prepared.sample} if prepared.sample else {}),
    }


def _finished_study(store: Store, prefix: str, asked: Mapping[str, float | int | None]) -> Study | None:
    """The stored Study that answers exactly this question, if there is one."""
    try:
        said = store.read_json(f"{prefix}/study.json")
    except KeyError:
        return None
    if said.get("format", 0) > FORMAT:
        raise UserError(
            f"{store.url_of(f'{prefix}/study.json')} has format {said['format']}; "
            f"this Tidemill reads up to {FORMAT}: upgrade it"
        )
    return Study.model_validate(said["study"]) if said["asked"] == asked else None


def _study(
    use_case: str, study_id: str, prepared: Prepared, trials: Sequence[Trial], members: tuple[int, ...]
) -> Study:
    best = next(trial for trial in trials if trial.number == members[0])
    return Study(
        use_case=use_case,
        id=study_id,
        metric=prepared.problem.metric,
        trials=len(trials),
        pruned=sum(trial.state == "pruned" for trial in trials),
        best_trial=best.number,
        best_value=best.value,
        best_parameters=best.parameters,
        members=members,
        sample=prepared.sample,
    )
