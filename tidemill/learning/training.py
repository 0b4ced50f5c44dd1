"""Training: the Study's chosen settings fitted on all training rows, calibrated and stored as one Model.

A Study by number of trials is fitted as it is planned. One by the clock is fitted in the seconds that its budget
has left, and what that came to is stored with it: a stored Study always gives the same Model.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from tidemill.errors import UserError
from tidemill.learning.brought import what_it_brought, write_brought
from tidemill.learning.columns import kind_of
from tidemill.learning.description import Member, ModelDescription
from tidemill.learning.features import ColumnContract, Matrix
from tidemill.learning.growing import Grown, Resort, grow_again, grow_all, kept
from tidemill.learning.linear import fit_line, try_lines
from tidemill.learning.margins import Calibration
from tidemill.learning.model import Model
from tidemill.learning.preparing import Prepared, prepare
from tidemill.learning.scores import Doubles
from tidemill.learning.settling import settle
from tidemill.learning.terms import LinearMember
from tidemill.learning.trials import Trial, TrialLog
from tidemill.proving.trained import Asked
from tidemill.results import Fit, Labelled, Line, ModelReference, Split, Study
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["train"]

FITS_FORMAT = 1


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
    started = time.perf_counter()
    prepared = prepare(store, use_case, labelled, split, excluded, study)
    log = TrialLog(store, study.prefix)
    trials = log.by_number()
    missing = sorted(set(study.members) - trials.keys())
    if missing:
        raise UserError(
            f"the study {study.id} is not whole in this lake ({store.url_of(study.prefix)}): "
            f"trial {missing[0]} is missing. Restore it from a backup, or tune again"
        )
    bare, history = _without_boosters(store, use_case, labelled, split, prepared)
    asked = Asked.of(store, split, Model(bare, [], None, history), use_case.seed)
    grown = _grown(store, study, prepared, log, started, asked.matrix)
    members, straight, margins = _mean_of(study, prepared, log, grown)
    best = trials[study.members[0]]
    settled = settle(use_case, prepared, margins, best.parameters, study.ends_rounds or best.rounds)
    description = bare.model_copy(
        update={
            "calibration": settled.calibration,
            "threshold": settled.threshold,
            "interval": settled.interval,
            "ends": None if settled.ends is None else hashlib.sha256(settled.ends).hexdigest(),
            "members": members,
            "line": straight,
        }
    )
    model = Model(description, [one.raw for one in grown], settled.ends, history)
    reference = model.save(store, use_case.name)
    asked.note(store, split, model, reference, [one.scores for one in grown if one.scores is not None])
    if labelled.task != "ranking":
        write_brought(store, reference, what_it_brought(prepared, best.value, margins, settled.calibration))
    return reference


def _without_boosters(
    store: Store, use_case: UseCase, labelled: Labelled, split: Split, prepared: Prepared
) -> tuple[ModelDescription, bytes | None]:
    """What the Model is before anything is grown, and a forecast's memory."""
    plan, history = None, None
    if prepared.forecaster is not None:
        plan, history = prepared.forecaster.remembering(split.gate.frames(store)).stored()
    description = ModelDescription(
        task=labelled.task,
        target=use_case.target_name,
        classes=tuple(found.label for found in labelled.classes),
        recipe=prepared.data.recipe,
        calibration=Calibration(),
        threshold=None,
        half_width=None,
        coverage=use_case.tune.coverage,
        query=_query_column(store, use_case, split) if labelled.task == "ranking" else None,
        gain=labelled.gain,
        members=(),
        forecast=plan,
    )
    return description, history


def _mean_of(
    study: Study, prepared: Prepared, log: TrialLog, grown: Sequence[Grown]
) -> tuple[tuple[Member, ...], LinearMember | None, list[Doubles]]:
    """What the Model averages, trees and line, and the mean's raw scores on each fold's check rows."""
    weights = Counter({one.fit.trial: one.fit.weight for one in grown})
    total = sum(weight * log.margins(number).astype(np.float64) for number, weight in weights.items())
    scores = np.asarray(total) / weights.total()
    members, straight = _members(grown), None
    if study.line is not None:
        (line,) = try_lines(prepared.data, prepared.problem, prepared.folds, [study.line.strength])
        scores = scores * (1 - study.line.tenths / 10) + line.margins * (study.line.tenths / 10)
        members, straight = _with_line(prepared, study.line, members)
    ends = np.cumsum([len(fold.check) for fold in prepared.folds])[:-1]
    return members, straight, np.split(scores, ends)


def _query_column(store: Store, use_case: UseCase, split: Split) -> ColumnContract:
    """What rows bring beside what the model reads, to be told apart into lists."""
    name = str(use_case.query)
    return ColumnContract(name=name, kind=kind_of(split.train.read(store, [name])[name]), required=False)


def _grown(store: Store, study: Study, prepared: Prepared, log: TrialLog, started: float, asked: Matrix) -> list[Grown]:
    """The boosters, as planned and in the seconds that are left; what became of the plan is stored with the Study.

    A second fit of the same Study grows what the first one grew, whatever the clock says.
    """
    key, trials = f"{study.prefix}/fits.json", log.by_number()
    planned = study.fits or _as_tried(study, trials)
    best = planned[0].trial
    with suppress(KeyError):
        stored = store.read_json(key)
        if stored["format"] > FITS_FORMAT:
            raise UserError(
                f"{store.url_of(key)} has format {stored['format']}; "
                f"this Tidemill reads up to {FITS_FORMAT}: upgrade it"
            )
        if stored["planned"] == [fit.model_dump(mode="json") for fit in planned]:
            before = [(Fit.model_validate(one["fit"]), one["number"]) for one in stored["grown"]]
            if before[0][0].kept:
                return [kept(prepared.data, before[0][0], log.booster(best), asked)]
            settings = [(fit, trials[fit.trial].parameters, number) for fit, number in before]
            return grow_again(prepared.data, prepared.problem, settings, asked)
    left = None if study.fit_seconds is None else study.fit_seconds - (time.perf_counter() - started)
    plan = [(fit, trials[fit.trial].parameters) for fit in planned]
    resort = Resort(trials[best], lambda: log.booster(best))
    grown = grow_all(prepared.data, prepared.problem, plan, left, resort, asked)
    if left is not None:
        store.write_json(
            key,
            {
                "format": FITS_FORMAT,
                "planned": [fit.model_dump(mode="json") for fit in planned],
                "grown": [{"fit": one.fit.model_dump(mode="json"), "number": one.number} for one in grown],
            },
        )
    return grown


def _with_line(prepared: Prepared, line: Line, members: tuple[Member, ...]) -> tuple[tuple[Member, ...], LinearMember]:
    """The members with the linear one, which has its tenths of the whole weight."""
    straight = fit_line(prepared.data, prepared.problem, line.strength)
    whole = sum(member.weight for member in members)
    trees = [member.model_copy(update={"weight": member.weight * (10 - line.tenths)}) for member in members]
    return tuple(trees), straight.model_copy(update={"weight": line.tenths * whole})


def _as_tried(study: Study, trials: Mapping[int, Trial]) -> tuple[Fit, ...]:
    """The plan of a Study of before there were plans: each member once, as it was tried."""
    return tuple(
        Fit(
            trial=number,
            weight=weight,
            rounds=trials[number].rounds,
            seeds=1,
            learning_rate=float(trials[number].parameters["learning_rate"] or 0.3),
        )
        for number, weight in Counter(study.members).items()
    )


def _members(grown: Sequence[Grown]) -> tuple[Member, ...]:
    """The Model's members: a fit's boosters share its weight, in whole numbers."""
    boosters = Counter(one.fit.trial for one in grown)
    common = math.lcm(*boosters.values())
    return tuple(
        Member(
            file=f"booster-{place}.ubj",
            sha256=hashlib.sha256(one.raw).hexdigest(),
            weight=one.fit.weight * common // boosters[one.fit.trial],
            rounds=one.fit.rounds,
            trial=one.fit.trial,
        )
        for place, one in enumerate(grown)
    )
