"""What tests of the HTTP connector say: a source, its records, and the replies of a server one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.misbehaving import Api, Asked, Clock, Reply
from tidemill.connectors.http import HttpConnector
from tidemill.errors import UserError
from tidemill.usecase.sources import Http

__all__ = ["PLACES", "RECORDS", "VALUES", "fetched", "http", "items", "paging", "said", "scripted"]

RECORDS = [{"id": number, "name": f"n{number}"} for number in range(7)]
PLACES = {"none": "data.items", "page": "data.items", "offset": "data.items", "cursor": "data.items", "link": ""}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)


def http(server: Api, **fields: Any) -> Http:
    return Http.model_validate({"url": f"{server.url}/orders", **fields})


def fetched(source: Http, clock: Clock | None = None, **more: Any) -> list[dict[str, Any]]:
    tables = list(HttpConnector(source, None, clock=clock or Clock(), **more).pages(None, None))
    return [row for table in tables for row in table.to_pylist()]


def scripted(*replies: Reply, then: Callable[[Asked], Reply] | None = None) -> Callable[[Asked], Reply]:
    """The replies one after the other, then what ``then`` says."""
    left = list(replies)

    def answer(asked: Asked) -> Reply:
        if left:
            return left.pop(0)
        assert then is not None, "asked once too often"
        return then(asked)

    return answer


def said(source: Http, **more: Any) -> str:
    with pytest.raises(UserError) as caught:
        fetched(source, **more)
    return str(caught.value)


def paging(kind: str) -> dict[str, Any]:
    return {"paging": kind, "records": PLACES[kind], **({"cursor": "next"} if kind == "cursor" else {})}


def items(*records: Any, **more: Any) -> Reply:
    return Reply({"items": list(records), **more})
