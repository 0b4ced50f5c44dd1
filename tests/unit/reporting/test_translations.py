"""Reports in other languages: every text translated, none left over, numbers and days as the language has them."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import tidemill
from tidemill.errors import UserError
from tidemill.reporting.extract import Message, brought_up, forms, messages, spoken, written
from tidemill.reporting.language import in_words, languages, say, say_plural, speaking
from tidemill.reporting.wording import (
    bytes_text,
    count,
    day,
    listed,
    metric_name,
    month,
    number,
    percent,
    rival_name,
    seconds_text,
    signed,
    span,
)
from tidemill.said import Said

PACKAGE = Path(tidemill.__file__).parent
FILES = sorted((PACKAGE / "reporting" / "translations").glob("*.po"))


@pytest.fixture(scope="module")
def said() -> dict[Message, tuple[str, ...]]:
    return messages(PACKAGE, PACKAGE.parent / "expectations")


def read(file: Path) -> Catalog:
    return read_po(file.open("rb"))


def fields(text: str) -> set[str]:
    """The names in braces, with how each is to be spelled."""
    return {f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


def test_there_is_indonesian() -> None:
    assert languages() == ("en", *(file.stem for file in FILES))
    assert "id" in languages()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_text_is_translated_and_no_translation_is_left_over(
    file: Path, said: dict[Message, tuple[str, ...]]
) -> None:
    found = {one.id: one for one in read(file) if one.id}
    run = "run `python -m tidemill.reporting.extract`, then translate what is empty"
    assert sorted(map(str, said.keys() - found.keys())) == [], f"texts that the file does not have: {run}"
    assert sorted(map(str, found.keys() - said.keys())) == [], f"translations of what nobody says: {run}"
    assert [one.id for one in found.values() if not all(forms(one))] == [], "texts without a translation"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_translation_has_the_fields_of_its_text(file: Path) -> None:
    for one in read(file):
        if one.id:
            texts = (one.id,) if isinstance(one.id, str) else one.id
            wanted = set().union(*map(fields, texts))
            assert [text for text in forms(one) if fields(text) - wanted or fields(texts[-1]) - fields(text)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_extracting_again_changes_nothing(file: Path, said: dict[Message, tuple[str, ...]]) -> None:
    text = file.read_text(encoding="utf-8")
    assert written(brought_up(text, said), text.split("\n\n")[0]) == text


def test_extracting_keeps_what_is_said_and_drops_the_rest() -> None:
    header = 'msgid ""\nmsgstr ""\n"Language: id\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"'
    text = f'{header}\n\nmsgid "old"\nmsgstr "lama"\n\nmsgid "row"\nmsgstr "baris"\n'
    catalog = brought_up(text, {"row": ("a.py",), ("{count} day", "{count} days"): ("a.py",)})
    assert [(one.id, forms(one)) for one in catalog if one.id] == [
        ("row", ("baris",)),
        (("{count} day", "{count} days"), ("",)),
    ]


def test_what_is_said_is_read_from_the_code() -> None:
    code = """
say("a " "b", x=number(say("c")))
say_plural("{count} d", "{count} ds", n)
TABLE = {"e": to_say("e")}
Said(text="f", values={})
say(TABLE["e"])
print("g")
"""
    assert sorted(map(str, spoken(code))) == ["('{count} d', '{count} ds')", "a b", "c", "e", "f"]


def test_what_a_file_that_makes_sentences_calls_text_is_said_too() -> None:
    code = """
text = "a {x}" if x else "b"
told("pass", "c", x=1)
def told(verdict: str, text: str, **values: int) -> Said:
    return Said(text=text, values=values)
"""
    assert sorted(map(str, spoken(code))) == ["a {x}", "b", "c"]
    assert list(spoken('text = "a"')) == []


@pytest.mark.parametrize("call", ['say(f"{x} rows")', 'say("a" + b)', 'Said(text=f"{x}", values={})'])
def test_a_text_that_is_put_together_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match=r"line 1: .* is given a text that is put together"):
        list(spoken(call))


def test_numbers_and_days_are_those_of_the_language() -> None:
    at = datetime(2013, 10, 1, tzinfo=UTC)
    with speaking("id"):
        assert [count(277_546), number(0.68312), number(12_340.4), signed(-0.057)] == [
            "277.546",
            "0,6831",
            "12.340",
            "−0,0570",
        ]
        assert span(0.5, 0.25, 2) == "0,50\u00a0sampai\u00a00,25"
        assert percent(0.024) == "2,4\u00a0%"
        assert [day(at), month(at)] == ["1 Oktober 2013", "Okt"]
        assert [seconds_text(one) for one in (0.42, 12, 200, 7500)] == [
            "0,4 dtk",
            "12 dtk",
            "3 mnt 20 dtk",
            "2 jam 5 mnt",
        ]
        assert [bytes_text(one) for one in (12, 8_123)] == ["12 bita", "8,1 kB"]
        assert [listed(["a", "b"]), listed(["a", "b", "c"])] == ["a dan b", "a, b, dan c"]
        assert [metric_name("accuracy"), rival_name("seasonal naive (7d)")] == ["akurasi", "naif musiman (7d)"]
    assert day(at) == "1 October 2013"


def test_plurals_and_stored_sentences() -> None:
    stored = Said(text="{first} and {last}", values={"first": 1, "last": "x"})
    with speaking("id"):
        assert [say_plural("{count} row", "{count} rows", many) for many in (1, 1200)] == ["1 baris", "1.200 baris"]
        assert in_words(stored) == "1 dan x"
        assert say("nobody has translated this {x:.1f}", x=0.5) == "nobody has translated this 0,5"
    assert [say_plural("{count} row", "{count} rows", many) for many in (1, 1200)] == ["1 row", "1,200 rows"]
    assert stored.english == in_words(stored) == "1 and x"


def test_measured_numbers_of_one_sentence_have_as_many_decimals() -> None:
    said = Said(
        text="{value:,} ({low:,} to {high:+,}), {rows:,} rows",
        values={"value": 0.6795, "low": 0.671, "high": 12.5, "rows": 1},
    )
    assert in_words(said) == "0.6795 (0.6710 to +12.50), 1 rows"


def test_a_language_without_a_file_is_named_with_those_there_are() -> None:
    with (
        pytest.raises(UserError, match=r"not written in `idn` \(did you mean `id`\?\): there is en, id"),
        speaking("idn"),
    ):
        pass
