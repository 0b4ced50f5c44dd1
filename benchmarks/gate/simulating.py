"""One simulated comparison, through the gate's own doors: measured, tested in slices, decided."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.gate.pairs import KINDS, Doubles, use_case
from tidemill.evaluation.dueling import Duel
from tidemill.evaluation.field import Field, Racer, Role, measure
from tidemill.evaluation.resampling import interval
from tidemill.evaluation.slice_tests import slice_tests
from tidemill.gate import judged
from tidemill.results import Evaluation

__all__ = ["compared"]


def compared(frame: pd.DataFrame, target: Doubles, ours: Doubles, theirs: Doubles, seed: int) -> Evaluation:
    """The evaluation of a challenger against a champion on these rows, with the gate's findings.

    ``ours`` and ``theirs`` are the raw scores of their boosters, shape ``(boosters, rows)``: each model is their mean.
    """
    case = use_case(seed)
    racers = (
        _racer("this model", "challenger", ours),
        Racer("constant", "baseline", np.full(len(target), target.mean())),
        _racer("champion", "champion", theirs),
    )
    field = Field("binary", "auc", target, racers)
    standings = measure(field, case)
    duel = Duel.of(case, field)
    champion = standings.against("champion")[0].model_copy(update={"lead": duel.whole(standings)})
    measured = Evaluation(
        subject="challenger",
        passed=False,
        reasons=(),
        metric=interval("auc", standings.metric, case.evaluate.confidence),
        metrics=(),
        baselines=standings.against("baseline"),
        champion=champion,
        rows=len(target),
        key="",
        slices=slice_tests(case, duel, frame, KINDS, {}),
    )
    return judged(case.gate, measured)


def _racer(name: str, role: Role, scores: Doubles) -> Racer:
    """A model as :meth:`tidemill.learning.model.Model.answers_by_part` answers, with a booster a part."""
    count = len(scores)
    lesser = [_shares(np.delete(scores, place, axis=0)) for place in range(count)] if count > 1 else []
    return Racer(name, role, _shares(scores), 0.5, tuple(lesser), count)


def _shares(scores: Doubles) -> Doubles:
    return np.asarray(1.0 / (1.0 + np.exp(-scores.mean(axis=0))))
