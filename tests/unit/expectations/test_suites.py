"""Reading suites: what they may say, and what a person reads when they say something else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expectations import load_suite, suite_fingerprint
from expectations.suites import parse_suite
from tests.unit.expectations.conftest import Suited
from tidemill.errors import UserError
from tidemill.usecase import load_usecase

HEAD = "name: toy\nexpectations:\n"
ENTRY = "  - type: expect_column_to_exist\n    kwargs: {column: age}\n"


def read(text: str) -> object:
    return parse_suite(text.encode(), "expectations/toy.yaml")


def test_an_entry_says_what_great_expectations_would_be_told(suited: Suited) -> None:
    use_case = suited(
        "  - type: expect_column_values_to_be_in_set\n"
        "    kwargs: {column: region, value_set: [north, 2], mostly: 0.9}\n"
        "    severity: info\n    only: training\n    note: >\n      for\n      a reason\n"
    )
    (entry,) = load_suite(use_case).entries
    assert entry.type == "expect_column_values_to_be_in_set"
    assert entry.kwargs == {"column": "region", "value_set": ["north", 2], "mostly": 0.9}
    assert (entry.severity, entry.only, entry.note, entry.refuse) == ("info", "training", "for a reason", False)
    assert entry.columns() == ("region",)
    assert entry.line == 3


def test_severity_is_critical_unless_rows_are_refused() -> None:
    plain = read(HEAD + ENTRY).entries[0]  # type: ignore[attr-defined]
    refusing = read(f"{HEAD}{ENTRY}    rows: refuse\n").entries[0]  # type: ignore[attr-defined]
    assert (plain.severity, refusing.severity) == ("critical", "warning")
    assert refusing.refuse


def test_only_leaves_an_entry_out_elsewhere() -> None:
    suite = read(f"{HEAD}{ENTRY}    only: training\n{ENTRY}")
    assert len(suite.applying("training", 10)) == 2  # type: ignore[attr-defined]
    assert len(suite.applying("scoring", 10)) == 1  # type: ignore[attr-defined]


def test_no_file_means_no_expectations(project: Path) -> None:
    use_case = load_usecase("toy", project)
    assert load_suite(use_case).entries == ()
    assert suite_fingerprint(use_case) is None


def test_the_fingerprint_follows_the_file(suited: Suited) -> None:
    first = suite_fingerprint(suited(ENTRY))
    assert first is not None
    assert suite_fingerprint(suited(ENTRY)) == first
    assert suite_fingerprint(suited(ENTRY + ENTRY)) != first


def test_a_named_suite_must_be_there(project: Path) -> None:
    file = project / "usecases" / "toy" / "usecase.yaml"
    file.write_text(file.read_text() + "validate: {suite: expectations/other.yaml}\n")
    with pytest.raises(UserError, match=r"validate\.suite: there is no file .*other\.yaml"):
        load_suite(load_usecase("toy", project))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expectations: [", r"toy\.yaml, line 1: the YAML is broken"),
        ("", r"toy\.yaml is empty"),
        ("- type: x", r"line 1: a suite must have fields"),
        ("name: toy", r"line 1: `expectations` must be a list"),
        ("expectations:\n  a: 1\n", r"`expectations` must be a list"),
        ("expectation: []", r"line 1: a suite has no field `expectation` \(did you mean `expectations`\?\)"),
        (HEAD + "  - kwargs: {}\n", r"line 3: an expectation needs a `type`"),
        (HEAD + "  - just text\n", r"line 3: an expectation must have fields"),
        (HEAD + ENTRY + "    severty: info\n", r"line 5: .* no field `severty` \(did you mean `severity`\?\)"),
        (HEAD + ENTRY + "    severity: critcal\n", r"line 5: `severity: critcal` .*\(did you mean `critical`\?\)"),
        (HEAD + ENTRY + "    rows: drop\n", r"line 5: `rows: drop` is not allowed: it may be refuse"),
        (HEAD + ENTRY + "    only: serving\n", r"line 5: `only: serving` is not allowed.*training, scoring"),
        (HEAD + ENTRY + "    note: [a]\n", r"line 5: `note` must be text"),
        (HEAD + "  - type: x\n    kwargs: [a]\n", r"line 4: kwargs must have fields"),
        (HEAD + ENTRY + "    type: y\n", r"line 5: `type` is there twice"),
    ],
)
def test_a_wrong_suite_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(text)


def test_the_package_does_not_import_great_expectations() -> None:
    code = "import sys, expectations; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
