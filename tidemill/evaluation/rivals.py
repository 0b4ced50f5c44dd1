"""Which gate rows nobody has trained on, whether the champion can be measured on them, and its answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import GateError
from tidemill.evaluation.resampling import Doubles
from tidemill.learning.model import Model
from tidemill.learning.orders import Lists
from tidemill.registry import ModelVersion
from tidemill.results import Finding, Seen, Split
from tidemill.said import Said, to_say
from tidemill.store import Store
from tidemill.trained import Lookup, Unknown, seen, trained_rows
from tidemill.usecase.schema import UseCase

__all__ = ["Unseen", "another_question", "answers", "unseen"]

_FEWEST_QUERIES = 5


@dataclass(frozen=True)
class Unseen:
    """The gate rows to judge on (``kept``, shape ``(gate rows,)``), what was left out, and why there is no champion."""

    kept: NDArray[np.bool_]
    seen: tuple[Seen, ...] = ()
    against: Finding | None = None


def answers(model: Model, frame: pd.DataFrame) -> tuple[Doubles, tuple[Doubles, ...]]:
    """A Model's answers: the positive class's probability, each class's, or the predicted numbers.

    And the same when a part of its boosters is left out, for each part.
    """
    whole, lesser = model.answers_by_part(frame)
    if model.task != "binary":
        return whole, lesser
    return whole[:, 1], tuple(one[:, 1] for one in lesser)


def another_question(model: Model, champion: ModelVersion, rival: Model) -> Finding | None:
    """That the champion predicts something else, when it does."""
    if rival.task == model.task and rival.classes == model.classes:
        return None
    values: dict[str, str | int | float] = {
        "champion": champion.version,
        "theirs": _question(rival),
        "ours": _question(model),
    }
    text = to_say("the champion {champion} answers another question ({theirs}, not {ours})")
    return Finding(rule="comparable", verdict="fail", said=Said(text=text, values=values))


def unseen(
    store: Store,
    use_case: UseCase,
    split: Split,
    target: Doubles,
    champion: ModelVersion | None,
    lists: Lists | None = None,
) -> Unseen:
    """Leave out the gate rows that the new model or the champion has trained on, by what was stored of both.

    Of lists, whole ones are left out. Raises GateError when the new model has seen too many of the rows; where it is
    the champion that has, nothing is left out for it and there is no comparison.
    """
    rows = Lookup(store, split.gate)
    ours = _seen_by(store, use_case, split, split, rows)
    if isinstance(ours, str):
        raise GateError(f"which rows this model was trained on is not known: {ours}. Run the split again")
    kept = _without(ours, lists)
    found = []
    if ours.any():
        found.append(Seen(version="this model", rows=int((~kept).sum()), of=len(kept), left=int(kept.sum())))
        if not _enough(use_case, target, kept, lists):
            raise GateError(
                f"this model was trained on {int((~kept).sum()):,} of the {len(kept):,} gate rows, and the others are "
                "too few to judge it by: change `split`. Nothing was promoted"
            )
    if champion is None:
        return Unseen(kept, tuple(found))
    theirs = _seen_by(store, use_case, champion.lineage.split, split, rows)
    if isinstance(theirs, str):
        return Unseen(kept, tuple(found), _not_known(champion.version, theirs))
    both = kept & _without(theirs, lists)
    lost = int((kept & ~both).sum())
    if not lost:
        return Unseen(kept, tuple(found))
    enough = _enough(use_case, target, both, lists)
    left = int(both.sum())
    found.append(Seen(version=champion.version, rows=lost, of=len(kept), left=left if enough else 0))
    if enough:
        return Unseen(both, tuple(found))
    return Unseen(kept, tuple(found), _too_few(champion.version, lost, len(kept), left))


def _seen_by(store: Store, use_case: UseCase, theirs: Split, ours: Split, rows: Lookup) -> NDArray[np.bool_] | str:
    """Which of our gate rows were trained on with that split, or why it can't be told."""
    if theirs.train.id == ours.gate.id:
        return np.ones(ours.gate.rows, dtype=bool)
    try:
        return seen(store, trained_rows(store, use_case, theirs), rows)
    except Unknown as unknown:
        return str(unknown)


def _without(rows: NDArray[np.bool_], lists: Lists | None) -> NDArray[np.bool_]:
    """The other rows; of lists, those of which no row is among ``rows``."""
    if lists is None or not rows.any():
        return ~rows
    touched = np.zeros(lists.queries.count, dtype=bool)
    touched[lists.queries.codes[rows]] = True
    return ~touched[lists.queries.codes]


def _enough(use_case: UseCase, target: Doubles, kept: NDArray[np.bool_], lists: Lists | None) -> bool:
    """Whether those rows are as many as a side of the split must have, and can tell one answer from another."""
    if int(kept.sum()) < use_case.split.minimum_rows or len(np.unique(target[kept])) < 2:
        return False
    return lists is None or len(np.unique(lists.queries.codes[kept])) >= _FEWEST_QUERIES


def _not_known(champion: str, why: str) -> Finding:
    text = to_say(
        "which rows the champion {champion} was trained on is not known ({why}), so it can't be compared on others"
    )
    return Finding(
        rule="comparable", verdict="undecided", said=Said(text=text, values={"champion": champion, "why": why})
    )


def _too_few(champion: str, lost: int, of: int, left: int) -> Finding:
    text = to_say(
        "the champion {champion} was trained on {rows:,} of the {of:,} gate rows, and the other {left:,} can't tell"
    )
    return Finding(
        rule="comparable",
        verdict="undecided",
        said=Said(text=text, values={"champion": champion, "rows": lost, "of": of, "left": left}),
        advice=Said(text="train with a later window"),
    )


def _question(model: Model) -> str:
    classes = ", ".join(str(label) for label in model.classes)
    return f"{model.task} of {classes}" if classes else model.task
