"""Tuning by the clock: settings tried one after another on shared folds, stored as they finish.

The budget covers tuning and the final fit, so tuning keeps back what the fit will need, judged by how
long its own trials took. With a number of trials given, no decision looks at the clock: the same
Snapshot, seed and number give the same Study, on an interrupted run too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from importlib.metadata import version

from tidemill.errors import UserError
from tidemill.learning.ending import Ends
from tidemill.learning.exporting import write_journal
from tidemill.learning.planning import Limits
from tidemill.learning.preparing import Prepared, prepare, store_recipe
from tidemill.learning.searching import MOST_TRIALS, Search, space_of
from tidemill.learning.settling import boosts_ends
from tidemill.learning.sharing import SharedStudy
from tidemill.learning.space import SPACE_VERSION
from tidemill.learning.starting import Starts, starts
from tidemill.learning.trials import TrialLog
from tidemill.progress import Note, emit
from tidemill.results import Contribution, Labelled, Split, Study
from tidemill.store import Json, Store
from tidemill.usecase.schema import UseCase

__all__ = ["help_tuning", "tune"]

FORMAT = 1
LONGEST_HELP = 86_400.0


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
    ends = None
    if trials is None and boosts_ends(use_case, prepared):
        ends = Ends(prepared, use_case.tune.coverage, budget)
    search = Search(prepared, log, first, _shared(use_case, study_id, log), budget, started, trials, ends=ends)
    search.run()
    rules = use_case.tune
    study = _study(
        use_case.name, study_id, prepared, search, Limits(rules.most_boosters, rules.latency_ms, rules.size_mb)
    )
    store_recipe(store, prefix, prepared.data.recipe)
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
    search = Search(prepared, log, first, shared, seconds, started, rules.trials, helping=trials or MOST_TRIALS)
    search.run()
    return Contribution(use_case=use_case.name, study=study_id, tried=search.tried, trials=len(search.trials))


def _named(
    store: Store, use_case: UseCase, prepared: Prepared, labelled: Labelled, split: Split, trials: int | None
) -> tuple[Starts, dict[str, Json], str]:
    """What is tried first, everything that a trial's result depends on, and the study's id, which is its hash."""
    identity = _identity(prepared, labelled, split, by="clock" if trials is None else "count")
    first = starts(store, use_case.name, identity, space_of(prepared))
    identity |= first.identity
    return first, identity, hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _shared(use_case: UseCase, study_id: str, log: TrialLog) -> SharedStudy | None:
    storage = use_case.tune.storage
    return SharedStudy(storage, use_case.folder, f"{use_case.name}/{study_id}", log) if storage else None


def _identity(prepared: Prepared, labelled: Labelled, split: Split, *, by: str) -> dict[str, Json]:
    """Everything that a trial's result depends on."""
    past = prepared.forecaster.plan.model_dump_json() if prepared.forecaster else None
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
        **({"past": hashlib.sha256(past.encode()).hexdigest()} if past else {}),
        "libraries": {name: version(name) for name in ("optuna", "xgboost")},
        **({"sample": prepared.sample} if prepared.sample else {}),
        **_asked_of_rows(prepared),
    }


def _asked_of_rows(prepared: Prepared) -> dict[str, Json]:
    """What weights and constraints add to a study's identity: nothing where there are none."""
    given, constraints = prepared.data.given, dict(prepared.problem.constraints)
    weights = {} if given is None else {"weights": hashlib.sha256(given.tobytes()).hexdigest()}
    return {**weights, **({"constraints": constraints} if constraints else {})}


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


def _study(use_case: str, study_id: str, prepared: Prepared, search: Search, limits: Limits) -> Study:
    members, fits, line = search.plan(limits)
    best = next(trial for trial in search.trials if trial.number == members[0])
    return Study(
        use_case=use_case,
        id=study_id,
        metric=search.metric,
        trials=len(search.trials),
        pruned=sum(trial.state == "pruned" for trial in search.trials),
        best_trial=best.number,
        best_value=best.value,
        best_parameters=best.parameters,
        members=members,
        sample=prepared.sample,
        fits=fits,
        fit_seconds=search.fit_seconds,
        line=line,
        ends_rounds=search.ends_rounds,
    )
