"""Whether the sections of a ``usecase.yaml`` go together: what one says must not contradict another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.expressions import columns_of
from tidemill.task import METRICS, is_classification
from tidemill.usecase.tuning import CostRules
from tidemill.usecase.values import FieldError

if TYPE_CHECKING:
    from tidemill.usecase.schema import UseCase

__all__ = ["check_agreement"]


def check_agreement(usecase: UseCase) -> None:
    """Raise FieldError for the first thing that one section says against another."""
    _check_sources(usecase)
    _check_derived(usecase)
    _check_split(usecase)
    _check_clean(usecase)
    _check_query(usecase)
    _check_forecast(usecase)
    _check_fairness(usecase)
    if usecase.target.functions and usecase.task != "auto" and not is_classification(usecase.task):
        raise FieldError("task", f"labelling functions (`target.functions`) give classes, and it says {usecase.task}")
    _check_task(usecase)
    fitting = METRICS.get(usecase.task, ())
    if fitting and usecase.tune.metric not in ("auto", *fitting):
        raise FieldError(
            ("tune", "metric"), f"`{usecase.tune.metric}` does not fit the task {usecase.task}: {', '.join(fitting)} do"
        )


def _check_task(usecase: UseCase) -> None:
    """What is said of one kind of task, while the file names another."""
    if usecase.task != "auto" and not is_classification(usecase.task) and usecase.tune.class_weights is not None:
        raise FieldError(("tune", "class_weights"), f"there are no classes to weigh: the task is {usecase.task}")
    if usecase.task not in ("auto", "binary") and usecase.tune.threshold != "auto":
        raise FieldError(("tune", "threshold"), f"it cuts a probability in two, and the task is {usecase.task}")
    if usecase.gate.policy == "cost" and not isinstance(usecase.tune.threshold, CostRules):
        raise FieldError(
            ("gate", "policy"), "what a row costs is not said: write `tune.threshold.costs`, or another policy"
        )
    others = {*usecase.id, *usecase.target_inputs, usecase.time, usecase.group, usecase.query}
    if usecase.weight is not None and usecase.weight in others:
        raise FieldError("weight", f"`{usecase.weight}` has another part to play: give weights a column of their own")
    for name in usecase.columns.monotone:
        if name in usecase.target_inputs:
            raise FieldError(("columns", "monotone", name), "it is the target, or what the target is made from")


def _check_sources(usecase: UseCase) -> None:
    primary = [name for name, source in usecase.sources.items() if source.join is None and source.labels is None]
    names = ", ".join(f"`{name}`" for name in primary)
    if len(primary) > 1:
        raise FieldError("sources", f"{names} have no `join`: say for all but one of them how they are joined to it")
    if not primary:
        raise FieldError("sources", "every source has a `join`: the one that the others are joined to has none")
    labels = [name for name, source in usecase.sources.items() if source.labels is not None]
    if len(labels) > 1:
        raise FieldError(
            ("sources", labels[1], "labels"), f"`{labels[0]}` brings the labels already: the target has one source"
        )
    if labels and usecase.time is None:
        raise FieldError(
            ("sources", labels[0], "labels"), "labels ripen from a row's own time: name its column as `time`"
        )
    if labels and usecase.target.functions and usecase.sources[labels[0]].labels.absent is not None:  # type: ignore[union-attr]
        raise FieldError(
            ("sources", labels[0], "labels", "absent"),
            "`target.functions` label the rows that have no label, and this does too: leave one of them out",
        )
    if labels and usecase.monitor.label_delay:
        raise FieldError(
            ("monitor", "label_delay"),
            f"the labels of `{labels[0]}` have a `maturity` of their own: leave this one out",
        )
    for name, source in usecase.sources.items():
        if source.join is not None and source.join.as_of is not None and usecase.time is None:
            raise FieldError(
                ("sources", name, "join", "as_of"),
                "rows are joined as of their own time, and the use case has no `time`: name its column",
            )


def _check_derived(usecase: UseCase) -> None:
    later = list(usecase.derive)
    for name, expression in usecase.derive.items():
        columns = columns_of(expression)
        if name in columns:
            raise FieldError(
                ("derive", name), f"it is made from itself: give the new column a name other than `{name}`"
            )
        later.remove(name)
        for column in later:
            if column in columns:
                raise FieldError(("derive", name), f"it reads `{column}`, which is derived below it: move that one up")
    if usecase.target.column is None and usecase.target.name in usecase.derive:
        raise FieldError(("target", "name"), f"`{usecase.target.name}` is a derived column too: give one another name")


def _check_split(usecase: UseCase) -> None:
    if usecase.split.by == "group" and usecase.group is None:
        raise FieldError(("split", "by"), "it says group, and the use case has no `group`: name its column")
    if usecase.split.by == "query" and usecase.query is None:
        raise FieldError(("split", "by"), "it says query, and the use case has no `query`: name its column")
    for name in ("by", "train_until", "gate_until"):
        if usecase.time is None and getattr(usecase.split, name) not in (None, "auto", "group", "query", "random"):
            raise FieldError(("split", name), "it needs the time of each row: name the column under `time`")


def _check_query(usecase: UseCase) -> None:
    if usecase.query is None:
        if usecase.task == "ranking":
            raise FieldError(
                "task",
                "ranking puts the rows of one list in order: name the column that tells lists apart as `query`",
            )
        if usecase.target.gain != "auto":
            raise FieldError(("target", "gain"), "it is for ranking, which needs a `query`: leave it out")
        return
    if usecase.task not in ("auto", "ranking"):
        raise FieldError("query", f"it is for `task: ranking`, and the task is {usecase.task}: leave one of them out")
    if usecase.forecast is not None:
        raise FieldError("forecast", "a forecast is of numbers, and `query` asks for an order: leave one of them out")
    if usecase.target.functions:
        raise FieldError(
            ("target", "functions"),
            "labelling functions give classes, and with a `query` rows are ranked by grades",
        )
    for field, names in (("target", usecase.target_inputs), ("id", usecase.id[:1] if len(usecase.id) == 1 else ())):
        if usecase.query in names:
            raise FieldError("query", f"`{usecase.query}` is the `{field}` too: name the column that tells lists apart")


def _check_clean(usecase: UseCase) -> None:
    rules, types = usecase.clean, usecase.columns.types
    if rules.fitted is not None:
        raise FieldError(("clean", "fitted"), "it is what cleaning finds in the data: leave it out")
    for field, kind, names in (("units", "number", rules.units), ("time_formats", "time", rules.time_formats)):
        for name in names:
            if types.get(name, kind) != kind:
                raise FieldError(
                    ("clean", field, name), f"under `columns.types` it is a {types[name]}: make it a {kind} there"
                )
    target = usecase.target_inputs
    for name in rules.fill:
        if name in {usecase.time, usecase.query, *usecase.id, *target}:
            raise FieldError(("clean", "fill", name), "a row without it is refused or waits: it can't be made up")
    for name, rule in rules.outliers.items():
        if name in target and rule.then != "refuse":
            raise FieldError(
                ("clean", "outliers", name, "then"),
                "the target is made from it, and must stay what it was: `refuse` the rows, or leave it alone",
            )


def _check_forecast(usecase: UseCase) -> None:
    rules = usecase.forecast
    if rules is None:
        return
    if usecase.time is None:
        raise FieldError("forecast", "a forecast needs the time of each row: name its column under `time`")
    if usecase.split.by in ("group", "random"):
        raise FieldError(
            ("split", "by"), f"it says {usecase.split.by}, and a forecast is judged on later rows: write `time`"
        )
    if usecase.task not in ("auto", "regression", "count"):
        raise FieldError("task", f"a forecast is of numbers, and it says {usecase.task}: write `regression`")
    if usecase.target.column is None or usecase.target.expression or usecase.target.functions:
        raise FieldError("target", "a forecast reads the target's own past: name the `column` that holds it")
    rules.check_columns(usecase.time, [usecase.target.column])
    rules.check_lags(usecase.maturity)


def _check_fairness(usecase: UseCase) -> None:
    rules = usecase.fairness
    for name in rules.groups:
        if name in usecase.target_inputs:
            raise FieldError(("fairness", "groups"), f"`{name}` is the target, or what it is made from")
    unfit = None if usecase.task == "auto" else rules.limits.unfit(usecase.task)
    if unfit is not None:
        raise FieldError(("fairness", "limits", unfit[0]), unfit[1])
