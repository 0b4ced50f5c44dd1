"""Suites as YAML files, read with the line of every entry, so that an error can point at it.

An entry says what Great Expectations would be told (``type``, ``kwargs``, ``severity``) and three
things of our own: ``rows: refuse`` sends the rows that fail to Quarantine, ``only: training`` leaves
the entry out where there are no labels yet, and ``note`` says why the entry is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from expectations.finding import own_types
from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.document import Document, Plain, read_document
from tidemill.usecase.document import Path as FieldPath
from tidemill.usecase.schema import UseCase

__all__ = [
    "DISTRIBUTIONS",
    "Purpose",
    "Severity",
    "Suite",
    "SuiteEntry",
    "load_suite",
    "parse_suite",
    "suite_fingerprint",
    "suite_path",
]

Purpose = Literal["training", "scoring", "monitoring"]
Severity = Literal["critical", "warning", "info"]
T = TypeVar("T", bound=str)
D = TypeVar("D")

_SUITE_FIELDS = ("name", "note", "least_rows", "expectations")
_ENTRY_FIELDS = ("type", "kwargs", "severity", "rows", "only", "note")
_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
DISTRIBUTIONS = frozenset({
    "expect_column_bootstrapped_ks_test_p_value_to_be_greater_than",
    "expect_column_chisquare_test_p_value_to_be_greater_than", "expect_column_distinct_values_to_contain_set",
    "expect_column_distinct_values_to_equal_set", "expect_column_kl_divergence_to_be_less_than",
    "expect_column_mean_to_be_between", "expect_column_median_to_be_between",
    "expect_column_most_common_value_to_be_in_set", "expect_column_pair_cramers_phi_value_to_be_less_than",
    "expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than",
    "expect_column_proportion_of_unique_values_to_be_between", "expect_column_quantile_values_to_be_between",
    "expect_column_stdev_to_be_between", "expect_column_sum_to_be_between",
    "expect_column_unique_value_count_to_be_between",
})  # fmt: skip
_PURPOSES: tuple[Purpose, ...] = ("training", "scoring", "monitoring")


@dataclass(frozen=True)
class SuiteEntry:
    """One expectation as the file has it. ``file`` and ``line`` are where; ``refuse`` is ``rows: refuse``."""

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    refuse: bool
    only: Purpose | None
    note: str
    file: str
    line: int

    def error(self, problem: str, where: str = "") -> UserError:
        """An error about this entry, to raise: file, line and field first."""
        spot = f"{self.type}.{where}" if where else self.type
        return UserError(f"{self.file}, line {self.line}, {spot}: {problem}")

    def columns(self) -> tuple[str, ...]:
        """The columns that the entry is about; empty when it is about the whole table."""
        said = [self.kwargs.get(name) for name in ("column", "column_A", "column_B")]
        several = self.kwargs.get("column_list") or ()
        return tuple(str(name) for name in [*said, *several] if name is not None)


@dataclass(frozen=True)
class Suite:
    """A suite's entries in the file's order. ``path`` is None when the use case has none.

    Expectations of distributions are not checked on fewer than ``least_rows`` rows, where chance would decide.
    """

    path: Path | None
    note: str = ""
    entries: tuple[SuiteEntry, ...] = field(default=())
    least_rows: int = 0

    def applying(self, purpose: Purpose, rows: int) -> tuple[SuiteEntry, ...]:
        """The entries that are checked for ``purpose`` on so many rows."""
        return tuple(
            entry
            for entry in self.entries
            if entry.only in (None, purpose) and not (rows < self.least_rows and entry.type in DISTRIBUTIONS)
        )


def suite_path(use_case: UseCase) -> Path:
    """Where the suite is, or would be: ``validate.suite``, else ``expectations/<name>.yaml`` of the project."""
    said = use_case.validate_.suite
    return project_of(use_case) / (said if said is not None else f"expectations/{use_case.name}.yaml")


def load_suite(use_case: UseCase) -> Suite:
    """The use case's suite; an empty one when it names none and there is no file of its name.

    Raises :exc:`UserError`, with file and line, for a file that is missing though named, that does
    not parse, or that has a field or value that a suite can't have.
    """
    data, path = _bytes(use_case), suite_path(use_case)
    return Suite(path=None) if data is None else parse_suite(data, _shown(path), path)


def suite_fingerprint(use_case: UseCase) -> str | None:
    """sha256 (hex) of the suite's file, and of the project's own classes that it uses; None without a suite.

    What a stage's key needs. Light: files are read, nothing is imported.
    """
    data = _bytes(use_case)
    if data is None:
        return None
    said = hashlib.sha256(data)
    for name, own in sorted(own_types(project_of(use_case)).items()):
        if name.encode() in data:
            said.update(own.digest.encode())
    return said.hexdigest()


def project_of(use_case: UseCase) -> Path:
    """The project's folder, which the use case's is in."""
    return use_case.folder.parent.parent


def parse_suite(data: bytes, where: str, path: Path | None = None) -> Suite:
    """Read a suite's bytes; ``where`` names the file in errors. Raises :exc:`UserError`."""
    document = read_document(data, where)
    fields = _fields(document, (), _SUITE_FIELDS, "a suite")
    entries = fields.get("expectations")
    if not isinstance(entries, tuple):
        raise _error(document, ("expectations",), "`expectations` must be a list of entries that start with `- type:`")
    return Suite(
        path=path,
        note=_text(document, ("note",), ""),
        least_rows=_whole(document, ("least_rows",)),
        entries=tuple(_entry(document, ("expectations", place)) for place in range(len(entries))),
    )


def _entry(document: Document, path: FieldPath) -> SuiteEntry:
    fields = _fields(document, path, _ENTRY_FIELDS, "an expectation")
    if "type" not in fields:
        example = "expect_column_values_to_be_unique"
        raise _error(document, path, f"an expectation needs a `type`, such as {example}")
    refuse = _choice(document, (*path, "rows"), ("refuse",), None) is not None
    kwargs = _fields(document, (*path, "kwargs"), None, "kwargs") if "kwargs" in fields else {}
    return SuiteEntry(
        type=_text(document, (*path, "type"), ""),
        kwargs={name: _listed(value) for name, value in kwargs.items()},
        severity=_choice(document, (*path, "severity"), _SEVERITIES, "warning" if refuse else "critical"),
        refuse=refuse,
        only=_choice(document, (*path, "only"), _PURPOSES, None),
        note=_text(document, (*path, "note"), ""),
        file=document.where,
        line=document.line(path),
    )


def _at(document: Document, path: FieldPath) -> Plain:
    value = document.value
    for part in path:
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, tuple) and isinstance(part, int):
            value = value[part]
    return value


def _fields(document: Document, path: FieldPath, allowed: Sequence[str] | None, what: str) -> dict[str, Plain]:
    """The fields of the section at ``path``. Raises UserError when it is none, or has a field too many."""
    value = _at(document, path)
    if not isinstance(value, dict):
        raise _error(document, path, f"{what} must have fields, such as `{(allowed or ('column',))[0]}: …`")
    for name in value:
        if allowed is not None and name not in allowed:
            raise _error(
                document,
                (*path, name),
                f"{what} has no field `{name}`{did_you_mean(name, allowed)}. It may have {', '.join(allowed)}",
            )
    return value


def _text(document: Document, path: FieldPath, default: str) -> str:
    value = _at(document, path)
    if value is None:
        return default
    if not isinstance(value, str):
        raise _error(document, path, f"`{path[-1]}` must be text")
    return " ".join(value.split())


def _whole(document: Document, path: FieldPath) -> int:
    value = _at(document, path)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _error(document, path, f"`{path[-1]}` must be a whole number, 0 or more")
    return value


def _choice(document: Document, path: FieldPath, allowed: tuple[T, ...], default: D) -> T | D:
    value = _at(document, path)
    if value is None:
        return default
    for word in allowed:
        if value == word:
            return word
    hint = did_you_mean(str(value), allowed)
    may = f"it may be {', '.join(allowed)}"
    raise _error(document, path, f"`{path[-1]}: {value}` is not allowed{hint}: {may}")


def _error(document: Document, path: FieldPath, problem: str) -> UserError:
    return UserError(f"{document.where}, line {document.line(path)}: {problem}")


def _listed(value: Plain) -> Any:
    """Lists as lists, at any depth: Great Expectations refuses tuples."""
    if isinstance(value, dict):
        return {name: _listed(inner) for name, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, tuple) else value


def _bytes(use_case: UseCase) -> bytes | None:
    path = suite_path(use_case)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if use_case.validate_.suite is None:
            return None
        raise UserError(
            f"usecases/{use_case.name}/usecase.yaml, validate.suite: there is no file {path}. "
            "Write it, or leave the field out"
        ) from None
    except OSError as error:
        raise UserError(f"{_shown(path)} can't be read: {error.strerror or error}") from None


def _shown(path: Path) -> str:
    """The path as a person knows it: its folder and name."""
    return "/".join(path.parts[-2:])
