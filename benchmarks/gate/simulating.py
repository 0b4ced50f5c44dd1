"""One simulated comparison, through the gate's own doors: measured, tested in slices, decided."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.gate.pairs import Doubles
from tidemill.evaluation.dueling import Duel
from tidemill.evaluation.evidence import Kind
from tidemill.evaluation.field import Field, Racer, Role, measure
from tidemill.evaluation.resampling import interval
from tidemill.evaluation.slice_tests import slice_tests
from tidemill.gate import judged
from tidemill.results import Evaluation
from tidemill.usecase.schema import UseCase

__all__ = ["compared", "racer"]


def compared(
    case: UseCase,
    kinds: Mapping[str, Kind],
    frame: pd.DataFrame,
    target: Doubles,
    ours: Doubles,
    theirs: Doubles,
    metric: str = "auc",
) -> Evaluation:
    """The evaluation of a challenger against a champion on these rows, with the gate's findings.

    ``ours`` and ``theirs`` are the raw scores of their boosters, shape ``(boosters, rows)``: each model is their mean.
    """
    racers = (
        racer("this model", "challenger", ours),
        Racer("constant", "baseline", np.full(len(target), target.mean())),
        racer("champion", "champion", theirs),
    )
    field = Field("binary", metric, target, racers)
    standings = measure(field, case)
    duel = Duel.of(case, field)
    champion = standings.against("champion")[0].model_copy(update={"lead": duel.whole(standings)})
    measured = Evaluation(
        subject="challenger",
        passed=False,
        reasons=(),
        metric=interval(metric, standings.metric, case.evaluate.confidence),
        metrics=(),
        baselines=standings.against("baseline"),
        champion=champion,
        rows=len(target),
        key="",
        slices=slice_tests(case, duel, frame, kinds, {}),
    )
    return judged(case.gate, measured)


def racer(name: str, role: Role, scores: Doubles) -> Racer:
    """A model as :meth:`tidemill.learning.model.Model.answers_by_part` answers, with a booster a part."""
    count = len(scores)
    lesser = [_shares(np.delete(scores, place, axis=0)) for place in range(count)] if count > 1 else []
    return Racer(name, role, _shares(scores), 0.5, tuple(lesser), count)


def _shares(scores: Doubles) -> Doubles:
    return np.asarray(1.0 / (1.0 + np.exp(-scores.mean(axis=0))))
