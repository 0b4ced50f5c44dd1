"""What kind of target it is, which classes it has, in which order and under which names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning.normalising import FALSE_WORDS, TRUE_WORDS, text_of
from tidemill.errors import UserError, did_you_mean
from tidemill.labelling.choosing import Choice, choose_task, is_whole
from tidemill.learning.orders import MOST_EXPONENTIAL, Gain, gain_of
from tidemill.learning.scores import choose_metric
from tidemill.results import ClassCount, Labelled
from tidemill.said import to_say
from tidemill.task import Task, is_classification
from tidemill.usecase.schema import Target, UseCase

__all__ = ["Coding", "check_grades", "coding_as", "coding_of"]

ClassValue = str | int | bool

MOST_CLASSES = 1_000


@dataclass(frozen=True)
class Coding:
    """How raw values of the target become codes: ``words`` maps a value's text to its place in ``labels``.

    ``why`` says in a clause why it is this task. ``gain`` is what a grade is worth, where rows are ranked.
    """

    task: Task
    words: Mapping[str, int]
    labels: tuple[ClassValue, ...]
    why: str = ""
    gain: Gain | None = None

    def codes(self, values: pd.Series) -> npt.NDArray[np.int64]:
        """The code of each value; -1 for null and for a class that is not known."""
        levels = values.dropna().unique()
        known = {level: self.words.get(text_of(level), -1) for level in levels}
        return values.map(known, na_action="ignore").astype("float64").fillna(-1).to_numpy().astype("int64")

    def counts(self, codes: npt.NDArray[np.int64]) -> tuple[ClassCount, ...]:
        """Each class with its rows."""
        rows = np.bincount(codes[codes >= 0], minlength=len(self.labels))
        return tuple(ClassCount(label=label, rows=int(n)) for label, n in zip(self.labels, rows, strict=True))


def coding_of(use_case: UseCase, values: pd.Series) -> Coding:
    """Find the task and the classes in the target's known values.

    Classes are in the order of their values, except that a binary target's positive class is last.
    Raises :exc:`UserError` when the target is constant or does not fit the task, and for labels or a
    positive class that are not among its values.
    """
    target, name = use_case.target, _spoken(use_case)
    levels = values.unique()
    if len(levels) < 2:
        raise UserError(
            f"{name} is {text_of(levels[0])} in all of its {len(values):,} rows, so there is nothing to learn. "
            f"Collect rows with other values, or mend `target`"
        )
    chosen = _task(use_case, values, len(levels))
    task = chosen.task
    choose_metric(use_case.tune.metric, task)
    if task == "ranking":
        return Coding(task, {}, (), chosen.why, _gain(use_case, values))
    if not is_classification(task):
        return Coding(task, {}, (), chosen.why)
    ordered = sorted(levels.tolist(), key=lambda level: (isinstance(level, str), level))
    texts = [text_of(level) for level in ordered]
    if task == "binary":
        positive = _positive(target, texts, values, name)
        order = [1 - positive, positive]
        ordered, texts = [ordered[place] for place in order], [texts[place] for place in order]
    labels = _labels(target, ordered, texts, name)
    return Coding(task, {text: code for code, text in enumerate(texts)}, labels, chosen.why)


def coding_as(use_case: UseCase, like: Labelled) -> Coding:
    """The coding that made ``like``: the same classes under the same codes, whatever new rows hold."""
    names = {str(label): raw for raw, label in use_case.target.labels.items()}
    labels = tuple(one.label for one in like.classes)
    words = {}
    for code, label in enumerate(labels):
        words[text_of(label)] = code
        if isinstance(label, str) and label in names:
            words[_said(names[label])] = code
    return Coding(like.task, words, labels, gain=like.gain)


def _task(use_case: UseCase, values: pd.Series, levels: int) -> Choice:
    name, asked = _spoken(use_case), use_case.task
    if values.dtype.kind in "Mm":
        raise UserError(f"{name} holds times, which can't be predicted. Derive a number or a class from it")
    text = values.dtype.kind not in "biuf"
    if use_case.forecast is not None and text:
        raise UserError(f"{name} holds text such as `{values.iloc[0]}`, and a forecast is of numbers: mend `target`")
    said = Choice(asked, to_say("the use case says so")) if asked != "auto" else choose_task(use_case, values, levels)
    task = said.task
    if not is_classification(task) and text:
        raise UserError(f"{name} holds text such as `{values.iloc[0]}`, and task is {task}, which needs numbers")
    if task == "count":
        _check_counts(name, values)
    if task == "binary" and levels != 2:
        some = ", ".join(text_of(level) for level in values.unique()[:5])
        raise UserError(f"{name} has {levels:,} different values ({some}, …), and task is binary, which needs two")
    if task == "multiclass" and (not (text or is_whole(values)) or levels > MOST_CLASSES or levels > len(values) / 2):
        raise UserError(
            f"{name} has {levels:,} different values in {len(values):,} rows: too many, or too fine, for classes. "
            f"Say `task: regression` if it is a number, or mend `target`"
        )
    return said


def check_grades(use_case: UseCase, values: pd.Series) -> None:
    """Raise UserError for grades below 0: nothing is worth less than what is not relevant at all."""
    below = values[values < 0]
    if len(below):
        raise UserError(
            f"{_spoken(use_case)} is {text_of(below.iloc[0])} in one of {len(below):,} rows below 0, and grades start "
            "at 0 (not relevant). If it means that nobody looked, `clean.ranges` keeps such rows out; else add to it "
            "by `target.expression`"
        )


def _gain(use_case: UseCase, values: pd.Series) -> Gain:
    """What a grade is worth: as asked, or what the grades allow."""
    check_grades(use_case, values)
    fitting, asked = gain_of(values.to_numpy(dtype=np.float64)), use_case.target.gain
    if asked == "exponential" and fitting != asked:
        raise UserError(
            f"target.gain: exponential is for whole grades from 0 to {MOST_EXPONENTIAL}, and {_spoken(use_case)} goes "
            f"up to {values.max():g} or has fractions: say `linear`, or make the grades coarser"
        )
    if use_case.tune.metric in ("map", "mrr") and (values > 0).all():
        raise UserError(
            f"tune.metric: `{use_case.tune.metric}` asks which rows are relevant (a grade above 0), and "
            f"{_spoken(use_case)} is above 0 in all of them: go by `ndcg`, or give 0 to what is not relevant by "
            "`target.expression`"
        )
    return fitting if asked == "auto" else asked


def _check_counts(name: str, values: pd.Series) -> None:
    """Raise UserError unless the numbers can be counts of something."""
    odd = values[(values < 0) | (values != values.round())]
    if len(odd):
        raise UserError(
            f"{name} is {text_of(odd.iloc[0])} in one of {len(odd):,} rows that are no whole number from 0 on, and "
            f"task is count. Say `task: regression`, or mend `target`"
        )


def _positive(target: Target, texts: Sequence[str], values: pd.Series, name: str) -> int:
    """The place of the positive class: what the use case says, else the one that says yes, else the rarer."""
    if target.positive is not None:
        return _asked_positive(target, texts, name)
    yes = [place for place, text in enumerate(texts) if text.lower() in TRUE_WORDS]
    if len(yes) == 1:
        return yes[0]
    share = [float((values.map(text_of) == text).mean()) for text in texts]
    return 0 if share[0] < share[1] else 1


def _asked_positive(target: Target, texts: Sequence[str], name: str) -> int:
    wanted = text_of(target.positive).lower()
    names = {_said(raw): label for raw, label in target.labels.items()}
    for place, text in enumerate(texts):
        if wanted in (text.lower(), names.get(_said(text), text).lower()):
            return place
    if isinstance(target.positive, bool):
        words = TRUE_WORDS if target.positive else FALSE_WORDS
        found = [place for place, text in enumerate(texts) if text.lower() in words]
        if len(found) == 1:
            return found[0]
    raise UserError(
        f"target.positive: `{target.positive}` is not a value of {name}, which has {' and '.join(texts)}"
        f"{did_you_mean(wanted, texts)}"
    )


def _labels(target: Target, ordered: Sequence[object], texts: Sequence[str], name: str) -> tuple[ClassValue, ...]:
    said = {_said(text) for text in texts}
    for raw in target.labels:
        if _said(raw) not in said:
            raise UserError(
                f"target.labels: `{raw}` is not a value of {name}, which has {', '.join(texts[:10])}"
                f"{did_you_mean(raw, texts)}"
            )
    names = {_said(raw): label for raw, label in target.labels.items()}
    labels = tuple(names.get(_said(text), _class_value(level)) for level, text in zip(ordered, texts, strict=True))
    if len({str(label) for label in labels}) < len(labels):
        raise UserError(
            f"target.labels gives two classes one name ({', '.join(map(str, labels[:10]))}): make them different"
        )
    return labels


def _class_value(level: object) -> ClassValue:
    if isinstance(level, bool | np.bool_):
        return bool(level)
    if isinstance(level, int | np.integer):
        return int(level)
    return int(level) if isinstance(level, float) and level.is_integer() else text_of(level)


def _said(raw: str) -> str:
    """A key of ``target.labels`` as written: YAML's true and True are one."""
    return raw.lower() if raw.lower() in ("true", "false") else raw


def _spoken(use_case: UseCase) -> str:
    target = use_case.target
    return f"the target `{use_case.target_name}`" + (f" ({target.expression})" if target.expression else "")
