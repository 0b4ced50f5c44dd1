"""Columns that know the answer: found by what they are made of, when they are filled, and what they give away.

Seven kinds of evidence, each in words with its numbers:

* the target, or a forbidden column, is in the expression that makes the column, or the other way round;
* the column is empty where there is no outcome yet and full where there is one;
* it is filled in a good part of one class and in none of the others: written down after the event;
* alone it separates the target better than ``validate.leak_auc`` (AUC; R² for a number);
* each of its values goes with one class: the target under another name;
* its difference from another column of like scale separates the target: a scheduled and an actual time;
* it is text, and a word in it names the class.

Scores are :mod:`tidemill.traps.scoring`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from tidemill.expressions import columns_of
from tidemill.results import Leak
from tidemill.said import to_say, to_tell
from tidemill.task import Task, is_classification
from tidemill.traps.scoring import CERTAIN, Floats, Judge, as_numbers, sampled
from tidemill.traps.texts import Word, telling_word
from tidemill.usecase.schema import UseCase

__all__ = ["find_leaks"]

_MOST_PAIRS = 400
_FEWEST_UNLABELLED = 30
_EMPTY_WITHOUT = 0.5
_EMPTY_WITH = 0.01
_FEWEST_OF_A_CLASS = 100
_FILLED_IN_ONE = 0.2
_FILLED_IN_OTHERS = 0.001

_Kind = Literal["made_of", "filled_after", "telling", "disguise", "difference", "text"]
_Evidence = tuple[str, _Kind, str]


def find_leaks(
    use_case: UseCase, frame: pd.DataFrame, unlabelled: pd.DataFrame | None, target: str, task: Task
) -> list[Leak]:
    """The columns of ``frame`` that give the target away, in the frame's order, each with its evidence.

    ``frame`` holds labelled rows with ``target`` as codes or numbers, ``unlabelled`` the rows that were
    refused for want of a target (None when there are none). Columns that can't reach the model anyway
    (forbidden, ignored, ids) are not looked at; those of ``columns.allow`` are, and come back ``allowed``.
    At most 20,000 rows are scored, drawn evenly from the classes with the use case's seed.
    """
    rules = use_case.columns
    out = {target, *rules.forbid, *rules.ignore, *use_case.id, use_case.query}
    columns = [str(name) for name in frame.columns if name not in out]
    found: dict[str, list[tuple[_Kind, str]]] = {}
    for name, kind, evidence in (
        *_made_of(use_case, columns),
        *_filled_after(frame, unlabelled, columns),
        *_telling(use_case, frame, unlabelled, target, task, columns),
    ):
        found.setdefault(name, []).append((kind, evidence))
    return [
        Leak(
            column=name,
            kind=found[name][0][0],
            evidence="; ".join(evidence for _, evidence in found[name]),
            allowed=name in rules.allow,
        )
        for name in columns
        if name in found
    ]


def _made_of(use_case: UseCase, columns: Sequence[str]) -> Iterator[_Evidence]:
    """Columns of the target's own expression, and columns derived from those or from forbidden ones."""
    expression = use_case.target.expression
    secret = dict.fromkeys(use_case.columns.forbid, to_say("forbidden"))
    for name in sorted(columns_of(expression)) if expression else ():
        secret[name] = to_say("what the target is made of")
        if name in columns:
            yield name, "made_of", to_tell("the target is made of it ({expression})", expression=expression)
    if use_case.target.column:
        secret[use_case.target.column] = to_say("the target")
    for name, derived in use_case.derive.items():
        from_secret = sorted(columns_of(derived) & secret.keys())
        if from_secret:
            secret[name] = to_tell("derived from `{column}`", column=from_secret[0])
            if name in columns:
                text = to_say("it is derived from `{column}`, which is {told}")
                yield name, "made_of", to_tell(text, column=from_secret[0], told=secret[from_secret[0]])


def _filled_after(frame: pd.DataFrame, unlabelled: pd.DataFrame | None, columns: Sequence[str]) -> Iterator[_Evidence]:
    if unlabelled is None or len(unlabelled) < _FEWEST_UNLABELLED:
        return
    for name in columns:
        if name not in unlabelled:
            continue
        without, with_target = float(unlabelled[name].isna().mean()), float(frame[name].isna().mean())
        if without >= _EMPTY_WITHOUT and with_target <= _EMPTY_WITH:
            text = to_say(
                "it is empty in {without:.0%} of the {rows:,} rows without a target and in {having:.1%} of those with "
                "one, so it is filled in only after the outcome"
            )
            yield name, "filled_after", to_tell(text, without=without, rows=len(unlabelled), having=with_target)


def _telling(
    use_case: UseCase,
    frame: pd.DataFrame,
    unlabelled: pd.DataFrame | None,
    target: str,
    task: Task,
    columns: Sequence[str],
) -> Iterator[_Evidence]:
    """Columns, and differences of two columns, that separate the target too well."""
    limit = use_case.validate_.leak_auc
    rng = np.random.default_rng(use_case.seed)
    sample = frame.iloc[sampled(frame[target], task, len(columns), rng)].reset_index(drop=True)
    judge = Judge(sample[target], task, rng)
    values = {name: as_numbers(sample[name]) for name in columns}
    scores: dict[str, float] = {}
    for name in columns:
        numbers = values[name]
        scores[name] = judge.levels(sample[name]) if numbers is None else judge.numbers(numbers)
        if scores[name] > limit:
            kind: _Kind = "disguise" if scores[name] >= CERTAIN else "telling"
            yield name, kind, _alone(judge, sample[name], scores[name], limit)
            continue
        after = _one_sided(sample[name].notna(), sample[target]) if is_classification(task) else None
        word = telling_word(sample[name], sample[target], limit) if is_classification(task) else None
        if after is not None:
            scores[name] = 1.0
            yield name, "filled_after", after
        elif word is not None:
            scores[name] = word.score
            yield name, "text", _naming(word, judge, limit)
    told = {name for name in columns if scores[name] > limit}
    honest = {name: numbers for name, numbers in values.items() if numbers is not None and name not in told}
    empty = {name: round(_share_empty(unlabelled, name), 2) for name in honest}
    late = {name: float(np.nanmean(honest[name])) if sample[name].dtype.kind == "M" else 0.0 for name in honest}
    pairs = sorted(_scored_pairs(judge, honest, limit), key=lambda pair: -pair[0])
    for score, first, second in pairs:
        if first in told or second in told:
            continue
        guilty = max(first, second, key=lambda name: (name != use_case.time, empty[name], late[name], scores[name]))
        other = second if guilty == first else first
        told.add(guilty)
        text = to_say("its difference from `{column}` separates the target with {told}")
        yield guilty, "difference", to_tell(text, column=other, told=judge.spoken(score, limit))


def _alone(judge: Judge, column: pd.Series, score: float, limit: float) -> str:
    """The evidence against a column that scores too well, with an addition where its gaps alone tell as much."""
    told, filled = judge.alone(score, limit), column.notna()
    if filled.all() or judge.levels(filled) <= limit:
        return told
    return to_tell("{told}, and so does whether it is filled in at all", told=told)


def _one_sided(filled: pd.Series, target: pd.Series) -> str | None:
    """Filled in for a good part of one class and never for the others: nobody knew it before the class was known."""
    if filled.all():
        return None
    shares = filled.groupby(target.to_numpy()).agg(["mean", "size"]).sort_values("mean")
    if len(shares) < 2 or (shares["size"] < _FEWEST_OF_A_CLASS).any():
        return None
    most, next_most = float(shares["mean"].iloc[-1]), float(shares["mean"].iloc[-2])
    if most < _FILLED_IN_ONE or next_most > _FILLED_IN_OTHERS:
        return None
    return to_tell(
        "it is filled in for {most:.0%} of one class and for {next_most:.1%} of the others, so it is filled in only "
        "after the outcome",
        most=most,
        next_most=next_most,
    )


def _naming(word: Word, judge: Judge, limit: float) -> str:
    return to_tell(
        "its text names the class: whether it holds {words} separates the target with {told}",
        words=", ".join(f"`{one}`" for one in word.words),
        told=judge.spoken(word.score, limit),
    )


def _scored_pairs(judge: Judge, values: Mapping[str, Floats], limit: float) -> Iterator[tuple[float, str, str]]:
    """Pairs of columns of like scale whose difference scores above the limit."""
    names = list(values)
    spread = {name: _spread(values[name]) for name in names}
    alike = [
        (first, second)
        for place, first in enumerate(names)
        for second in names[place + 1 :]
        if _like_scale(spread[first], spread[second])
    ]
    for first, second in alike[:_MOST_PAIRS]:
        difference = values[first] - values[second]
        if np.isfinite(difference).mean() < 0.5:
            continue
        score = judge.difference(difference)
        if score > limit:
            yield score, first, second


def _spread(values: Floats) -> tuple[float, float]:
    """Median and interquartile range; the range is 0 for a column of nothing or of one value."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return float(middle), float(high - low)


def _like_scale(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Spreads within a factor of two, and middles within one spread of each other."""
    narrow, wide = sorted((first[1], second[1]))
    return narrow > 0 and wide <= 2 * narrow and abs(first[0] - second[0]) <= wide


def _share_empty(unlabelled: pd.DataFrame | None, name: str) -> float:
    if unlabelled is None or unlabelled.empty or name not in unlabelled:
        return 0.0
    return float(unlabelled[name].isna().mean())
