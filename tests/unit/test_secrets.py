"""References to secrets: what they become, what is refused in their place, and that messages hold none of them."""

from __future__ import annotations

from contextvars import copy_context
from pathlib import Path
from urllib.parse import unquote, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.data.cases import case
from tidemill.collecting import collect
from tidemill.errors import UserError
from tidemill.secrets import blocks, hidden, hiding, literal_in_url, revealed, revealed_url
from tidemill.store import Store

SECRETS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=4, max_size=20).filter(
    lambda text: "***" not in text and text.strip("*") == text
)


def test_references_are_resolved_where_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "t-1234")
    with blocks({"my-block": "b-5678"}.__getitem__):
        assert revealed("Bearer ${API_TOKEN}, ${secret:my-block}; $5 {x}") == "Bearer t-1234, b-5678; $5 {x}"


@given(SECRETS)
def test_a_url_holds_any_password_and_messages_none(secret: str) -> None:
    def tried() -> None:
        with blocks(lambda name: secret):
            url = revealed_url("postgresql://${secret:user}:${secret:password}@host:5432/shop?key=${secret:key}")
        parts = urlsplit(url)
        assert (parts.hostname, parts.port, parts.path) == ("host", 5432, "/shop")
        assert unquote(parts.password or "") == unquote(parts.username or "") == secret
        assert unquote_plus(parts.query.removeprefix("key=")) == secret
        said = hidden(f"no route to {url}, with {secret!r} and {secret}")
        assert secret not in said
        assert "***" in said

    copy_context().run(tried)


def test_short_secrets_are_hidden_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_USER", "ann")

    def tried() -> str:
        revealed("${DB_USER}")
        return hidden("ann can't read the annual plan")

    assert copy_context().run(tried) == "*** can't read the annual plan"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${NOT_SET_ANYWHERE}", r"`\$\{NOT_SET_ANYWHERE\}` is not set: put NOT_SET_ANYWHERE into the environment"),
        ("${secret:none}", r"there is no Prefect Secret block `none`"),
        ("${DB PASSWORD}", r"`\$\{DB PASSWORD\}` is no reference: write"),
        ("${DB_PASSWORD", r"is no reference"),
        ("${secret:}", r"is no reference"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(text: str, said: str) -> None:
    def absent(name: str) -> str:
        raise LookupError(name)

    with blocks(absent), pytest.raises(UserError, match=said):
        revealed(text)


def test_blocks_are_read_in_a_run_only() -> None:
    with pytest.raises(UserError, match="are read in a flow's run only"):
        revealed("${secret:shop}")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://u:clear@h/d", "a password"),
        ("postgresql://${USER}:clear@h/d", "a password"),
        ("postgresql://u:cl/ear@h/d", "a password"),
        ("https://h/x.csv?X-Amz-Signature=abc", "the value of `X-Amz-Signature`"),
        ("https://h/x.csv?access_token=abc", "the value of `access_token`"),
        ("postgresql://${secret:u}:${secret:p}@h/d", None),
        ("postgresql://u@h/d", None),
        ("https://h:8080/a@b.csv?page=2", None),
        ("https://h/x?token=${TOKEN}", None),
        ("s3://bucket/a@b/c:d.csv", None),
        ("data/orders.csv", None),
        ("${DATABASE_URL}", None),
    ],
)
def test_what_is_a_secret_in_a_url(url: str, what: str | None) -> None:
    assert literal_in_url(url) == what


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ("{sql: {url: 'postgresql://u:clear-1@h/d', table: t}}", "sql.url: a password"),
        ("{url: 'https://me:clear-1@h/x.csv'}", "rows.url: a password"),
        ("{http: {url: 'https://h/x?api_key=clear-1'}}", "http.url: the value of `api_key`"),
        ("{http: {url: 'https://h/x', headers: {Authorization: Bearer clear-1}}}", "http.headers.Authorization: it"),
        ("{http: {url: 'https://h/x', parameters: {token: clear-1}}}", "http.parameters.token: it"),
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(tmp_path: Path, source: str, field: str) -> None:
    with pytest.raises(UserError, match="stands there in clear, and a use case is stored with every version") as caught:
        case(tmp_path, f"sources: {{rows: {source}}}\n")
    assert field in str(caught.value)
    assert "clear-1" not in str(caught.value)


def test_a_secret_in_a_path_is_not_in_the_message(
    tmp_path: Path, memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDER", "a-secret-folder")
    with pytest.raises(UserError, match=r"\*\*\*/none\.csv does not exist") as caught:
        collect(memory, case(tmp_path, url="${FOLDER}/none.csv"))
    assert "a-secret-folder" not in str(caught.value)


def test_what_is_raised_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "kept-by-us")
    revealed("${TOKEN}")
    with pytest.raises(UserError) as caught, hiding():
        raise UserError("kept-by-us is wrong", row=3, column="x")
    assert (str(caught.value), caught.value.row, caught.value.column) == ("*** is wrong", 3, "x")
