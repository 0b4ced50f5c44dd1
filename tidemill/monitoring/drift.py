"""Has a column moved further than chance, and further than it always does?

A column is worth a warning when all three hold:

1. its population stability index, less what sampling alone adds, reaches the use case's limit
   (``monitor.drift_warn``): the size of a change, whatever the number of rows;
2. chance would show as much less often than the stated rate (:data:`FALSE_ALARMS` a window, shared
   among the columns: Bonferroni), so that small windows do not cry wolf;
3. it is half as much again as the most that training's own windows of that length moved. Rows of one
   day have their weather in common, so windows differ by more than independent rows would; and months
   and seasons come and go. Where training is too short to have three windows, this one is left out.

Movement beyond 1 and 2 but within 3 is a note. The reasoning, with sources: docs/reference/monitoring.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd

from tidemill.monitoring.records import ColumnDrift, Finding, Level
from tidemill.monitoring.saying import figure, hundredths
from tidemill.personal import mask
from tidemill.profile import ColumnProfile, binned
from tidemill.reporting.wording import number
from tidemill.said import Said, Value, to_say
from tidemill.stability import Counts, chance_bound, coarser, noise, stability_index

__all__ = ["FALSE_ALARMS", "FEWEST_ROWS", "Limits", "Tally", "judge_column"]

FALSE_ALARMS = 0.01
FEWEST_ROWS = 50
USUAL_FACTOR = 1.5
MISSING_NOTE, MISSING_WARN = 0.01, 0.05
UNSEEN_NOTE, UNSEEN_WARN = 0.001, 0.05
FEWEST_UNSEEN = 5
_EXAMPLES = 5


@dataclass(frozen=True)
class Limits:
    """When movement counts. ``page`` is None for what never pages; ``columns`` share the false-alarm rate."""

    warn: float
    page: float | None
    columns: int

    @property
    def chance(self) -> float:
        """The probability that one column may alarm by chance."""
        return FALSE_ALARMS / max(1, self.columns)


class Tally:
    """Counts of one column over a window's parts, so that no window has to fit into memory."""

    def __init__(self, reference: ColumnProfile, personal: str | None = None) -> None:
        """``personal`` is the kind of personal data that the column holds: its examples are masked."""
        self.reference = reference
        self.personal = personal
        self.rows = 0
        self.missing = 0
        self.unseen = 0
        self.counts: Counts = np.zeros(len(reference.counts), dtype=np.int64)
        self.examples: dict[str, None] = {}
        self._known = None if reference.known is None else pd.Index(reference.known, dtype="str")

    def add(self, values: pd.Series) -> None:
        """Count one part's values, normalised."""
        self.rows += len(values)
        self.missing += int(values.isna().sum())
        self.counts += binned(self.reference, values)
        fresh = self._unseen(values)
        self.unseen += len(fresh)
        for value in fresh.unique()[:_EXAMPLES]:
            if len(self.examples) < _EXAMPLES:
                self.examples[self._shown(value)] = None

    def _shown(self, value: object) -> str:
        if self.personal is not None:
            return mask(value, self.personal)
        return number(float(str(value))) if self.reference.kind == "number" else str(value)

    def _unseen(self, values: pd.Series) -> pd.Series:
        """The values that the reference never had."""
        present = values.dropna()
        if self.reference.kind == "number":
            if self.reference.low is None or self.reference.high is None:
                return present
            return present[(present < self.reference.low) | (present > self.reference.high)]
        if self._known is None or self.reference.kind == "boolean":
            return present[:0]
        return present[~present.astype("str").isin(self._known)]


def judge_column(tally: Tally, limits: Limits, *, young: bool = False) -> ColumnDrift:
    """Compare a window's counts with training's. ``young`` windows get notes at most."""
    reference = tally.reference
    groups = coarser(reference.counts, tally.rows - tally.missing)
    bins = int(groups.max(initial=0)) + 1
    before = np.bincount(groups, weights=np.asarray(reference.counts, dtype=np.float64), minlength=bins)
    after = np.bincount(groups, weights=tally.counts.astype(np.float64), minlength=bins)
    rows_before, rows_after = int(before.sum()), int(after.sum())
    drift = ColumnDrift(
        name=reference.name,
        kind=reference.kind,
        rows=tally.rows,
        psi=stability_index(before.astype(np.int64), after.astype(np.int64)),
        noise=noise(rows_before, rows_after, bins),
        bound=chance_bound(rows_before, rows_after, bins, limits.chance),
        usual=reference.usual.psi if reference.usual else None,
        counts=tuple(int(count) for count in tally.counts),
        missing=tally.missing / tally.rows if tally.rows else 0.0,
        missing_before=reference.missing_share,
        unseen=tally.unseen / tally.rows if tally.rows else 0.0,
        examples=tuple(tally.examples),
    )
    if tally.rows < FEWEST_ROWS:
        return drift
    found = (_moved(drift, limits), _lacking(drift, reference, limits), _new_values(drift, reference, limits))
    said = tuple(one for one in found if one is not None)
    if young:
        said = tuple(one.model_copy(update={"level": "note"}) for one in said)
    return drift.model_copy(update={"findings": said})


def _moved(drift: ColumnDrift, limits: Limits) -> Finding | None:
    if drift.movement < limits.warn or drift.psi < drift.bound:
        return None
    values = {"moved": figure(drift.movement, 2)}
    if drift.usual is not None:
        values["usual"] = figure(drift.usual, 2)
    if drift.usual is not None and drift.psi < USUAL_FACTOR * drift.usual:
        text = to_say("moved by {moved}, and by up to {usual} among training's own windows")
        return _found("drift", "note", text, values)
    level: Level = "page" if limits.page is not None and drift.movement >= limits.page else "warn"
    if drift.usual is None:
        return _found("drift", level, to_say("moved by {moved}"), values)
    return _found("drift", level, to_say("moved by {moved}, never by more than {usual} in training"), values)


def _found(
    kind: Literal["drift", "missing", "unseen"], level: Level, text: str, values: Mapping[str, Value]
) -> Finding:
    said = Said(text=text, values=dict(values))
    return Finding(kind=kind, level=level, words=said.english, said=said)


def _lacking(drift: ColumnDrift, reference: ColumnProfile, limits: Limits) -> Finding | None:
    """Missing values: more or fewer than in training, and than in any of its windows."""
    low, high = drift.missing_before, drift.missing_before
    if reference.usual is not None:
        low, high = min(low, reference.usual.missing_low), max(high, reference.usual.missing_high)
    beyond = max(drift.missing - high, low - drift.missing)
    deviations = _deviations(drift.missing, drift.missing_before, drift.rows, reference.rows)
    if beyond < MISSING_NOTE or deviations < _bound_of_normal(limits.chance):
        return None
    text = to_say("is missing in {share}\u00a0% of rows, in training {before}\u00a0%")
    values = {"share": hundredths(drift.missing), "before": hundredths(drift.missing_before)}
    return _found("missing", "warn" if beyond >= MISSING_WARN else "note", text, values)


def _new_values(drift: ColumnDrift, reference: ColumnProfile, limits: Limits) -> Finding | None:
    """Values that training never had, beyond what each of its windows brought too."""
    usual = reference.usual.unseen if reference.usual else 0.0
    rows = round(drift.unseen * drift.rows)
    if rows < FEWEST_UNSEEN or drift.unseen < UNSEEN_NOTE or drift.unseen <= USUAL_FACTOR * usual:
        return None
    values = {"share": hundredths(drift.unseen)}
    text = to_say("has values in {share}\u00a0% of rows that training never had")
    if drift.examples:
        values["examples"] = ", ".join(drift.examples[:3])
        text = to_say("has values in {share}\u00a0% of rows that training never had, such as {examples}")
    sure = drift.unseen - _bound_of_normal(limits.chance) * math.sqrt(drift.unseen * (1 - drift.unseen) / drift.rows)
    return _found("unseen", "warn" if sure >= UNSEEN_WARN + usual else "note", text, values)


def _deviations(after: float, before: float, rows_after: int, rows_before: int) -> float:
    """How many standard deviations two shares are apart (two-proportion z)."""
    pooled = (after * rows_after + before * rows_before) / (rows_after + rows_before)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / rows_after + 1 / rows_before))
    return abs(after - before) / spread if spread else 0.0


def _bound_of_normal(chance: float) -> float:
    return NormalDist().inv_cdf(1.0 - chance / 2.0)
