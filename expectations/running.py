"""Running expectations with Great Expectations: the only module that imports it, and only when asked to run.

Measured (docs/decisions/60): the import takes 3 to 9 s, so nothing may import it before a suite runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from expectations.building import Builder
from expectations.fitting import TYPE, fitted_heads
from expectations.masking import masked_entry, masked_result
from expectations.suites import SuiteEntry
from expectations.wording import observed
from tidemill.errors import did_you_mean
from tidemill.reporting.wording import short
from tidemill.said import to_say, to_tell

__all__ = ["Finding", "Positions", "run"]

Positions = npt.NDArray[np.int64]

_COUNTS = frozenset({"expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"})

# Great Expectations keeps its current context in a global and fails under threads (its issue #10757).
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Finding:
    """What came of one entry. ``failed_rows`` are row positions, for entries that refuse rows;
    ``raw`` is Great Expectations' own result as JSON."""

    entry: SuiteEntry
    passed: bool
    observed: str
    failed_rows: Positions | None
    raw: dict[str, Any]


def run(
    entries: Sequence[SuiteEntry],
    frame: pd.DataFrame,
    masked: Mapping[str, str] | None = None,
    project: Path | None = None,
    rows: int | None = None,
) -> list[Finding]:
    """Check ``frame`` against every entry; findings come in the entries' order.

    ``masked`` are columns whose values the findings must not show, with their kinds of personal data.
    ``project`` is the folder whose ``expectations/custom`` may bring types of its own. Types of columns are
    compared as :mod:`expectations.fitting` says. Where ``frame`` is a sample of ``rows`` rows, those are counted.

    Raises :exc:`~tidemill.errors.UserError`, with file and line, for a type or kwargs that Great
    Expectations does not have, and for ``rows: refuse`` where the type does not judge single rows.
    """
    if not entries:
        return []
    frame = frame.reset_index(drop=True)
    with _ONE_AT_A_TIME:
        builder = Builder(frame, project or Path())
        built = [builder.built(entry, place) for place, entry in enumerate(entries)]
        counted = frame if rows in (None, len(frame)) else pd.DataFrame(index=range(rows or 0))
        results = []
        for which, seen, form in (
            (_is_type, fitted_heads(entries, frame), "BASIC"),
            (_is_count, counted, "BASIC"),
            (_is_refusing, frame, "COMPLETE"),
            (_is_other, frame, "BASIC"),
        ):
            some = [one for one, entry in zip(built, entries, strict=True) if which(entry)]
            results += _validate(some, seen, form)
        findings = {_place(result): result for result in results}
        return [_finding(entry, findings[place], frame, masked or {}) for place, entry in enumerate(entries)]


def _validate(expectations: Sequence[Any], frame: pd.DataFrame, form: str) -> list[Any]:
    """Great Expectations' results, in an order of its own; ``form`` is how much they hold."""
    if not expectations:
        return []
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = great_expectations.get_context(mode="ephemeral", project_config=config)
    suite = great_expectations.ExpectationSuite(name="suite", expectations=list(expectations))
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    wanted = {"result_format": form, "return_unexpected_index_query": False}
    return list(batch.validate(suite, result_format=wanted).results)


def _is_type(entry: SuiteEntry) -> bool:
    return entry.type == TYPE


def _is_count(entry: SuiteEntry) -> bool:
    return entry.type in _COUNTS


def _is_refusing(entry: SuiteEntry) -> bool:
    """Whether the places of the rows that fail are asked for, which costs as much as the check."""
    return entry.refuse


def _is_other(entry: SuiteEntry) -> bool:
    return not (_is_type(entry) or _is_count(entry) or _is_refusing(entry))


def _place(result: Any) -> int:
    return int(result.expectation_config.meta["place"])


def _finding(entry: SuiteEntry, result: Any, frame: pd.DataFrame, masked: Mapping[str, str]) -> Finding:
    rows = result.result.pop("unexpected_index_list", None)
    for name in ("unexpected_list", "partial_unexpected_index_list"):
        result.result.pop(name, None)
    raw: dict[str, Any] = result.to_json_dict()
    raw["expectation_config"].pop("id", None)
    failure = _failure(entry, raw.get("exception_info") or {}, frame)
    if masked.keys() & set(entry.columns()):
        failure = failure.partition(":")[0]  # what Great Expectations says of a failure may quote values
        raw["result"] = masked_result(entry, raw["result"], masked)
        entry = masked_entry(entry, masked)
        raw["expectation_config"]["kwargs"] = {**raw["expectation_config"]["kwargs"], **entry.kwargs}
    if failure:
        raw["exception_info"] = {"raised_exception": True, "exception_message": failure}
    passed = raw["success"] = bool(result.success) and not failure
    return Finding(
        entry=entry,
        passed=passed,
        observed=failure or observed(raw["result"], passed=passed),
        failed_rows=np.asarray(rows or (), dtype=np.int64) if entry.refuse else None,
        raw=raw,
    )


def _failure(entry: SuiteEntry, said: dict[str, Any], frame: pd.DataFrame) -> str:
    """Why an entry could not be checked, in words; empty when it was."""
    absent = [name for name in entry.columns() if name not in frame]
    each = [said] if "raised_exception" in said else list(said.values())
    problems = [str(one.get("exception_message")) for one in each if one.get("raised_exception")]
    if absent and (problems or entry.type == "expect_column_to_exist"):
        text = to_say("there is no column `{column}`{hint}")
        return to_tell(text, column=absent[0], hint=did_you_mean(absent[0], frame.columns))
    empty = [name for name in entry.columns() if not frame[name].notna().any()] if problems else []
    if empty:
        return to_tell("`{column}` has no value at all", column=empty[0])
    texts = [name for name in entry.columns() if isinstance(frame[name].dtype, pd.StringDtype)] if problems else []
    if texts and entry.type.endswith("_to_be_between"):
        return to_tell("`{column}` holds texts, which have no order with numbers", column=texts[0])
    return to_tell("it could not be checked: {problem}", problem=short(problems[0], 200)) if problems else ""
