from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tidemill.reporting.page import (
    Badge,
    Block,
    Code,
    Fact,
    Facts,
    Figure,
    Figures,
    Fold,
    Headline,
    Link,
    Notice,
    Pairs,
    Picture,
    Prose,
    Section,
    Table,
    render,
)

EVIL = "<script>alert(1)</script>"
SVG = '<svg role="img" aria-label="x"></svg>'
VOID = {"meta", "link", "br", "img", "hr"}


class Balance(HTMLParser):
    """Complains about tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


def page(*blocks: Block, title: str = "A page") -> str:
    return render(
        title=title,
        kicker="Report",
        headline=Headline("Promoted", "It is better.", "good"),
        facts=[Fact("AUC", "0.7", "of 1")],
        sections=[Section("In short", blocks, "What it found.")],
        footer="The end.",
    )


EVERYTHING: tuple[Block, ...] = (
    Prose(f"One {EVIL}\n\nTwo `{EVIL}` **{EVIL}**"),
    Facts([Fact(EVIL, EVIL, EVIL, "warn")]),
    Notice("bad", EVIL, EVIL),
    Figure(SVG, EVIL, EVIL),
    Figures([Figure(SVG, EVIL, EVIL)]),
    Figures([Figure(SVG, EVIL, EVIL)], packed=True),
    Table([EVIL, "n"], [[EVIL, 12345], [Badge(EVIL, "good"), None], [Link(EVIL, "x.html"), Picture(SVG)]], EVIL),
    Pairs([(EVIL, EVIL)]),
    Code(EVIL),
    Fold(EVIL, [Prose(EVIL), Table(["a", "b", "c", "d"], [[EVIL, 1, 2.5, "x"]])]),
)


def test_every_text_of_every_block_is_escaped() -> None:
    made = page(*EVERYTHING, title=EVIL)
    assert "<script" not in made
    assert made.count("&lt;script&gt;") > 20
    assert made.count(SVG) == 4


def test_tags_are_balanced() -> None:
    parser = Balance()
    parser.feed(page(*EVERYTHING))
    assert parser.open == []


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd"]
)
def test_an_address_that_runs_or_reads_is_not_linked(address: str) -> None:
    assert 'href="#"' in page(Pairs([("docs", Link("here", address))]))


@pytest.mark.parametrize("address", ["../../data_docs/1/index.html", "https://example.com/a?b=1"])
def test_other_addresses_are(address: str) -> None:
    assert f'href="{address}"' in page(Pairs([("docs", Link("here", address))]))


def test_nothing_is_fetched_and_no_script_may_run() -> None:
    made = page(*EVERYTHING)
    assert "default-src 'none'" in made
    assert "http://" not in made
    assert "https://" not in made
    assert "@import" not in made
    assert "url(" not in made


def test_columns_of_numbers_stand_to_the_right() -> None:
    table = Table(["a", "b", "c", "d"], [["x", 1, "2 %", "3 rows"], ["y", None, "–", "4"]])
    assert table.right == {1, 2}


def test_sections_are_in_the_contents() -> None:
    assert '<a href="#in-short">In short</a>' in page()
    assert Section("Où? (2)", []).id == "où-2"


def test_code_and_strong_words_are_marked() -> None:
    assert "<code>a&amp;b</code> and <strong>c</strong>" in page(Prose("`a&b` and **c**"))
