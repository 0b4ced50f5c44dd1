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
from typing import Any, Literal

import yaml

from tidemill.errors import UserError, did_you_mean
from tidemill.usecase.schema import UseCase

__all__ = ["Purpose", "Severity", "Suite", "SuiteEntry", "load_suite", "parse_suite", "suite_fingerprint", "suite_path"]

Purpose = Literal["training", "scoring", "monitoring"]
Severity = Literal["critical", "warning", "info"]

_SUITE_FIELDS = ("name", "note", "expectations")
_ENTRY_FIELDS = ("type", "kwargs", "severity", "rows", "only", "note")
_SEVERITIES = ("critical", "warning", "info")


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
    """A suite's entries in the file's order. ``path`` is None when the use case has none."""

    path: Path | None
    note: str = ""
    entries: tuple[SuiteEntry, ...] = field(default=())

    def applying(self, purpose: Purpose) -> tuple[SuiteEntry, ...]:
        """The entries that are checked for ``purpose``."""
        return tuple(entry for entry in self.entries if entry.only in (None, purpose))


def suite_path(use_case: UseCase) -> Path:
    """Where the suite is, or would be: ``validate.suite``, else ``expectations/<name>.yaml`` of the project."""
    project = use_case.folder.parent.parent
    said = use_case.validate_.suite
    return project / (said if said is not None else f"expectations/{use_case.name}.yaml")


def load_suite(use_case: UseCase) -> Suite:
    """The use case's suite; an empty one when it names none and there is no file of its name.

    Raises :exc:`UserError`, with file and line, for a file that is missing though named, that does
    not parse, or that has a field or value that a suite can't have.
    """
    path = suite_path(use_case)
    text = _text(use_case, path)
    return Suite(path=None) if text is None else parse_suite(text, path)


def suite_fingerprint(use_case: UseCase) -> str | None:
    """sha256 (hex) of the suite's file, or None without one: what a stage's key needs. Imports no Great Expectations."""
    text = _text(use_case, suite_path(use_case))
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def parse_suite(text: str, path: Path) -> Suite:
    """Read a suite from ``text``; ``path`` is only named in errors. Raises :exc:`UserError`."""
    file = _shown(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _broken(file, error) from None
    if root is None:
        raise UserError(f"{file}: the suite is empty. It needs a list of `expectations`, or remove the file")
    fields = _mapping(root, file, _SUITE_FIELDS, "a suite")
    entries = fields.get("expectations")
    if not isinstance(entries, yaml.SequenceNode):
        line = (entries or root).start_mark.line + 1
        raise UserError(f"{file}, line {line}: `expectations` must be a list of entries that start with `- type:`")
    note = _string(fields["note"], file, "note") if "note" in fields else ""
    return Suite(path=path, note=note, entries=tuple(_entry(node, file) for node in entries.value))


def _entry(node: yaml.Node, file: str) -> SuiteEntry:
    fields = _mapping(node, file, _ENTRY_FIELDS, "an expectation")
    line = node.start_mark.line + 1
    if "type" not in fields:
        raise UserError(f"{file}, line {line}: an expectation needs a `type`, such as expect_column_values_to_be_unique")
    name = _string(fields["type"], file, "type")
    refuse = "rows" in fields
    if refuse:
        _choice(fields["rows"], file, f"{name}.rows", ("refuse",))
    default = "warning" if refuse else "critical"
    severity = _choice(fields["severity"], file, f"{name}.severity", _SEVERITIES) if "severity" in fields else default
    only = _choice(fields["only"], file, f"{name}.only", ("training", "scoring", "monitoring")) if "only" in fields else None
    return SuiteEntry(
        type=name,
        kwargs=_kwargs(fields["kwargs"], file, name) if "kwargs" in fields else {},
        severity=severity,  # type: ignore[arg-type]
        refuse=refuse,
        only=only,  # type: ignore[arg-type]
        note=_string(fields["note"], file, f"{name}.note") if "note" in fields else "",
        file=file,
        line=line,
    )


def _mapping(node: yaml.Node, file: str, allowed: Sequence[str] | None, what: str) -> dict[str, yaml.Node]:
    """The fields of a mapping by name. Raises UserError for another kind of node, doubled or unknown fields."""
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{file}, line {line}: {what} must have fields, such as `{(allowed or ('column',))[0]}: …`")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in fields:
            raise UserError(f"{file}, line {line}: `{name}` is there twice: remove one of them")
        if allowed is not None and name not in allowed:
            raise UserError(
                f"{file}, line {line}: {what} has no field `{name}`{did_you_mean(name, allowed)}. "
                f"It may have {', '.join(allowed)}"
            )
        fields[name] = value
    return fields


def _kwargs(node: yaml.Node, file: str, name: str) -> dict[str, Any]:
    fields = _mapping(node, file, None, f"{name}.kwargs")
    return {key: _value(value, file) for key, value in fields.items()}


def _value(node: yaml.Node, file: str) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _broken(file, error) from None
    except ValueError as error:
        raise UserError(f"{file}, line {node.start_mark.line + 1}: {error}") from None
    finally:
        loader.dispose()


def _string(node: yaml.Node, file: str, where: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise UserError(f"{file}, line {node.start_mark.line + 1}, {where}: must be text")
    return str(node.value).strip()


def _choice(node: yaml.Node, file: str, where: str, allowed: Sequence[str]) -> str:
    said = _string(node, file, where)
    if said not in allowed:
        raise UserError(
            f"{file}, line {node.start_mark.line + 1}, {where}: `{said}` is not allowed{did_you_mean(said, allowed)}. "
            f"It may be {', '.join(allowed)}"
        )
    return said


def _text(use_case: UseCase, path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if use_case.validate_.suite is None:
            return None
        raise UserError(
            f"{_shown(use_case.folder / 'usecase.yaml')}, validate.suite: there is no file {_shown(path)}. "
            "Write it, or leave the field out"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{_shown(path)} can't be read: {error}") from None


def _broken(file: str, error: yaml.YAMLError) -> UserError:
    mark = getattr(error, "problem_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or "it can't be parsed"
    return UserError(f"{file}{line}: this is not YAML: {problem}")


def _shown(path: Path) -> str:
    """The path as a person knows it: from the project's folder on."""
    return "/".join(path.parts[-3:] if path.name == "usecase.yaml" else path.parts[-2:])
