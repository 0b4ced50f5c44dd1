"""Everything that a training report is made of, read from the lake once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from tidemill.errors import UserError
from tidemill.evaluation import Evidence, load_evidence
from tidemill.evaluation.evidence import Contender
from tidemill.learning.brought import Brought, read_brought
from tidemill.learning.description import ModelDescription
from tidemill.learning.scores import higher_is_better
from tidemill.learning.trials import Trial, TrialLog
from tidemill.registry import LedgerEntry, ModelVersion, Registry
from tidemill.reporting.columns import ColumnView, describe
from tidemill.results import Decision, Interval, Lineage
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Material", "gather", "report_key"]


@dataclass(frozen=True)
class Material:
    """One version and all that is known of it.

    ``seconds`` is wall time a stage, ``entry`` the decision as the ledger has it.
    """

    use_case: UseCase
    version: ModelVersion
    decision: Decision
    entry: LedgerEntry | None
    seconds: Mapping[str, float]
    evidence: Evidence
    description: ModelDescription
    trials: tuple[Trial, ...]
    brought: Brought | None
    columns: tuple[ColumnView, ...]

    @property
    def lineage(self) -> Lineage:
        """The version's."""
        return self.version.lineage

    @property
    def metric(self) -> Interval:
        """The metric that decides, on the gate rows."""
        return self.version.metric

    @property
    def more_is_better(self) -> bool:
        """Whether a larger value of the deciding metric is a better model."""
        return higher_is_better(self.metric.name)

    @property
    def rivals(self) -> tuple[Contender, ...]:
        """Baselines and champion, the strongest first."""
        sign = -1.0 if self.more_is_better else 1.0
        others = [one for one in self.evidence.contenders if one.role != "challenger"]
        return tuple(sorted(others, key=lambda one: sign * one.metrics[0].value))

    @property
    def best_baseline(self) -> Contender:
        """The strongest of the plain models."""
        return next(one for one in self.rivals if one.role == "baseline")

    @property
    def lead(self) -> Interval:
        """How far the model is ahead of the strongest plain one; more is better."""
        best = self.best_baseline.name
        return next(one for one in self.lineage.evaluation.baselines if one.name == best).difference

    @property
    def read_columns(self) -> frozenset[str]:
        """The user's columns that the model reads, derived ones among them."""
        return frozenset(feature.column for feature in self.description.recipe.features)

    @property
    def excluded(self) -> dict[str, str]:
        """Columns that stayed out of the model, each with the reason."""
        return {**self.description.recipe.excluded, **self.version.excluded}

    def link(self, key: str) -> str:
        """The address of another object of the lake, seen from the report."""
        here = posixpath.dirname(report_key(self.use_case.name, self.version.version))
        return posixpath.relpath(key, here)


def report_key(use_case: str, version: str) -> str:
    """Where the report of a version is in the lake."""
    return f"{use_case}/reports/{version}/report.html"


def gather(
    store: Store, use_case: UseCase, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Material:
    """Read what the report shows. Raises UserError when a part of the version is missing or damaged."""
    lineage = version.lineage
    key = f"{lineage.model.prefix}/model.json"
    try:
        description = ModelDescription.model_validate(store.read_json(key))
    except KeyError:
        raise UserError(f"{store.url_of(key)} is missing: restore it from a backup, or train again") from None
    return Material(
        use_case=use_case,
        version=version,
        decision=decision,
        entry=_entry(store, use_case, decision),
        seconds=dict(seconds),
        evidence=load_evidence(store, lineage.evaluation.key),
        description=description,
        trials=tuple(TrialLog(store, lineage.study.prefix).read()),
        brought=read_brought(store, lineage.model),
        columns=describe(store, lineage.split.train, description.recipe.kinds, lineage.validation.masked),
    )


def _entry(store: Store, use_case: UseCase, decision: Decision) -> LedgerEntry | None:
    """The ledger's entry of the decision; None where it is not there."""
    entries = Registry(store, use_case.name).ledger()
    return next((one for one in entries if decision.entry.startswith(f"{one.number:08d}")), None)
