"""The votes of labelling functions as one label a row, with how sure they are and how each of them did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tidemill.labelling.dawid_skene import LabelModel, Patterns, fitted, patterns_of
from tidemill.progress import Note, emit

__all__ = ["SILENT", "TIED", "Combined", "combined"]

SILENT, TIED = -1, -2
FEWEST_FUNCTIONS = 3
_SAME = 1e-9

_Codes = npt.NDArray[np.int16]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Combined:
    """Each row's label (a code; -1 nobody voted, -2 the best are equal), how sure it is (0 where there is none), and
    how often each function is right where it votes, as far as the model tells. A count of votes has no ``model``."""

    codes: _Codes
    confidence: _Floats
    accuracy: tuple[float | None, ...]
    model: LabelModel | None


def combined(
    votes: npt.NDArray[np.integer],
    truth: npt.NDArray[np.integer],
    classes: int,
    how: Literal["model", "vote"],
    known: LabelModel | None = None,
) -> Combined:
    """Combine ``votes`` (rows, functions) into labels; ``truth`` (rows,) is -1 where it is not known.

    A model is only learned from three functions that vote, or where some truth is known: with fewer, nothing
    tells which of them is right, and votes are counted. So they are when the model speaks against most of the
    votes: it has then found another pattern than the classes. ``known`` is a model that was learned before,
    and is used as it is.
    """
    patterns = patterns_of(votes, truth)
    belief = counted = _counted(patterns.votes, classes)
    model = None
    if how == "model":
        model = known or _learned(patterns, classes)
    if model is not None:
        belief = model.posterior(patterns.votes)
        if known is None and _disagree(belief, counted, patterns.counts):
            emit(Note("the label model speaks against most votes, so votes are counted: add functions, or labels"))
            belief, model = counted, None
    codes, confidence = _best(belief)
    codes[~(patterns.votes >= 0).any(axis=1)] = SILENT
    confidence[codes < 0] = 0.0
    nothing: tuple[float | None, ...] = (None,) * patterns.votes.shape[1]
    accuracy = nothing if model is None else _accuracy(patterns.votes, belief, patterns.counts)
    return Combined(codes[patterns.place], confidence[patterns.place], accuracy, model)


def _learned(patterns: Patterns, classes: int) -> LabelModel | None:
    voting = int((patterns.votes >= 0).any(axis=0).sum())
    if voting < FEWEST_FUNCTIONS and not (patterns.truth >= 0).any():
        emit(
            Note(
                "fewer than three labelling functions vote, so their votes are counted: a model needs three, or labels"
            )
        )
        return None
    model = fitted(patterns, classes)
    if not model.converged:
        emit(Note(f"the label model had not settled after {model.steps:,} steps: its confidences are rough"))
    return model


def _counted(votes: _Codes, classes: int) -> _Floats:
    """Each class's share of the votes cast: (P, F) in, (P, K) out, nothing where nobody voted."""
    shares = np.stack([(votes == code).sum(axis=1) for code in range(classes)], axis=1)
    return np.asarray(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1))


def _best(belief: _Floats) -> tuple[_Codes, _Floats]:
    """The class that is believed most and how much; -2 where two are equal."""
    codes = belief.argmax(axis=1).astype(np.int16)
    most = belief.max(axis=1)
    codes[(belief >= most[:, None] - _SAME).sum(axis=1) > 1] = TIED
    return codes, np.round(most, 6)


def _disagree(belief: _Floats, counted: _Floats, counts: npt.NDArray[np.int64]) -> bool:
    """Whether the model speaks against the votes in most rows that have a winner."""
    winners, _ = _best(counted)
    won = winners >= 0
    against = belief.argmax(axis=1) != winners
    return bool(counts[won & against].sum() * 2 > counts[won].sum())


def _accuracy(votes: _Codes, belief: _Floats, counts: npt.NDArray[np.int64]) -> tuple[float | None, ...]:
    """How often each function is right where it votes, by what is believed of its rows."""
    found: list[float | None] = []
    for said in votes.T:
        here = np.flatnonzero(said >= 0)
        rows = counts[here].sum()
        found.append(float((belief[here, said[here]] * counts[here]).sum() / rows) if rows else None)
    return tuple(found)
