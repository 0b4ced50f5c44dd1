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
from tidemill.learning.brought import what_it_brought, write_brought
from tidemill.learning.columns import kind_of
from tidemill.learning.model import ColumnContract, Member, Model, ModelDescription
from tidemill.learning.preparing import Prepared, prepare
from tidemill.learning.settling import settle
from tidemill.learning.trials import Trial, TrialLog
from tidemill.results import Labelled, ModelReference, Split, Study
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["train"]


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
    prepared = prepare(store, use_case, labelled, split, excluded, study)
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
    best = trials[study.members[0]]
    settled = settle(use_case, prepared, margins, best.parameters, best.rounds)
    description = ModelDescription(
        task=labelled.task,
        target=use_case.target_name,
        classes=tuple(found.label for found in labelled.classes),
        recipe=prepared.data.recipe,
        calibration=settled.calibration,
        threshold=settled.threshold,
        half_width=None,
        coverage=use_case.tune.coverage,
        interval=settled.interval,
        ends=None if settled.ends is None else hashlib.sha256(settled.ends).hexdigest(),
        query=_query_column(store, use_case, split) if labelled.task == "ranking" else None,
        gain=labelled.gain,
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
    model = Model(description, raw, settled.ends).save(store, use_case.name)
    if labelled.task != "ranking":
        write_brought(store, model, what_it_brought(prepared, best.value, margins, settled.calibration))
    return model


def _query_column(store: Store, use_case: UseCase, split: Split) -> ColumnContract:
    """What rows bring beside what the model reads, to be told apart into lists."""
    name = str(use_case.query)
    return ColumnContract(name=name, kind=kind_of(split.train.read(store, [name])[name]), required=False)


def _boosters(prepared: Prepared, members: list[Trial]) -> list[bytes]:
    settings = [(trial.parameters, trial.rounds) for trial in members]
    return [bytes(booster.save_raw("ubj")) for booster in fit_boosters(prepared.data, prepared.problem, settings)]
