"""What the training code itself answers to the probes, noted when the boosters were grown and before they were stored.

The boosters' raw scores are of the very objects that were trained, read through XGBoost's training matrix. What is
made of them (weights, calibration, threshold, intervals) is the Model's, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidemill.errors import UserError
from tidemill.learning.features import Matrix
from tidemill.learning.model import Model
from tidemill.learning.scores import Doubles
from tidemill.proving.probes import Part, Probes, make_probes
from tidemill.proving.spelling import as_frame
from tidemill.results import ModelReference, Split
from tidemill.store import Json, Store

__all__ = ["PROBES", "Asked", "as_trained"]

PROBES = 1
"""Which rows are asked, and how they are spelt. When that changes, it gets another number, and training notes anew."""

FORMAT = 1


@dataclass(frozen=True)
class Asked:
    """The probes of a Model, and the matrix that its boosters are to score."""

    probes: Probes
    matrix: Matrix

    @classmethod
    def of(cls, store: Store, split: Split, model: Model, seed: int) -> Asked:
        """``model`` needs no boosters yet. Rows that its recipe can't read are left out: nobody can answer them."""
        found = make_probes(store, split.gate, model, seed)
        readable = Probes(tuple(_readable(model, part) for part in found.parts))
        return cls(readable, np.concatenate([model.matrix(as_frame(part)) for part in readable.parts]))

    def note(
        self, store: Store, split: Split, model: Model, reference: ModelReference, scores: Sequence[Doubles]
    ) -> None:
        """Store what the training code answers: ``scores`` are each member's raw scores of the matrix's rows."""
        ends = np.cumsum([len(part.rows) for part in self.probes.parts])[:-1]
        cut = [np.split(one, ends) for one in scores]
        answers = pd.concat(
            [
                model.predict_by(as_frame(part), [own[number] for own in cut])
                for number, part in enumerate(self.probes.parts)
            ],
            ignore_index=True,
        )
        noted = {str(name): _plain(column) for name, column in answers.items()}
        store.write_json(_key(reference, split), {"format": FORMAT, "probes": self.probes.digest, "answers": noted})


def as_trained(store: Store, split: Split, reference: ModelReference, probes: Probes) -> pd.DataFrame:
    """What :meth:`Asked.note` stored for these rows. Raises UserError when there is nothing, or of other rows."""
    key = _key(reference, split)
    again = f"Remove {store.url_of(f'{reference.use_case}/stages/train')} and train again: tuning is kept"
    try:
        said = store.read_json(key)
    except KeyError:
        raise UserError(f"{store.url_of(key)}, what the training code answered, is missing. {again}") from None
    if said["format"] > FORMAT:
        raise UserError(f"{store.url_of(key)} has format {said['format']}; this Tidemill reads up to {FORMAT}: upgrade")
    if said["probes"] != probes.digest:
        raise UserError(f"{store.url_of(key)} is of other rows than are asked now. {again}")
    return pd.DataFrame(said["answers"])


def _readable(model: Model, part: Part) -> Part:
    """The part without rows that the recipe refuses, such as those whose time lies beyond the calendar."""
    refused: set[int] = set()
    while True:
        left = part.without(refused)
        try:
            model.matrix(as_frame(left))
        except UserError as error:
            if error.row is None:
                return part.without({row for row in range(len(part.rows)) if not _reads(model, part, row)})
            refused.add([row for row in range(len(part.rows)) if row not in refused][error.row])
        else:
            return left


def _reads(model: Model, part: Part, row: int) -> bool:
    try:
        model.matrix(as_frame(part.without(set(range(len(part.rows))) - {row})))
    except UserError:
        return False
    return True


def _plain(column: pd.Series) -> list[Json]:
    """Values as JSON holds them, numbers to their last bit."""
    return [None if pd.isna(value) else value for value in column.astype(object).tolist()]


def _key(reference: ModelReference, split: Split) -> str:
    return f"{reference.use_case}/proofs/as-trained/{reference.id}-{split.gate.id}.json"
