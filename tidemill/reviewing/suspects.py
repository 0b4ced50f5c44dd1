"""Which labels of a version's rows are doubtful, and of which rows the model is unsure.

Confident learning (Northcutt, Jiang & Chuang, 2021), by cleanlab, on predictions of boosters that had not seen the
row. For regression, residuals in units of their usual size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.errors import UserError
from tidemill.registry import ModelVersion
from tidemill.results import Record
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.task import is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["OWN", "Suspects", "Verdict", "judge_labels", "sampled", "suspects", "unsureness"]

MOST_ROWS = 50_000
MOST_KEPT = 2_000
MOST_ERRORS = 4.0
OWN = "_review_"
"""How the columns begin that a ranked row has beside its own."""

Doubles = NDArray[np.float64]


class Suspects(Record):
    """The ranked rows of one version: ``flagged`` suspect labels and ``unsure`` predictions among the rows looked at.

    ``rows`` holds the most doubtful of them, worst first, with the target as a labelled Snapshot has it,
    ``_review_why`` (``suspect`` or ``unsure``), ``_review_doubt`` (0 to 1, for regression the error in usual errors),
    ``_review_suggested`` (a class's code, or a value) and the probabilities ``_review_p_<code>``.
    """

    format: Literal[1] = 1
    version: str
    looked_at: int
    of: int
    flagged: int
    unsure: int
    rows: Snapshot


@dataclass(frozen=True)
class Verdict:
    """What predictions say of labels: places of suspects and of unsure rows, worst first, and a doubt of each row."""

    suspects: NDArray[np.int64]
    doubt: Doubles


def suspects(store: Store, use_case: UseCase, version: ModelVersion) -> Outcome[Suspects]:
    """Rank the rows of ``version``, once: the lake keeps it under ``<use_case>/suspects/<version>.json``.

    At most 50,000 rows are looked at, drawn with the use case's seed. Raises UserError when cleanlab is missing or
    parts of the version are not in this lake.
    """

    def compute() -> Suspects:
        found = _ranked(store, use_case, version)
        store.write_json(f"{use_case.name}/suspects/{version.version}.json", found.model_dump(mode="json"))
        return found

    return once(
        store,
        use_case.name,
        "suspects",
        Suspects,
        compute,
        version=1,
        inputs={"version": version.version, "use_case": use_case.fingerprint("group", "seed", "target", "time")},
        summary=_summary,
    )


def judge_labels(task: str, target: Doubles, said: Doubles) -> Verdict:
    """Which labels are suspect, given out-of-fold answers.

    ``target`` are codes or values, shape ``(rows,)``; ``said`` probabilities ``(rows, classes)`` or, for regression,
    values ``(rows,)``. A doubt is 1 minus cleanlab's quality of the label; for regression the error divided by the
    usual one (1.4826 times the median absolute one), and suspect from 4 on.
    """
    if not is_classification(task):
        errors = np.abs(target - said - np.median(target - said))
        usual = 1.4826 * float(np.median(errors)) or float(errors.mean()) or 1.0
        doubt = errors / usual
        order = np.argsort(-doubt, kind="stable")
        return Verdict(order[doubt[order] > MOST_ERRORS], doubt)
    codes = target.astype(np.int64)
    present = np.unique(codes)
    narrow = said[:, present] / np.maximum(said[:, present].sum(axis=1, keepdims=True), 1e-12)
    placed = np.searchsorted(present, codes)
    found, rank = _cleanlab()
    doubt = 1.0 - np.asarray(rank.get_label_quality_scores(placed, narrow, method="normalized_margin"))
    flagged = found.find_label_issues(placed, narrow, return_indices_ranked_by="normalized_margin", n_jobs=1)
    return Verdict(np.asarray(flagged, dtype=np.int64), doubt)


def unsureness(said: Doubles, threshold: float | None) -> Doubles:
    """How near each prediction is to being another one, 0 to 1: by the threshold, else by the entropy."""
    if threshold is not None:
        share = said[:, 1]
        side = np.where(share < threshold, threshold, 1.0 - threshold)
        return np.asarray(1.0 - np.abs(share - threshold) / np.maximum(side, 1e-12))
    entropy = -(said * np.log(np.maximum(said, 1e-15))).sum(axis=1)
    return np.asarray(entropy / np.log(said.shape[1]))


def _ranked(store: Store, use_case: UseCase, version: ModelVersion) -> Suspects:
    from tidemill.learning.crossing import out_of_fold
    from tidemill.learning.model import Model

    _cleanlab()
    lineage = version.lineage
    source = lineage.validation.snapshot
    frame = pd.concat(sampled(store, source, use_case.seed), ignore_index=True)
    model = Model.load(store, lineage.model).informed(store, (source,))
    said = out_of_fold(store, use_case, frame, model, lineage.study, lineage.split)
    target = frame[use_case.target_name].to_numpy(dtype=np.float64)
    verdict = judge_labels(model.task, target, said)
    pieces = [_piece(frame, said, verdict.suspects[:MOST_KEPT], "suspect", verdict.doubt)]
    unsure = 0
    if is_classification(model.task):
        doubt = unsureness(said, model.threshold)
        doubt[verdict.suspects] = 0.0
        order = np.argsort(-doubt, kind="stable")
        unsure = int((doubt >= 0.5).sum())
        pieces.append(_piece(frame, said, order[: min(unsure, MOST_KEPT)], "unsure", doubt))
    return Suspects(
        version=version.version,
        looked_at=len(frame),
        of=source.rows,
        flagged=len(verdict.suspects),
        unsure=unsure,
        rows=write_snapshot(store, use_case.name, "suspects", pieces, parents=(source.id,)),
    )


def sampled(store: Store, source: Snapshot, seed: int) -> Iterator[pd.DataFrame]:
    """At most 50,000 rows of ``source``, in their order; memory for one part and for them."""
    chosen = np.arange(source.rows)
    if source.rows > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(source.rows, MOST_ROWS, replace=False))
    start = 0
    for frame in source.frames(store):
        here = chosen[(chosen >= start) & (chosen < start + len(frame))] - start
        start += len(frame)
        yield frame.iloc[here]


def _piece(frame: pd.DataFrame, said: Doubles, places: NDArray[np.int64], why: str, doubt: Doubles) -> pd.DataFrame:
    more: dict[str, Any] = {"_review_why": why, "_review_doubt": doubt[places]}
    if said.ndim == 1:
        more["_review_suggested"] = said[places]
    else:
        more["_review_suggested"] = said[places].argmax(axis=1)
        more |= {f"_review_p_{code}": said[places, code] for code in range(said.shape[1])}
    return frame.iloc[places].assign(**more)


def _cleanlab() -> tuple[Any, Any]:
    try:
        from cleanlab import filter as found
        from cleanlab import rank
    except ImportError:
        raise UserError(
            "suspect labels are found by cleanlab, which is not installed: run `pip install 'tidemill[labels]'`"
        ) from None
    return found, rank


def _summary(found: Suspects) -> str:
    return f"{found.flagged:,} suspect labels in {found.looked_at:,} rows"
