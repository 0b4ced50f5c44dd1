"""Train: the final fit with the best settings, calibrated, with its threshold, stored by content."""

from __future__ import annotations

from tasks.learning import learning_inputs
from tasks.stage import stage
from tidemill.results import Labelled, ModelReference, Split, Study, Validation
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["train"]


@stage("train", timeout=12 * 3600)
def train(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, split: Split, study: Study
) -> Outcome[ModelReference]:
    """Fit the model on all training rows with what tuning found, and store it, with what it answers before that."""
    from tidemill.proving import PROBES

    return once(
        store,
        use_case.name,
        "train",
        ModelReference,
        lambda: _fit(use_case, store, labelled, validation, split, study),
        version=2,
        inputs={
            **learning_inputs(use_case, validation, split),
            "gate": split.gate.id,
            "probes": PROBES,
            "study": study,
            "classes": [one.label for one in labelled.classes],
        },
        summary=lambda model: f"model {model.id} with {model.features} features",
    )


def _fit(
    use_case: UseCase, store: Store, labelled: Labelled, validation: Validation, split: Split, study: Study
) -> ModelReference:
    from tidemill.learning.training import train as fit

    return fit(store, use_case, labelled, split, study, validation.excluded)
