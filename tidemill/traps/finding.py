"""The traps that one table shows by itself: columns that name rows, targets in order of time or place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tidemill.results import Trap
from tidemill.said import to_say, to_tell
from tidemill.task import Task, is_classification
from tidemill.traps.rows import names_rows
from tidemill.traps.scoring import Judge, as_numbers, sampled
from tidemill.usecase.schema import UseCase

__all__ = ["find_traps"]

_LATER = 0.5
_FEWEST = 50


def find_traps(use_case: UseCase, frame: pd.DataFrame, target: str, task: Task) -> list[Trap]:
    """The traps in labelled rows, in the order in which they came, with ``target`` as codes or numbers.

    ``names_rows``: the model must not read the column (``columns.allow`` overrules). ``time_order``: the
    time alone tells the class better than ``validate.leak_auc``; critical, since what was learned may be
    the time. ``class_order``: the rows lie sorted by the target. ``later_than_row``: a time that is after
    the row's own. Columns that can't reach the model anyway are not looked at.
    """
    return [
        *_naming(use_case, frame, target),
        *_ordered(use_case, frame, target, task),
        *_later(use_case, frame),
    ]


def _readable(use_case: UseCase, frame: pd.DataFrame) -> list[str]:
    rules = use_case.columns
    own = (use_case.time, use_case.query, use_case.target_name, use_case.target.column)
    names = {*rules.forbid, *rules.ignore, *use_case.id, *own}
    return [str(name) for name in frame.columns if name not in names]


def _naming(use_case: UseCase, frame: pd.DataFrame, target: str) -> Iterator[Trap]:
    for name in _readable(use_case, frame):
        evidence = names_rows(frame[name]) if name != target else None
        if evidence is not None:
            allowed = name in use_case.columns.allow
            yield Trap(kind="names_rows", severity="warning", evidence=evidence, columns=(name,), allowed=allowed)


def _ordered(use_case: UseCase, frame: pd.DataFrame, target: str, task: Task) -> Iterator[Trap]:
    """The target by the row's time and by its place. In a file that is sorted by time the two are one finding."""
    if len(frame) < _FEWEST:
        return
    limit = use_case.validate_.leak_auc
    rng = np.random.default_rng(use_case.seed)
    places = sampled(frame[target], task, 2, rng)
    judge = Judge(frame[target].iloc[places].reset_index(drop=True), task, rng)
    if use_case.time is not None and use_case.time in frame:
        times = as_numbers(frame[use_case.time].iloc[places])
        score = judge.numbers(times) if times is not None else 0.0
        if score > limit:
            text = to_say("the time alone (`{column}`) tells the target with {told}")
            told = to_tell(text, column=use_case.time, told=judge.spoken(score, limit))
            apart = score if task == "multiclass" else judge.difference(times) if times is not None else 0.0
            if not is_classification(task):
                text = to_say("{told}: it goes with the time, and rows to come lie beyond what trees have seen")
                evidence = to_tell(text, told=told)
                yield Trap(kind="time_order", severity="warning", evidence=evidence, columns=(use_case.time,))
            elif apart <= limit:
                text = to_say("{told}: one class comes for a while, then the other, and what else lasts looks like it")
                evidence = to_tell(text, told=told)
                yield Trap(kind="time_order", severity="warning", evidence=evidence, columns=(use_case.time,))
            else:
                evidence = to_tell(
                    "{told}: the classes come from different times, so whatever else changed between them looks like "
                    "the answer, and the split compares one time with another",
                    told=told,
                )
                allowed = "time_order" in use_case.validate_.allow
                yield Trap(
                    kind="time_order", severity="critical", evidence=evidence, columns=(use_case.time,), allowed=allowed
                )
            return
    score = judge.numbers(places.astype("float64"))
    if score > limit:
        evidence = to_tell(
            "the place of a row in the data tells its target with {told}: the rows lie sorted. "
            "The split does not go by place, but a column that does would be an oracle",
            told=judge.spoken(score, limit),
        )
        yield Trap(kind="class_order", severity="info", evidence=evidence)


def _later(use_case: UseCase, frame: pd.DataFrame) -> Iterator[Trap]:
    """Times after the row's own: recorded later, or planned. Only a person can tell which."""
    if use_case.time is None or use_case.time not in frame:
        return
    own = frame[use_case.time]
    for name in _readable(use_case, frame):
        if frame[name].dtype.kind != "M":
            continue
        both = frame[name].notna() & own.notna()
        share = float((frame.loc[both, name] > own[both]).mean()) if both.sum() >= _FEWEST else 0.0
        if share >= _LATER:
            evidence = to_tell(
                "it is after the row's own `{column}` in {share:.0%} of the rows that have it. If it is "
                "recorded then, forbid it; if it is planned before, allow it",
                column=use_case.time,
                share=share,
            )
            allowed = name in use_case.columns.allow
            yield Trap(kind="later_than_row", severity="warning", evidence=evidence, columns=(name,), allowed=allowed)
