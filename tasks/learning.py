"""What tuning and training both hang on: the same part of their keys, said once."""

from __future__ import annotations

from tidemill.results import Split, Validation
from tidemill.store import Json
from tidemill.usecase import UseCase

__all__ = ["learning_inputs"]

SECTIONS = (
    "tune",
    "columns",
    "clean",
    "derive",
    "target",
    "time",
    "id",
    "group",
    "query",
    "seed",
    "weight",
    "forecast",
)


def learning_inputs(use_case: UseCase, validation: Validation, split: Split) -> dict[str, Json]:
    """The training rows, how they were cut, and what the use case says of learning from them."""
    return {
        "train": split.train.id,
        "excluded": sorted(validation.excluded),
        "use_case": use_case.fingerprint(*SECTIONS),
        "delay": use_case.maturity.total_seconds() if use_case.forecast else None,
        "split": {"by": split.by, "boundary": split.boundary, "end": split.end},
    }
