"""Training: the Study's chosen settings fitted on all training rows, calibrated and stored as one Model.

Nothing here looks at the clock: a stored Study always gives the same Model.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from tidemill.errors import UserError
from tidemill.learning.boosting import fit_boosters
from tidemill.learning.margins import best_threshold, calibrate, residual_quantile
from tidemill.learning.model import Member, Model, ModelDescription
from tidemill.learning.objectives import predictions
from tidemill.learning.preparing import Prepared, prepare
from tidemill.learning.scores import Doubles
from tidemill.learning.trials import Trial, TrialLog
from tidemill.results import Labelled, ModelReference, Split, Study
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["train"]

COVERAGE = 0.9


def train(
    store: Store,
    use_case: UseCase,
    labelled: Labelled,
    split: Split,
    study: Study,
    excluded: Mapping[str, str],
) -> ModelReference:
    """Fit the Study's members on all training rows and store the Model that averages them.

    Calibration, threshold and intervals come from the members' scores on validation rows, which they had
    not been trained on. Raises UserError when the Study is not whole in this lake.
    """
    prepared = prepare(store, use_case, labelled, split, excluded)
    log = TrialLog(store, study.prefix)
    weights = Counter(study.members)
    trials = log.by_number()
    missing = sorted(weights.keys() - trials.keys())
    if missing:
        raise UserError(
            f"the study {study.id} is not whole in this lake ({store.url_of(study.prefix)}): "
            f"trial {missing[0]} is missing. Restore it from a backup, or tune again"
        )
    members = [trials[number] for number in weights]
    raw = _boosters(prepared, members)
    ends = np.cumsum([len(fold.check) for fold in prepared.folds])[:-1]
    total = sum(weight * log.margins(number).astype(np.float64) for number, weight in weights.items())
    margins = np.split(np.asarray(total) / weights.total(), ends)
    targets = [prepared.data.target[fold.check] for fold in prepared.folds]
    calibration = calibrate(labelled.task, margins, targets)
    values = predictions(labelled.task, calibration.apply(np.concatenate(margins)))
    target = np.concatenate(targets)
    description = ModelDescription(
        task=labelled.task,
        target=use_case.target_name,
        classes=tuple(found.label for found in labelled.classes),
        recipe=prepared.data.recipe,
        calibration=calibration,
        threshold=_threshold(use_case, values, target) if labelled.task == "binary" else None,
        half_width=None if is_classification(labelled.task) else residual_quantile(target, values, COVERAGE),
        coverage=COVERAGE,
        members=tuple(
            Member(
                file=f"booster-{place}.ubj",
                sha256=hashlib.sha256(data).hexdigest(),
                weight=weights[trial.number],
                rounds=trial.rounds,
                trial=trial.number,
            )
            for place, (trial, data) in enumerate(zip(members, raw, strict=True))
        ),
    )
    return Model(description, raw).save(store, use_case.name)


def _boosters(prepared: Prepared, members: list[Trial]) -> list[bytes]:
    settings = [(trial.parameters, trial.rounds) for trial in members]
    return [bytes(booster.save_raw("ubj")) for booster in fit_boosters(prepared.data, prepared.problem, settings)]


def _threshold(use_case: UseCase, shares: Doubles, target: Doubles) -> float:
    asked = use_case.tune.threshold
    return best_threshold(asked, shares, target) if isinstance(asked, str) else float(asked)
