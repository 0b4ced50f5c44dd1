"""Which kind of prediction a target asks for, where the use case leaves it open, and why."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tidemill.cleaning.normalising import text_of
from tidemill.said import to_say, to_tell
from tidemill.task import METRICS, Task, is_classification
from tidemill.usecase.schema import UseCase

__all__ = ["Choice", "choose_task", "is_whole"]

MOST_INTEGER_CLASSES = 20
FEWEST_COUNT_LEVELS = 4
RARE_BESIDE_MODE = 0.05
LARGEST_MEAN = 1_000.0
SMALL_SHARE = 0.25
SKEWED = 1.05
POISSON_LIKE = (0.5, 2.0)


@dataclass(frozen=True)
class Choice:
    """A task and, in a clause, why it is this one."""

    task: Task
    why: str


def choose_task(use_case: UseCase, values: pd.Series, levels: int) -> Choice:
    """The first task that the target looks like and that the metric (and class weights) can go with."""
    if use_case.query is not None:
        return Choice(
            "ranking",
            to_tell("the rows of each `{column}` are a list to put in order (`query`)", column=use_case.query),
        )
    options = _options(values, levels)
    fitting = [one for one in options if _goes_with(use_case, one.task)]
    if not fitting or fitting[0] is options[0]:
        return options[0]
    asked = "tune.class_weights" if use_case.tune.class_weights is not None else f"tune.metric: {use_case.tune.metric}"
    if use_case.forecast is not None and is_classification(options[0].task):
        asked = "forecast"
    return Choice(fitting[0].task, to_tell("{told}, and `{asked}` asks for it", told=fitting[0].why, asked=asked))


def is_whole(values: pd.Series) -> bool:
    """Whether all of them are whole numbers (true and false are)."""
    return values.dtype.kind in "biu" or (values.dtype.kind == "f" and bool((values == values.round()).all()))


def _goes_with(use_case: UseCase, task: Task) -> bool:
    metric, weights = use_case.tune.metric, use_case.tune.class_weights
    if use_case.forecast is not None and is_classification(task):
        return False
    return (metric == "auto" or metric in METRICS[task]) and (weights is None or is_classification(task))


def _options(values: pd.Series, levels: int) -> list[Choice]:
    """What the target could be, the likeliest first."""
    if levels == 2:
        first, second = sorted(text_of(level) for level in values.unique())
        found = [
            Choice("binary", to_tell("the target has two values, {first} and {second}", first=first, second=second))
        ]
        return (
            found
            if values.dtype.kind not in "iuf"
            else [*found, Choice("regression", to_say("its values are numbers"))]
        )
    if values.dtype.kind not in "biuf":
        return [Choice("multiclass", to_tell("the target is text with {levels:,} different values", levels=levels))]
    if not is_whole(values):
        return [Choice("regression", to_say("the target has numbers with fractions"))]
    numbers = values.astype("float64")
    text = to_say("the target has {levels:,} different whole numbers, which are not spread as counts")
    number = Choice("regression", to_tell(text, levels=levels))
    why = to_say("the target has whole numbers from 0 on, small ones often and large ones seldom, as counts")
    count = Choice("count", why)
    possible = [count] if numbers.min() >= 0 else []
    if levels <= MOST_INTEGER_CLASSES:
        text = to_say("the target has {levels:,} different whole numbers, few enough to be classes")
        classes = Choice("multiclass", to_tell(text, levels=levels))
        if possible and _few_counts(numbers):
            return [count, classes, number]
        return [classes, number, *possible]
    return [count, number] if possible and _many_counts(numbers) else [number, *possible]


def _few_counts(numbers: pd.Series) -> bool:
    """Whether few different numbers run down from a peak without a gap, as counts do and codes of classes do not."""
    rows = numbers.value_counts().sort_index()
    places = rows.index.to_numpy()
    half = len(places) // 2 + 1
    if len(rows) < FEWEST_COUNT_LEVELS or places[:half].tolist() != list(range(half)):
        return False
    peak = int(rows.to_numpy().argmax())
    falling = rows.to_numpy()[peak:]
    return bool(
        rows.iloc[-1] <= RARE_BESIDE_MODE * rows.max()
        and peak < len(rows) / 2
        and (falling[1:] <= falling[:-1] + 2 * falling[:-1] ** 0.5).all()
    )


def _many_counts(numbers: pd.Series) -> bool:
    """Whether many different numbers lie as counts do: near 0 and skewed, or with a variance like their mean."""
    mean, variance = float(numbers.mean()), float(numbers.var())
    if not 0 < mean <= LARGEST_MEAN:
        return False
    skewed = numbers.quantile(0.05) <= SMALL_SHARE * mean and mean > SKEWED * float(numbers.median())
    return skewed or POISSON_LIKE[0] <= variance / mean <= POISSON_LIKE[1]
