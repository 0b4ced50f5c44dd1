"""What was found about groups, as it is stored with the evidence of an evaluation."""

from __future__ import annotations

from typing import Literal

from tidemill.results import Interval, Record

__all__ = ["Fairness", "Gap", "GroupOfRows", "GroupedBy", "Proxy", "Rate"]


class Rate(Record):
    """A measure of one group, over ``rows`` rows. ``value`` is None where these are too few, or none.

    ``label`` is the class that it is of; None where there is only one question.
    """

    measure: str
    label: str | None
    rows: int
    value: float | None
    low: float | None
    high: float | None


class GroupOfRows(Record):
    """The rows of one value, or band of values, of a column."""

    value: str
    rows: int
    rates: tuple[Rate, ...]


class Gap(Record):
    """The two groups that are farthest apart in one measure.

    ``size`` is their difference, for ``selection_ratio`` the lower over the higher. ``limit`` is None where none was
    set: then ``beyond`` says that there is any difference at all. ``share`` is the false discovery rate at which that
    is said (Benjamini and Hochberg's adjusted p).
    """

    measure: str
    label: str | None
    high_group: str
    high: float
    low_group: str
    low: float
    size: Interval
    limit: float | None
    share: float
    verdict: Literal["within", "may be chance", "beyond"]


class Proxy(Record):
    """A column that the model reads, and how well it tells the groups by itself (AUC on rows not fitted on)."""

    column: str
    auc: float


class GroupedBy(Record):
    """One column of groups. ``proxies`` tell them better than by chance, the best first.

    ``read`` says whether the model reads the column; ``together`` is how well all other columns that the model reads
    tell the groups, None where that was not tried. ``unjudged`` are measures with a limit and too few rows.
    """

    column: str
    read: bool
    groups: tuple[GroupOfRows, ...]
    gaps: tuple[Gap, ...]
    unjudged: tuple[str, ...]
    proxies: tuple[Proxy, ...]
    together: float | None


class Fairness(Record):
    """Everything about groups. ``proxy_rows`` is how many rows proxies were looked for on."""

    columns: tuple[GroupedBy, ...]
    refuses: bool
    minimum_rows: int
    proxy_rows: int
