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
from tidemill.usecase.agreement import check_agreement
from tidemill.usecase.cleaning import CleanRules
from tidemill.usecase.fairness import FairnessRules
from tidemill.usecase.forecasting import ForecastRules
from tidemill.usecase.gate import GateRules
from tidemill.usecase.section import Section
from tidemill.usecase.sections import (
    ColumnRules,
    EvaluateRules,
    MonitorRules,
    ReportRules,
    RetrainRules,
    ScheduleRules,
    ScoreRules,
    ServeRules,
    SplitRules,
    ValidateRules,
)
from tidemill.usecase.sources import Http, Incremental, Join, LabelJoin, OneSource, Source, Sql
from tidemill.usecase.target import OneTarget, Target
from tidemill.usecase.tuning import CostRules, TuneRules
from tidemill.usecase.values import Columns, Expression, Name, Text

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
        check_agreement(self)
        return self

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
