"""What the gate makes of gaps between groups, in sentences that name the groups and the numbers."""

from __future__ import annotations

from tidemill.fairness.records import Fairness, Gap
from tidemill.results import Finding
from tidemill.said import Said

__all__ = ["findings"]

_TEXTS = {
    "selection_rate": Said(
        text="it says {answer} for {high:.1f} % of the rows with {column} {high_group} and for {low:.1f} % of those "
        "with {low_group}: {size:.1f} points apart ({least:.1f} to {most:.1f}), and {limit:.1f} are allowed"
    ),
    "selection_ratio": Said(
        text="it says {answer} for {low:.1f} % of the rows with {column} {low_group} and for {high:.1f} % of those "
        "with {high_group}: {size:.2f} of their rate ({least:.2f} to {most:.2f}), and {limit:.2f} is asked for"
    ),
    "tpr": Said(
        text="it finds {high:.1f} % of {answer} where {column} is {high_group} and {low:.1f} % where it is "
        "{low_group}: {size:.1f} points apart ({least:.1f} to {most:.1f}), and {limit:.1f} are allowed"
    ),
    "fpr": Said(
        text="it wrongly says {answer} for {high:.1f} % of the rows with {column} {high_group} and for {low:.1f} % of "
        "those with {low_group}: {size:.1f} points apart ({least:.1f} to {most:.1f}), and {limit:.1f} are allowed"
    ),
    "calibration": Said(
        text="what it predicts less what happens is {high:.4f} where {column} is {high_group} and {low:.4f} where it "
        "is {low_group}: {size:.4f} apart ({least:.4f} to {most:.4f}), and {limit:.4f} is allowed"
    ),
    "error": Said(
        text="its error is {high:.4f} where {column} is {high_group} and {low:.4f} where it is {low_group}: {size:.4f} "
        "apart ({least:.4f} to {most:.4f}), and {limit:.4f} is allowed"
    ),
    "exposure": Said(
        text="rows with {column} {high_group} get {high:.2f} of the attention that chance would bring and those with "
        "{low_group} {low:.2f}: {size:.2f} apart ({least:.2f} to {most:.2f}), and {limit:.2f} is allowed"
    ),
}
_PERCENT = ("selection_rate", "tpr", "fpr")


def findings(found: Fairness | None, answer: str) -> tuple[Finding, ...]:
    """What the gate makes of the groups: a gap beyond its limit speaks against the model where the use case refuses.

    A limit that could not be judged, for want of rows, and a gap that is only reported are notes. ``answer`` is the
    positive class, where there are two.
    """
    if found is None:
        return ()
    told = [
        Finding(
            rule="fairness",
            verdict="fail" if found.refuses else "note",
            said=_said(column.column, gap, gap.label or answer),
        )
        for column in found.columns
        for gap in column.gaps
        if gap.limit is not None and gap.verdict == "beyond"
    ]
    told += [
        Finding(rule="fairness", verdict="note", said=_unjudged(column.column, measure, found.minimum_rows))
        for column in found.columns
        for measure in column.unjudged
    ]
    return tuple(told)


def _said(column: str, gap: Gap, answer: str) -> Said:
    factor = 100.0 if gap.measure in _PERCENT else 1.0
    rates = 100.0 if gap.measure == "selection_ratio" else factor
    values = {
        "column": f"`{column}`",
        "answer": f"`{answer}`",
        "high_group": f"`{gap.high_group}`",
        "low_group": f"`{gap.low_group}`",
        "high": rates * gap.high,
        "low": rates * gap.low,
        "size": factor * gap.size.value,
        "least": factor * gap.size.low,
        "most": factor * gap.size.high,
        "limit": factor * (gap.limit or 0.0),
    }
    return _TEXTS[gap.measure].model_copy(update={"values": values})


def _unjudged(column: str, measure: str, rows: int) -> Said:
    return Said(
        text="the groups of {column} could not be compared by {measure}: fewer than two of them have {rows:,} gate "
        "rows to judge by",
        values={"column": f"`{column}`", "measure": f"`{measure}`", "rows": rows},
    )
