"""The training report in a real browser: on a phone, on a desk, in the dark and on paper, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Page, chromium, open_browser
from tests.judged import HOSTILE, hostile
from tidemill.reporting import write_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium: install the package `chromium`"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page, in English and Indonesian, of a model whose column names, values and title mean harm or are too long.

    Below `fair` are the pages of the same model with a title that a person would write.
    """
    folder = tmp_path_factory.mktemp("pages")
    made = hostile()
    for name, update in {"harmful": {}, "fair": {"title": "Who buys?", "owner": "The shop"}}.items():
        for language in ("en", "id"):
            rules = made.use_case.report.model_copy(update={"language": language})
            use_case = made.use_case.model_copy(update={"report": rules, **update})
            report = write_report(made.store, use_case, made.version, made.decision, made.seconds)
            (folder / name / language).mkdir(parents=True)
            for key in (report.html, report.summary, report.card_page):
                (folder / name / language / key.rpartition("/")[2]).write_bytes(made.store.read_bytes(key))
    return folder


@pytest.fixture(scope="module")
def address(pages: Path) -> str:
    return (pages / "harmful" / "en" / "report.html").as_uri()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_nothing_sticks_out_nothing_is_fetched_nothing_complains(
    browser: Page, address: str, width: int, dark: bool
) -> None:
    browser.size(width, dark=dark)
    browser.open(address)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.querySelectorAll('.chart svg').length") > 15
    assert [one for one in browser.requests if one != address and not one.startswith("data:")] == []
    assert browser.messages == []


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("page", ["report.html", "summary.html", "card.html"])
def test_every_page_fits_in_every_language(browser: Page, pages: Path, page: str, language: str, width: int) -> None:
    file = pages / "harmful" / language / page
    assert file.stat().st_size < 3_000_000
    browser.size(width)
    browser.open(file.as_uri())
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.documentElement.lang") == language
    assert [one for one in browser.requests if one != file.as_uri() and not one.startswith("data:")] == []
    assert browser.messages == []


def test_the_pages_lead_to_each_other(browser: Page, pages: Path) -> None:
    for file in (pages / "fair" / "en").iterdir():
        browser.open(file.as_uri())
        links = browser.run("[...document.querySelectorAll('.kicker a')].map(one => one.getAttribute('href'))")
        assert links
        assert all((file.parent / link).exists() for link in links)
        assert file.name not in links


@pytest.mark.parametrize("language", ["en", "id"])
def test_what_decides_fits_one_sheet_of_paper(browser: Page, pages: Path, language: str) -> None:
    browser.size(1280)
    browser.open((pages / "fair" / language / "summary.html").as_uri())
    paper = browser.paper()
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") == 1


def test_no_script_runs_and_hostile_names_are_shown_as_they_are(browser: Page, address: str) -> None:
    browser.size(1280)
    browser.open(address)
    assert browser.run("document.scripts.length") == 0
    assert browser.run("document.images.length") == 0
    text = browser.run("document.body.innerText")
    assert HOSTILE["noise"] in text
    assert "Who buys? <img src=x onerror=alert(2)>" in text


def test_every_entry_of_the_contents_leads_to_a_section(browser: Page, address: str) -> None:
    browser.size(1280)
    browser.open(address)
    missing = "[...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.hash)).length"
    assert browser.run(missing) == 0
    assert browser.run("document.querySelectorAll('nav a').length") == browser.run(
        "document.querySelectorAll('main > section').length"
    )


def test_every_picture_has_words_and_every_id_is_single(browser: Page, address: str) -> None:
    browser.open(address)
    unnamed = (
        "[...document.querySelectorAll('svg')].filter(one => !(one.getAttribute('aria-label') || '').trim()).length"
    )
    assert browser.run(unnamed) == 0
    twice = "(() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id); return ids.length - new Set(ids).size })()"
    assert browser.run(twice) == 0


def test_letters_stay_readable_on_a_phone(browser: Page, address: str) -> None:
    browser.size(400)
    browser.open(address)
    smallest = (
        "Math.min(...[...document.querySelectorAll('main p, main td, main li, .chart text')]"
        ".filter(one => one.getBoundingClientRect().width > 0)"
        ".map(one => parseFloat(getComputedStyle(one).fontSize)"
        " * (one.ownerSVGElement ? one.ownerSVGElement.getBoundingClientRect().width / 380 : 1)))"
    )
    assert browser.run(smallest) >= 8


def test_it_can_be_printed(browser: Page, address: str) -> None:
    browser.size(1280)
    browser.open(address)
    paper = browser.paper()
    assert paper.startswith(b"%PDF")
    assert 3 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") <= 30
