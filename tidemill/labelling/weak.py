"""Rows without a target get one from labelling functions; what these said is kept and reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.normalising import text_of
from tidemill.errors import UserError
from tidemill.labelling.combining import SILENT, TIED, Combined, combined
from tidemill.labelling.dawid_skene import LabelModel
from tidemill.labelling.functions import MOST_LABELS, Label, votes_of
from tidemill.labelling.targets import KEPT, WAITS, Targets, fitting
from tidemill.provenance import code_version
from tidemill.results import FunctionVotes, Labelled, StoredLabelModel, Voting
from tidemill.said import to_say, to_tell
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["label_by_functions", "typed"]

NO_VOTE, TIE, UNSURE = range(10, 13)
STEPS = 20

_Codes = npt.NDArray[np.int16]


def label_by_functions(
    store: Store, use_case: UseCase, cleaned: Snapshot, targets: Targets, like: Labelled | None
) -> Voting | None:
    """Label the rows of ``targets`` that have none, in place; None when the use case has no labelling functions.

    A target that a row has already stays, whatever the functions say, and tells how right they are. Rows
    that wait are not asked about. ``like`` gives the label model of a model's training rows.
    Raises :exc:`UserError` for functions that fail, and for labels that are not like the target's values.
    """
    if not use_case.target.functions:
        return None
    votes = votes_of(store, use_case, cleaned)
    asked = np.flatnonzero(targets.fate != WAITS)
    gold = targets.fate[asked] == KEPT
    known = targets.values.iloc[asked[gold]]
    like_these = targets.values.dropna()
    texts, of_label = _texts(votes.labels, known, like_these)
    stored = _before(like, votes.names, texts)
    texts = texts if stored is None else stored.classes
    places = {text: place for place, text in enumerate(texts)}
    codes = np.array([*(places[text] for text in of_label), -1], dtype=np.int16)[votes.codes[asked]]
    truth = np.full(len(asked), -1, dtype=np.int16)
    truth[gold] = known.map({level: places[text_of(level)] for level in known.unique()}).to_numpy()
    found = combined(codes, truth, max(len(texts), 1), use_case.target.combine, _model(stored))
    said = _Said(votes.names, texts, asked, codes, found)
    least = use_case.target.minimum_confidence
    fates = np.select(
        [gold, found.codes == SILENT, found.codes == TIED, found.confidence < least], [KEPT, NO_VOTE, TIE, UNSURE], KEPT
    ).astype(np.int8)
    kept = _keep(store, use_case, cleaned, said)
    _settle(targets, asked[~gold], fates[~gold], found.codes[~gold], _levels(like_these, votes.labels, texts))
    targets.reasons |= _reasons(least)
    return _report(use_case, said, truth, fates, kept)


def _texts(labels: Sequence[Label], known: pd.Series, like: pd.Series) -> tuple[tuple[str, ...], list[str]]:
    """The classes, by the texts of their values, in order; and the class of each label that functions give.

    ``known`` are the targets to learn from, ``like`` all that there are: labels are read as these are.
    """
    if like.empty:
        of_label = [text_of(label) for label in labels]
        return tuple(sorted(set(of_label))), of_label
    levels = known.unique()
    if len(levels) > MOST_LABELS:
        raise UserError(
            f"target.functions label classes, and the target has {len(levels):,} different values: leave them out"
        )
    of_label = []
    for label in labels:
        value = fitting(label, like)
        if value is None:
            raise UserError(
                f"target.functions give the label `{text_of(label)}`, and the target holds values such as "
                f"`{text_of(like.iloc[0])}`: write labels as the target does"
            )
        of_label.append(text_of(value))
    return tuple(sorted({*of_label, *map(text_of, levels)})), of_label


def _before(like: Labelled | None, names: Sequence[str], texts: Sequence[str]) -> StoredLabelModel | None:
    """What was learned on a model's training rows, if it is about these functions and classes."""
    stored = like.voting.model if like is not None and like.voting is not None else None
    return stored if stored and stored.functions == tuple(names) and set(texts) <= set(stored.classes) else None


def _model(stored: StoredLabelModel | None) -> LabelModel | None:
    return None if stored is None else LabelModel(np.array(stored.priors), np.array(stored.confusion))


def typed(use_case: UseCase, values: pd.Series) -> pd.Series:
    """Raw targets of which none is known in the kind of the labels that functions give, so that answers are so too."""
    functions = use_case.target.functions.values()
    if not functions or values.notna().any():
        return values
    labels = [one.label for one in functions if one.label is not None]
    dtype = {"b": "boolean", "f": "float64", "O": "str"}[_kind(labels) if labels else "O"]
    return pd.Series(None, index=values.index, dtype=dtype)


def _kind(labels: Sequence[Label]) -> str:
    kinds = {type(label) for label in labels}
    return "b" if kinds == {bool} else "f" if kinds <= {int, float} else "O"


def _levels(like: pd.Series, labels: Sequence[Label], texts: Sequence[str]) -> pd.Series:
    """The classes as values of one kind: the target's where it has any, else the labels' own."""
    kind = like.dtype.kind if not like.empty else _kind(labels)
    if kind == "b":
        return pd.Series([fitting(text, pd.Series([True])) for text in texts], dtype="boolean")
    if kind in "iuf":
        return pd.Series([float(text) for text in texts], dtype="float64")
    return pd.Series(texts, dtype="str")


def _settle(
    targets: Targets, rows: npt.NDArray[np.int64], fates: npt.NDArray[np.int8], codes: _Codes, levels: pd.Series
) -> None:
    """Write labels into the ``rows`` of ``targets``, and what becomes of them."""
    nothing = levels.reindex([-1] * len(targets.values)).reset_index(drop=True)
    values = targets.values.astype(levels.dtype) if targets.values.notna().any() else nothing
    labelled = fates == KEPT
    values.loc[rows[labelled]] = levels.reindex(codes[labelled]).to_numpy()
    targets.values = values
    targets.fate[rows] = fates


def _reasons(least: float) -> dict[int, tuple[str, str]]:
    return {
        NO_VOTE: ("label:none", to_say("no labelling function says anything of it")),
        TIE: ("label:tie", to_say("labelling functions disagree, and none outweighs the others")),
        UNSURE: (
            "label:unsure",
            to_tell("labelling functions are less than {least:.0%} sure of its label", least=least),
        ),
    }


@dataclass(frozen=True)
class _Said:
    """The votes on the rows that were asked about: ``codes`` (rows, functions) are places in ``texts``."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    codes: _Codes
    found: Combined


def _keep(store: Store, use_case: UseCase, cleaned: Snapshot, said: _Said) -> Snapshot:
    """Every row that somebody voted on, as a Snapshot: its place, its id, each vote, the label and how sure it is."""
    writer = SnapshotWriter(store, use_case.name, "label_votes", parents=(cleaned.id,), code=code_version())
    words = pd.Series([*said.texts, None, None], dtype="str")  # the last two are what -1 and -2 lead to
    start = 0
    first = cleaned.manifest(store).columns[0].name
    for frame in cleaned.frames(store, list(use_case.id) or [first]):
        low, high = np.searchsorted(said.rows, [start, start + len(frame)])
        here = np.arange(low, high)[(said.codes[low:high] >= 0).any(axis=1)]
        ids = frame.iloc[said.rows[here] - start].reset_index(drop=True)[list(use_case.id)]
        table = pd.concat([pd.DataFrame({"_row": said.rows[here]}), ids], axis=1)
        for place, name in enumerate(said.names):
            table[f"_vote_{name}"] = words.take(said.codes[here, place]).to_numpy()
        table["_label"] = words.take(said.found.codes[here]).to_numpy()
        table["_confidence"] = said.found.confidence[here]
        writer.add(table.astype({f"_vote_{name}": "str" for name in said.names} | {"_label": "str"}))
        start += len(frame)
    return writer.close()


def _report(use_case: UseCase, said: _Said, truth: _Codes, fates: npt.NDArray[np.int8], kept: Snapshot) -> Voting:
    found, rows = said.found, max(len(truth), 1)
    cast = said.codes >= 0
    votes = cast.sum(axis=1)
    functions = []
    for place, name in enumerate(said.names):
        mine, here = said.codes[:, place], cast[:, place]
        against = (cast & (said.codes != mine[:, None])).any(axis=1)
        judged = here & (truth >= 0)
        function = use_case.target.functions[name]
        functions.append(
            FunctionVotes(
                name=name,
                says=function.python or f"{text_of(function.label)} where {function.when}",
                coverage=float(here.sum() / rows),
                overlaps=float((here & (votes > 1)).sum() / rows),
                conflicts=float((here & against).sum() / rows),
                accuracy=found.accuracy[place],
                gold_rows=int(judged.sum()),
                gold_accuracy=_share(mine[judged] == truth[judged]),
            )
        )
    gold = truth >= 0
    judged = gold & (found.codes >= 0)
    bins = np.minimum((found.confidence[found.codes >= 0] * STEPS).astype(int), STEPS - 1)
    return Voting(
        functions=tuple(functions),
        model=None if found.model is None else _stored(found.model, said),
        rows=len(truth),
        gold=int(gold.sum()),
        labelled=int((~gold & (fates == KEPT)).sum()),
        silent=int((fates == NO_VOTE).sum()),
        tied=int((fates == TIE).sum()),
        unsure=int((fates == UNSURE).sum()),
        gold_voted=int(judged.sum()),
        gold_accuracy=_share(found.codes[judged] == truth[judged]),
        confidence=tuple(np.bincount(bins, minlength=STEPS).tolist()),
        votes=kept,
    )


def _share(right: npt.NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) else None


def _stored(model: LabelModel, said: _Said) -> StoredLabelModel:
    return StoredLabelModel(
        functions=said.names,
        classes=said.texts,
        priors=tuple(model.priors.tolist()),
        confusion=tuple(tuple(tuple(row) for row in one) for one in model.confusion.tolist()),
    )
