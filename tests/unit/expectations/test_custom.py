"""Expectations of a project's own: found by name, imported while a suite runs, with errors that name the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from expectations import judge, suite_fingerprint
from tests.toy import toy_rows
from tests.unit.expectations.conftest import Suited
from tidemill.errors import UserError
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase

OWN = '''
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial


class ColumnValuesEven(ColumnMapMetricProvider):
    condition_metric_name = "column_values.even"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column, **_):
        return column % {divisor} == 0


class ExpectColumnValuesToBeEven(ColumnMapExpectation):
    """Every value can be halved."""

    map_metric = "column_values.even"
'''
EVEN = "  - type: expect_column_values_to_be_even\n    kwargs: {column: row}\n    rows: refuse\n"


def own(project: Path, text: str, name: str = "even.py") -> None:
    folder = project / "expectations" / "custom"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def judged(store: Store, use_case: UseCase, rows: int = 240) -> list[tuple[str | None, bool, str]]:
    frame = toy_rows(rows).assign(at=lambda frame: frame["at"].dt.tz_localize("UTC"))
    frame.loc[frame["at"].dt.day == 3, "age"] = np.nan
    snapshot = write_snapshot(store, "toy", "labelled", frame)
    found = judge(store, use_case, snapshot, purpose="training", publish=True)
    return [(one.column, one.passed, one.observed) for one in found.results]


def test_a_class_of_the_project_judges_rows(memory: Store, project: Path, suited: Suited) -> None:
    own(project, OWN.format(divisor=2))
    (column, passed, observed), *_ = judged(memory, suited(EVEN))
    assert (column, passed) == ("row", False)
    assert observed.startswith("120 of 240 rows fail")
    own(project, OWN.format(divisor=1))
    assert judged(memory, suited(EVEN))[0][1], "a file that changed is imported again"


def test_the_fingerprint_follows_the_classes_that_the_suite_uses(project: Path, suited: Suited) -> None:
    own(project, OWN.format(divisor=2))
    first = suite_fingerprint(suited(EVEN))
    own(project, "x = 1\n", "unused.py")
    assert suite_fingerprint(suited(EVEN)) == first
    own(project, OWN.format(divisor=3))
    assert suite_fingerprint(suited(EVEN)) != first


@pytest.mark.parametrize(
    ("text", "entry", "said"),
    [
        (OWN.format(divisor=2), EVEN.replace("even", "evne"), r"no such expectation.*did you mean `expect_column_values_to_be_even`"),
        ("import nowhere\n" + OWN.format(divisor=2), EVEN, r"expectations/custom/even\.py, line 1: it can't be imported: ModuleNotFoundError.*nowhere"),
        (OWN.format(divisor=2).replace("Expectation):", "Expectation:"), EVEN, r"expectations/custom/even\.py, line 15: this is not Python"),
        ("class ExpectColumnValuesToBeEven:\n    pass\n", EVEN, r"ExpectColumnValuesToBeEven of expectations/custom/even\.py is no Expectation"),
        (OWN.format(divisor=2), EVEN.replace("column: row", "column: row, by: 3"), r"there is no such argument"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_class_is_said(
    memory: Store, project: Path, suited: Suited, text: str, entry: str, said: str
) -> None:
    own(project, text)
    with pytest.raises(UserError, match=said):
        judged(memory, suited(entry))


def test_a_file_that_no_entry_needs_is_never_imported(memory: Store, project: Path, suited: Suited) -> None:
    own(project, "raise SystemExit('imported')\n", "other.py")
    own(project, OWN.format(divisor=2))
    judged(memory, suited(EVEN))


def test_tidemill_brings_two(memory: Store, suited: Suited) -> None:
    gaps = "expect_column_missing_share_of_any_day_to_be_less_than"
    use_case = suited(
        f"  - type: {gaps}\n    kwargs: {{column: age, time_column: at, threshold: 0.5}}\n"
        f"  - type: {gaps}\n    kwargs: {{column: amount, time_column: at, threshold: 0.5}}\n"
        "  - type: expect_column_values_to_fall_in_hours\n    kwargs: {column: at, first_hour: 0, last_hour: 23}\n"
        "  - type: expect_column_values_to_fall_in_hours\n    kwargs: {column: at, first_hour: 22, last_hour: 3}\n"
    )
    found = judged(memory, use_case)
    assert [passed for _, passed, _ in found] == [False, True, True, False]
    assert found[0][2] == "it is 1"
    assert found[3][2].startswith("180 of 240 rows fail")


def test_reading_a_suite_imports_nothing_of_it(project: Path, suited: Suited) -> None:
    own(project, "raise SystemExit('imported')\n" + OWN.format(divisor=2))
    suited(EVEN)
    code = (
        "import sys, pathlib; from tidemill.usecase import load_usecase; import expectations as e; "
        f"e.suite_fingerprint(load_usecase('toy', pathlib.Path({str(project)!r}))); "
        "assert 'great_expectations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
