"""Great Expectations' own page: whole, without a network, and never a reason for a run to fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from expectations import judge
from expectations.site import render_site
from tests.browser import chromium, open_browser
from tests.toy import toy_rows
from tests.unit.expectations.conftest import Suited
from tidemill.snapshot import write_snapshot
from tidemill.store import Store

ENTRIES = """
  - {type: expect_column_values_to_be_between, kwargs: {column: age, max_value: 30}, note: <b>why</b>}
  - {type: expect_column_values_to_be_in_set, kwargs: {column: region, value_set: [<script>alert(1)</script>, north]}}
  - type: expect_column_quantile_values_to_be_between
    kwargs: {column: amount, quantile_ranges: {quantiles: [0.5], value_ranges: [[0, 1]]}}
  - type: expect_column_kl_divergence_to_be_less_than
    kwargs: {column: channel, partition_object: {values: [web, shop, phone], weights: [0.4, 0.3, 0.3]}, threshold: 0.1}
  - {type: expect_column_mean_to_be_between, kwargs: {column: amount, min_value: 0}}
  - {type: expect_column_values_to_not_be_null, kwargs: {column: nowhere}}
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}}
  - {type: expect_column_pair_values_a_to_be_greater_than_b, kwargs: {column_A: age, column_B: row}}
"""


@pytest.fixture
def pages(tmp_path: Path, suited: Suited) -> Path:
    store = Store(str(tmp_path / "lake"))
    snapshot = write_snapshot(store, "toy", "labelled", toy_rows(60))
    result = judge(store, suited(ENTRIES), snapshot, purpose="training", publish=True)
    assert result.data_docs is not None
    return tmp_path / "lake" / Path(result.data_docs).parent


def test_it_says_the_same_as_ours_and_needs_nothing_remote(pages: Path) -> None:
    page = (pages / "great_expectations.html").read_text()
    raw = json.loads((pages / "validation.json").read_text())
    held = sum(one["success"] for one in raw["results"])
    assert {type(one["success"]) for one in raw["results"]} == {bool}
    assert held == 3
    assert page.count("fa-check-circle text-success") == held
    assert "<script" not in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert set(re.findall(r'href="([^#"][^"]*)"', page)) == {"data:,", "index.html", "validation.json"}
    assert 'href="great_expectations.html"' in (pages / "index.html").read_text()


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="needs Chromium: install the package `chromium`")
def test_it_opens_in_a_browser_without_a_network_and_without_an_error(pages: Path) -> None:
    shown = "[...document.querySelectorAll('main .fa-check-circle')].filter(one => one.offsetParent).length"
    with open_browser() as browser:
        for name in ("great_expectations.html", "index.html"):
            for width in (400, 1200):
                address = (pages / name).as_uri()
                browser.size(width)
                browser.open(address)
                assert browser.run("document.documentElement.scrollWidth") <= width
                assert [one for one in browser.requests if one != address and not one.startswith("data:")] == []
                assert browser.messages == []
        browser.open((pages / "great_expectations.html").as_uri())
        assert browser.run(shown) == 3
        browser.run("document.getElementById('failed-only').click()")
        assert browser.run(shown) == 0


def test_what_it_can_not_render_is_a_note(capfd: pytest.CaptureFixture[str]) -> None:
    site = render_site("x", "y", "z", [{"success": True, "expectation_config": {"type": "expect_nothing_known"}}])
    assert site.html == ""
    assert "KeyError" in site.trouble
    assert capfd.readouterr().err == ""


def test_threads_judge_at_once(memory: Store, suited: Suited) -> None:
    use_case = suited(ENTRIES)
    snapshots = [write_snapshot(memory, "toy", "labelled", toy_rows(40 + rows)) for rows in range(8)]

    def outcome(place: int) -> list[bool]:
        found = judge(memory, use_case, snapshots[place], purpose="training", publish=True)
        return [one.passed for one in found.results]

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(outcome, range(8)))
    assert at_once == [outcome(place) for place in range(8)]
    assert all(sum(each) == 3 for each in at_once)


SCRIPT = """
import sys
from pathlib import Path
from expectations import judge
from tests.toy import toy_rows
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import load_usecase
store = Store("lake")
snapshot = write_snapshot(store, "toy", "labelled", toy_rows(60))
judge(store, load_usecase("toy", Path(sys.argv[1])), snapshot, purpose="training", publish=True)
"""


def test_processes_judge_at_once_silently_and_leave_nothing_outside_of_the_lake(
    tmp_path: Path, project: Path, suited: Suited
) -> None:
    suited(ENTRIES)
    place = tmp_path / "elsewhere"
    for folder in ("home", "work", "tmp"):
        (place / folder).mkdir(parents=True)
    environment = {
        **os.environ,
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    command = [sys.executable, "-c", SCRIPT, str(project)]
    running = [
        subprocess.Popen(
            command, cwd=place / "work", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert {err for _, err in said} <= {""}
    assert [file for folder in ("home", "tmp") for file in (place / folder).rglob("*") if file.is_file()] == []
    assert {file.relative_to(place / "work").parts[0] for file in (place / "work").rglob("*")} == {"lake"}
