"""Tidemill's own tuning and training on the benchmark's rows."""

from __future__ import annotations

from benchmarks.flights_auc.rows import Doubles, Table
from tidemill.learning.model import Model
from tidemill.learning.training import train
from tidemill.learning.tuning import tune

__all__ = ["predict"]


def predict(table: Table, budget: float, seed: int) -> tuple[Doubles, str]:
    """Probabilities of the gate rows, and what tuning did in a few words."""
    use_case = table.use_case.model_copy(update={"seed": seed})
    study = tune(table.store, use_case, table.labelled, table.split, table.excluded, budget=budget, trials=None)
    model = train(table.store, use_case, table.labelled, table.split, study, table.excluded)
    shares = Model.load(table.store, model).probabilities(table.split.gate.read(table.store))[:, 1]
    detail = f"{study.trials} trials ({study.pruned} pruned), {len(set(study.members))} boosters"
    return shares, f"{detail}, {study.best_value:.4f} on validation rows"
