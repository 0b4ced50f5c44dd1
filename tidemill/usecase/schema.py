"""What a ``usecase.yaml`` may say: one frozen pydantic model of sections (:mod:`tidemill.usecase.sections`).

The published JSON Schema, the reference page and the error messages are all made from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, model_validator

from tidemill.expressions import columns_of
from tidemill.task import METRICS, is_classification
from tidemill.usecase.cleaning import CleanRules
from tidemill.usecase.fairness import FairnessRules
from tidemill.usecase.forecasting import ForecastRules
from tidemill.usecase.gate import GateRules
from tidemill.usecase.sections import (
    ColumnRules,
    CostRules,
    EvaluateRules,
    MonitorRules,
    OneTarget,
    ReportRules,
    RetrainRules,
    ScheduleRules,
    ScoreRules,
    Section,
    ServeRules,
    SplitRules,
    Target,
    TuneRules,
    ValidateRules,
)
from tidemill.usecase.sources import Http, Incremental, Join, LabelJoin, OneSource, Source, Sql
from tidemill.usecase.values import Columns, Expression, FieldError, Name, Text

__all__ = [
    "CleanRules",
    "ColumnRules",
    "CostRules",
    "EvaluateRules",
    "FairnessRules",
    "ForecastRules",
    "GateRules",
    "Http",
    "Incremental",
    "Join",
    "LabelJoin",
    "MonitorRules",
    "ReportRules",
    "RetrainRules",
    "ScheduleRules",
    "ScoreRules",
    "ServeRules",
    "Source",
    "SplitRules",
    "Sql",
    "Target",
    "TuneRules",
    "UseCase",
    "ValidateRules",
]


class UseCase(Section):
    """A whole use case: one table, one target, one model and everything around it."""

    name: Name = Field(description="Lower-case letters, digits, `-` and `_`; the folder's name.")
    title: str = Field("", description="The question that the model answers, in a person's words.")
    owner: str = Field("", description="Who answers for the model.")
    sources: dict[str, OneSource] = Field(
        min_length=1, description="Where rows come from; the primary one has neither `join` nor `labels`."
    )
    derive: dict[str, Expression] = Field(
        default_factory=dict, description="New columns by expression, made before the join, the same when serving."
    )
    target: OneTarget = Field(description="What is predicted: a column's name, or a section.")
    task: Literal["auto", "binary", "multiclass", "regression", "count", "ranking"] = Field(
        "auto", description="The kind of prediction. `auto` goes by the target."
    )
    time: Text | None = Field(None, description="The column with the moment at which a prediction is asked for.")
    id: Columns = Field(
        (),
        description="Columns that name a row, carried into predictions. One alone is never a feature; "
        "the parts of a longer name may be.",
    )
    group: Text | None = Field(None, description="Rows of one group stay on the same side of the split.")
    weight: Text | None = Field(
        None,
        description="The column that says how much each row counts, in learning and in every metric: a number from 0 "
        "on. It is never a feature.",
    )
    query: Text | None = Field(
        None,
        description="Ranking: the column that says which rows are one list (a search, a session, a reader). Rows of a "
        "query stay on the same side of the split, and its name is never a feature.",
    )
    forecast: ForecastRules | None = Field(None, description=ForecastRules.__doc__ or "")
    columns: ColumnRules = Field(default_factory=ColumnRules, description=ColumnRules.__doc__ or "")
    clean: CleanRules = Field(default_factory=CleanRules, description=CleanRules.__doc__ or "")
    validate_: ValidateRules = Field(
        default_factory=ValidateRules, alias="validate", description=ValidateRules.__doc__ or ""
    )
    split: SplitRules = Field(default_factory=SplitRules, description=SplitRules.__doc__ or "")
    tune: TuneRules = Field(default_factory=TuneRules, description=TuneRules.__doc__ or "")
    gate: GateRules = Field(default_factory=GateRules, description=GateRules.__doc__ or "")
    evaluate: EvaluateRules = Field(default_factory=EvaluateRules, description=EvaluateRules.__doc__ or "")
    fairness: FairnessRules = Field(default_factory=FairnessRules, description=FairnessRules.__doc__ or "")
    report: ReportRules = Field(default_factory=ReportRules, description=ReportRules.__doc__ or "")
    score: ScoreRules = Field(default_factory=ScoreRules, description=ScoreRules.__doc__ or "")
    serve: ServeRules = Field(default_factory=ServeRules, description=ServeRules.__doc__ or "")
    monitor: MonitorRules = Field(default_factory=MonitorRules, description=MonitorRules.__doc__ or "")
    retrain: RetrainRules = Field(default_factory=RetrainRules, description=RetrainRules.__doc__ or "")
    schedule: ScheduleRules = Field(default_factory=ScheduleRules, description=ScheduleRules.__doc__ or "")
    seed: int = Field(7, ge=0, le=2**32 - 1, description="Every random choice starts here.")

    _folder: Path = PrivateAttr(default_factory=Path)
    _reads_other: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _goes_together(self) -> UseCase:
        self._check_sources()
        self._check_derived()
        self._check_split()
        self._check_clean()
        self._check_query()
        self._check_forecast()
        self._check_fairness()
        if self.target.functions and self.task != "auto" and not is_classification(self.task):
            raise FieldError("task", f"labelling functions (`target.functions`) give classes, and it says {self.task}")
        self._check_task()
        fitting = METRICS.get(self.task, ())
        if fitting and self.tune.metric not in ("auto", *fitting):
            raise FieldError(
                ("tune", "metric"), f"`{self.tune.metric}` does not fit the task {self.task}: {', '.join(fitting)} do"
            )
        return self

    def _check_task(self) -> None:
        """What is said of one kind of task, while the file names another."""
        if self.task != "auto" and not is_classification(self.task) and self.tune.class_weights is not None:
            raise FieldError(("tune", "class_weights"), f"there are no classes to weigh: the task is {self.task}")
        if self.task not in ("auto", "binary") and self.tune.threshold != "auto":
            raise FieldError(("tune", "threshold"), f"it cuts a probability in two, and the task is {self.task}")
        if self.gate.policy == "cost" and not isinstance(self.tune.threshold, CostRules):
            raise FieldError(
                ("gate", "policy"), "what a row costs is not said: write `tune.threshold.costs`, or another policy"
            )
        others = {*self.id, *self.target_inputs, self.time, self.group, self.query}
        if self.weight is not None and self.weight in others:
            raise FieldError("weight", f"`{self.weight}` has another part to play: give weights a column of their own")
        for name in self.columns.monotone:
            if name in self.target_inputs:
                raise FieldError(("columns", "monotone", name), "it is the target, or what the target is made from")

    def _check_sources(self) -> None:
        primary = [name for name, source in self.sources.items() if source.join is None and source.labels is None]
        names = ", ".join(f"`{name}`" for name in primary)
        if len(primary) > 1:
            raise FieldError(
                "sources", f"{names} have no `join`: say for all but one of them how they are joined to it"
            )
        if not primary:
            raise FieldError("sources", "every source has a `join`: the one that the others are joined to has none")
        labels = [name for name, source in self.sources.items() if source.labels is not None]
        if len(labels) > 1:
            raise FieldError(
                ("sources", labels[1], "labels"), f"`{labels[0]}` brings the labels already: the target has one source"
            )
        if labels and self.time is None:
            raise FieldError(
                ("sources", labels[0], "labels"), "labels ripen from a row's own time: name its column as `time`"
            )
        if labels and self.target.functions and self.sources[labels[0]].labels.absent is not None:  # type: ignore[union-attr]
            raise FieldError(
                ("sources", labels[0], "labels", "absent"),
                "`target.functions` label the rows that have no label, and this does too: leave one of them out",
            )
        if labels and self.monitor.label_delay:
            raise FieldError(
                ("monitor", "label_delay"),
                f"the labels of `{labels[0]}` have a `maturity` of their own: leave this one out",
            )
        for name, source in self.sources.items():
            if source.join is not None and source.join.as_of is not None and self.time is None:
                raise FieldError(
                    ("sources", name, "join", "as_of"),
                    "rows are joined as of their own time, and the use case has no `time`: name its column",
                )

    def _check_derived(self) -> None:
        later = list(self.derive)
        for name, expression in self.derive.items():
            columns = columns_of(expression)
            if name in columns:
                raise FieldError(
                    ("derive", name), f"it is made from itself: give the new column a name other than `{name}`"
                )
            later.remove(name)
            for column in later:
                if column in columns:
                    raise FieldError(
                        ("derive", name), f"it reads `{column}`, which is derived below it: move that one up"
                    )
        if self.target.column is None and self.target.name in self.derive:
            raise FieldError(("target", "name"), f"`{self.target.name}` is a derived column too: give one another name")

    def _check_split(self) -> None:
        if self.split.by == "group" and self.group is None:
            raise FieldError(("split", "by"), "it says group, and the use case has no `group`: name its column")
        if self.split.by == "query" and self.query is None:
            raise FieldError(("split", "by"), "it says query, and the use case has no `query`: name its column")
        for name in ("by", "train_until", "gate_until"):
            if self.time is None and getattr(self.split, name) not in (None, "auto", "group", "query", "random"):
                raise FieldError(("split", name), "it needs the time of each row: name the column under `time`")

    def _check_query(self) -> None:
        if self.query is None:
            if self.task == "ranking":
                raise FieldError(
                    "task",
                    "ranking puts the rows of one list in order: name the column that tells lists apart as `query`",
                )
            if self.target.gain != "auto":
                raise FieldError(("target", "gain"), "it is for ranking, which needs a `query`: leave it out")
            return
        if self.task not in ("auto", "ranking"):
            raise FieldError("query", f"it is for `task: ranking`, and the task is {self.task}: leave one of them out")
        if self.forecast is not None:
            raise FieldError(
                "forecast", "a forecast is of numbers, and `query` asks for an order: leave one of them out"
            )
        if self.target.functions:
            raise FieldError(
                ("target", "functions"),
                "labelling functions give classes, and with a `query` rows are ranked by grades",
            )
        for field, names in (("target", self.target_inputs), ("id", self.id[:1] if len(self.id) == 1 else ())):
            if self.query in names:
                raise FieldError(
                    "query", f"`{self.query}` is the `{field}` too: name the column that tells lists apart"
                )

    def _check_clean(self) -> None:
        rules, types = self.clean, self.columns.types
        if rules.fitted is not None:
            raise FieldError(("clean", "fitted"), "it is what cleaning finds in the data: leave it out")
        for field, kind, names in (("units", "number", rules.units), ("time_formats", "time", rules.time_formats)):
            for name in names:
                if types.get(name, kind) != kind:
                    raise FieldError(
                        ("clean", field, name), f"under `columns.types` it is a {types[name]}: make it a {kind} there"
                    )
        target = self.target_inputs
        for name in rules.fill:
            if name in {self.time, self.query, *self.id, *target}:
                raise FieldError(("clean", "fill", name), "a row without it is refused or waits: it can't be made up")
        for name, rule in rules.outliers.items():
            if name in target and rule.then != "refuse":
                raise FieldError(
                    ("clean", "outliers", name, "then"),
                    "the target is made from it, and must stay what it was: `refuse` the rows, or leave it alone",
                )

    def _check_forecast(self) -> None:
        rules = self.forecast
        if rules is None:
            return
        if self.time is None:
            raise FieldError("forecast", "a forecast needs the time of each row: name its column under `time`")
        if self.split.by in ("group", "random"):
            raise FieldError(
                ("split", "by"), f"it says {self.split.by}, and a forecast is judged on later rows: write `time`"
            )
        if self.task not in ("auto", "regression", "count"):
            raise FieldError("task", f"a forecast is of numbers, and it says {self.task}: write `regression`")
        if self.target.column is None or self.target.expression or self.target.functions:
            raise FieldError("target", "a forecast reads the target's own past: name the `column` that holds it")
        rules.check_columns(self.time, [self.target.column])
        rules.check_lags(self.maturity)

    def _check_fairness(self) -> None:
        rules = self.fairness
        for name in rules.groups:
            if name in self.target_inputs:
                raise FieldError(("fairness", "groups"), f"`{name}` is the target, or what it is made from")
        unfit = None if self.task == "auto" else rules.limits.unfit(self.task)
        if unfit is not None:
            raise FieldError(("fairness", "limits", unfit[0]), unfit[1])

    @property
    def target_inputs(self) -> frozenset[str]:
        """The columns that the target is, or is made from."""
        target = self.target
        return columns_of(target.expression) if target.expression else frozenset({str(target.column)})

    def settled(self, rules: CleanRules | None) -> UseCase:
        """The same use case with the rules as cleaning fitted them (None: as they are): for learning and judging."""
        return self if rules is None else self.model_copy(update={"clean": rules})

    @property
    def folder(self) -> Path:
        """The folder of ``usecase.yaml``; relative source URLs start here."""
        return self._folder

    @property
    def primary(self) -> str:
        """The name of the one source that has neither ``join`` nor ``labels``."""
        return next(name for name, one in self.sources.items() if one.join is None and one.labels is None)

    @property
    def label_source(self) -> str | None:
        """The name of the source that the target comes from, when it is not the primary one."""
        return next((name for name, source in self.sources.items() if source.labels is not None), None)

    @property
    def label_join(self) -> LabelJoin | None:
        """How the label source's rows find theirs, when there is one."""
        name = self.label_source
        return None if name is None else self.sources[name].labels

    @property
    def maturity(self) -> timedelta:
        """How long after a row's own time its label is certain: the label source's, else ``monitor.label_delay``."""
        join = self.label_join
        return self.monitor.label_delay if join is None else join.maturity

    def reading(self, url: str) -> UseCase:
        """The same use case with its primary source read from ``url``."""
        sources = {**self.sources, self.primary: self.sources[self.primary].reading(url)}
        other = self.model_copy(update={"sources": sources})
        other._reads_other = True
        return other

    @property
    def reads_other(self) -> bool:
        """Whether the rows are not the use case's own, but those of :meth:`reading`: what was mended is not theirs."""
        return self._reads_other

    def holding(self, columns: Collection[str]) -> UseCase:
        """The same use case for a table with these columns alone: what it says of others is left out.

        The target, the time, the sources and what is derived stay as they are.
        """
        there = set(columns)
        rules, clean = self.columns, self.clean
        kept = {
            name: tuple(one for one in value if one in there)
            if isinstance(value, tuple)
            else {one: said for one, said in value.items() if one in there}
            for name, value in ((name, getattr(rules, name)) for name in type(rules).model_fields)
        }
        kept["interactions"] = tuple(
            group for said in rules.interactions if (group := tuple(one for one in said if one in there))
        )
        tidied: dict[str, object] = {
            name: {one: said for one, said in value.items() if one in there}
            for name, value in ((name, getattr(clean, name)) for name in type(clean).model_fields)
            if isinstance(value, dict)
        }
        tidied["required"] = tuple(one for one in clean.required if one in there)
        return self.model_copy(
            update={
                "id": self.id if set(self.id) <= there else (),
                "group": self.group if self.group in there else None,
                "weight": self.weight if self.weight in there else None,
                "query": self.query if self.query in there else None,
                "columns": rules.model_copy(update=kept),
                "clean": clean.model_copy(update=tidied),
            }
        )

    @property
    def target_name(self) -> str:
        """The name of the target as a column of a labelled Snapshot: never one of the raw columns' names
        when the target is made by an expression."""
        return self.target.column if self.target.column and not self.target.expression else self.target.name

    def fingerprint(self, *sections: str) -> str:
        """sha256 (hex) of the named sections, for keys of what depends on them and on nothing else."""
        said = self.model_dump(mode="json", by_alias=True)
        text = json.dumps({name: said[name] for name in sections}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
