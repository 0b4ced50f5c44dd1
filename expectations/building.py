"""From an entry to Great Expectations' object for it, with everything that is wrong said in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.finding import Own, own_types, shown
from expectations.suites import SuiteEntry
from tidemill.errors import did_you_mean
from tidemill.usecase.values import parse_moment

__all__ = ["Builder"]

# Fields of Great Expectations' expectation classes that an entry says beside `kwargs`, or that are not for users.
_OUR_OWN = frozenset({"severity", "notes"})
_INTERNAL = frozenset({
    "batch_id", "catch_exceptions", "description", "id", "library_metadata", "meta", "rendered_content",
    "result_format", "windows",
})  # fmt: skip


class Builder:
    """Makes Great Expectations' objects for entries about ``frame``; ``project`` may bring types of its own."""

    def __init__(self, frame: pd.DataFrame, project: Path) -> None:
        self.frame = frame
        self.project = project

    @cached_property
    def _own(self) -> Mapping[str, Own]:
        return own_types(self.project)

    def built(self, entry: SuiteEntry, place: int) -> Any:
        """The object for the entry at ``place`` of the suite. Raises UserError with file and line."""
        from great_expectations.compatibility.pydantic import ValidationError
        from great_expectations.expectations.metadata_types import FailureSeverity

        kind = self._kind(entry)
        if entry.refuse and not _judges_rows(kind):
            raise entry.error("it judges the table, not single rows: remove it", "rows")
        allowed = [name for name in kind.__fields__ if name not in _OUR_OWN | _INTERNAL]
        _check(entry, allowed)
        kwargs = {
            name: self._moment(value, entry) if name.endswith("_value") else value
            for name, value in entry.kwargs.items()
        }
        try:
            return kind(**kwargs, severity=FailureSeverity(entry.severity), meta={"place": place, "notes": entry.note})
        except (ValidationError, TypeError, ValueError) as error:
            raise entry.error(*_said(error)) from None

    def _kind(self, entry: SuiteEntry) -> Any:
        """The class of the entry's type: Great Expectations' own, or one of the project's."""
        from great_expectations.exceptions.exceptions import ExpectationNotFoundError
        from great_expectations.expectations.registry import (
            get_expectation_impl,
            list_registered_expectation_implementations,
            register_expectation,
        )

        try:
            known = get_expectation_impl(entry.type)
        except ExpectationNotFoundError:
            known = None
        if known is not None and known.__module__.startswith("great_expectations."):
            return known
        own = self._own.get(entry.type)
        if own is None:
            core = [name for name in list_registered_expectation_implementations() if _is_core(name)]
            hint = did_you_mean(entry.type, [*core, *self._own])
            raise entry.error(f"there is no such expectation, neither Great Expectations' own nor one of "
                              f"expectations/custom{hint}")  # fmt: skip
        kind = own.load()
        if not _is_expectation(kind):
            raise entry.error(f"{own.name} of {shown(own.file)} is no Expectation: derive it from one of "
                              "Great Expectations' classes")  # fmt: skip
        if known is not kind:  # another project's of that name may have run before
            register_expectation(kind)
        return kind

    def _moment(self, value: Any, entry: SuiteEntry) -> Any:
        """A text as a moment where the entry's columns are times, in their zone: the two kinds can't be compared."""
        frame = self.frame
        times = [frame[name] for name in entry.columns() if name in frame and frame[name].dtype.kind == "M"]
        if not times or not isinstance(value, str):
            return value
        try:
            at = parse_moment(value)
        except ValueError:
            return value
        return at if getattr(times[0].dtype, "tz", None) is not None else at.replace(tzinfo=None)


def _check(entry: SuiteEntry, allowed: list[str]) -> None:
    """What Great Expectations would find out only while it checks rows, or not at all."""
    for name, value in entry.kwargs.items():
        if name in _OUR_OWN:
            raise entry.error(f"`{name.rstrip('s')}` stands beside `kwargs`, not within", f"kwargs.{name}")
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise entry.error(f"there is no such argument{hint}. It may have {', '.join(allowed)}", f"kwargs.{name}")
        if name in ("regex", "regex_list"):
            for pattern in value if isinstance(value, list) else [value]:
                _compiled(entry, name, pattern)


def _compiled(entry: SuiteEntry, name: str, pattern: object) -> None:
    try:
        re.compile(str(pattern))
    except re.error as error:
        raise entry.error(f"`{pattern}` is no regular expression: {error}", f"kwargs.{name}") from None


def _said(error: Exception) -> tuple[str, str]:
    """Great Expectations' own reason, and the field that it is about."""
    if not hasattr(error, "errors"):
        return " ".join(str(error).split())[:300], "kwargs"
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part != "__root__")
    return " ".join(str(first["msg"]).split())[:300], ".".join(part for part in ("kwargs", field) if part)


def _is_core(name: str) -> bool:
    from great_expectations.expectations.registry import get_expectation_impl

    return bool(get_expectation_impl(name).__module__.startswith("great_expectations."))


def _is_expectation(kind: object) -> bool:
    from great_expectations.expectations.expectation import Expectation

    return isinstance(kind, type) and issubclass(kind, Expectation)


def _judges_rows(kind: type) -> bool:
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    typed = kind.__name__ in ("ExpectColumnValuesToBeOfType", "ExpectColumnValuesToBeInTypeList")
    return not typed and issubclass(kind, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation)
