"""One simulated comparison, through the gate's own doors: measured, tested in slices, decided."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.gate.pairs import KINDS, Doubles, use_case
from tidemill.evaluation.dueling import Duel, slice_tests
from tidemill.evaluation.field import Field, Racer, measure
from tidemill.evaluation.resampling import interval
from tidemill.gate import judged
from tidemill.results import Evaluation

__all__ = ["compared"]


def compared(
    frame: pd.DataFrame, target: Doubles, ours: Doubles, theirs: Doubles, seed: int, **gate: object
) -> Evaluation:
    """The evaluation of a challenger (``ours``) against a champion on these rows, with the gate's findings."""
    case = use_case(seed, **gate)
    racers = (
        Racer("this model", "challenger", ours),
        Racer("constant", "baseline", np.full(len(target), target.mean())),
        Racer("champion", "champion", theirs),
    )
    field = Field("binary", "auc", target, racers)
    standings = measure(field, case)
    duel = Duel(field, racers[0], racers[2])
    measured = Evaluation(
        subject="challenger",
        passed=False,
        reasons=(),
        metric=interval("auc", standings.metric, 0.95),
        metrics=(),
        baselines=standings.against("baseline"),
        champion=standings.against("champion")[0],
        rows=len(target),
        key="",
        slices=slice_tests(case, duel, frame, KINDS, {}),
    )
    return judged(case.gate, measured)
