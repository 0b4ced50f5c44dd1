"""Running expectations with Great Expectations: the only module that imports it, and only when asked to run.

Measured (docs/decisions/60): the import takes 3 to 9 s, so nothing may import it before a suite runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from expectations.masking import masked_entry, masked_result
from expectations.suites import SuiteEntry
from expectations.wording import observed
from tidemill.errors import did_you_mean
from tidemill.usecase.values import parse_moment

__all__ = ["Finding", "Positions", "run"]

Positions = npt.NDArray[np.int64]

# Great Expectations keeps its current context in a global and fails under threads (its issue #10757).
_ONE_AT_A_TIME = Lock()

# Fields of Great Expectations' expectation classes that an entry says beside `kwargs`, or that are not for users.
_OUR_OWN = frozenset({"severity", "notes"})
_INTERNAL = frozenset({
    "batch_id", "catch_exceptions", "description", "id", "library_metadata", "meta", "rendered_content",
    "result_format", "windows",
})  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What came of one entry. ``failed_rows`` are row positions, for entries that refuse rows;
    ``raw`` is Great Expectations' own result as JSON."""

    entry: SuiteEntry
    passed: bool
    observed: str
    failed_rows: Positions | None
    raw: dict[str, Any]


def run(entries: Sequence[SuiteEntry], frame: pd.DataFrame, masked: Mapping[str, str] | None = None) -> list[Finding]:
    """Check ``frame`` against every entry; findings come in the entries' order.

    ``masked`` are columns whose values the findings must not show, with their kinds of personal data.

    Raises :exc:`~tidemill.errors.UserError`, with file and line, for a type or kwargs that Great
    Expectations does not have, and for ``rows: refuse`` where the type does not judge single rows.
    """
    if not entries:
        return []
    frame = frame.reset_index(drop=True)
    with _ONE_AT_A_TIME:
        findings = {_place(result): result for result in _validate(entries, frame)}
        return [_finding(entry, findings[place], frame, masked or {}) for place, entry in enumerate(entries)]


def _validate(entries: Sequence[SuiteEntry], frame: pd.DataFrame) -> list[Any]:
    """Great Expectations' results, in an order of its own."""
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
    suite = great_expectations.ExpectationSuite(name="suite")
    for place, entry in enumerate(entries):
        suite.add_expectation(_built(entry, place, frame))
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    wanted = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
    return list(batch.validate(suite, result_format=wanted).results)


def _place(result: Any) -> int:
    return int(result.expectation_config.meta["place"])


def _built(entry: SuiteEntry, place: int, frame: pd.DataFrame) -> Any:
    """Great Expectations' object for an entry, its kwargs checked."""
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    try:
        kind = get_expectation_impl(entry.type)
    except ExpectationNotFoundError:
        hint = did_you_mean(entry.type, list_registered_expectation_implementations())
        raise entry.error(f"Great Expectations has no such expectation{hint}") from None
    if entry.refuse and not _judges_rows(kind):
        raise entry.error("it judges the table, not single rows: remove it", "rows")
    allowed = [name for name in kind.__fields__ if name not in _OUR_OWN | _INTERNAL]
    for name in entry.kwargs:
        if name in _OUR_OWN:
            raise entry.error(f"`{name.rstrip('s')}` stands beside `kwargs`, not within", f"kwargs.{name}")
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise entry.error(f"there is no such argument{hint}. It may have {', '.join(allowed)}", f"kwargs.{name}")
    kwargs = {
        name: _moment(value, entry, frame) if name.endswith("_value") else value for name, value in entry.kwargs.items()
    }
    try:
        return kind(**kwargs, severity=FailureSeverity(entry.severity), meta={"place": place, "notes": entry.note})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part != "__root__")
        raise entry.error(str(first["msg"]), ".".join(part for part in ("kwargs", field) if part)) from None


def _judges_rows(kind: type) -> bool:
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    typed = kind.__name__ in ("ExpectColumnValuesToBeOfType", "ExpectColumnValuesToBeInTypeList")
    return not typed and issubclass(kind, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation)


def _moment(value: Any, entry: SuiteEntry, frame: pd.DataFrame) -> Any:
    """A text as a moment where the entry's columns are times, in their time zone: the two kinds can't be compared."""
    times = [frame[name] for name in entry.columns() if name in frame and frame[name].dtype.kind == "M"]
    if not times or not isinstance(value, str):
        return value
    try:
        at = parse_moment(value)
    except ValueError:
        return value
    return at if getattr(times[0].dtype, "tz", None) is not None else at.replace(tzinfo=None)


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
    passed = bool(result.success) and not failure
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
        return f"there is no column `{absent[0]}`{did_you_mean(absent[0], frame.columns)}"
    return f"it could not be checked: {problems[0]}" if problems else ""
