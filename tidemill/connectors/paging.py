"""From one page of a JSON API to the next, and when it ends: by number, offset, cursor or address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from tidemill.connectors.answers import Answer, excerpt
from tidemill.connectors.records import at
from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.usecase.sources import Http

__all__ = ["Pager", "Step"]


@dataclass(frozen=True)
class Step:
    """What to ask for: an address that a page named (else the source's own) and query parameters.

    ``number`` counts pages from 1; ``mark`` tells this page from others: its number, offset, cursor or address.
    """

    url: str | None
    parameters: Mapping[str, str]
    number: int = 1
    mark: str = ""


@dataclass
class Pager:
    """The pages of one fetch. ``base`` are the query parameters of every request."""

    http: Http
    base: Mapping[str, str]
    _asked: set[str] = field(default_factory=set)

    @property
    def counts(self) -> bool:
        """Whether we count the pages or records, and so an empty page is the end."""
        return self.http.paging in ("page", "offset")

    @property
    def parameter(self) -> str:
        """The query parameter that says which page."""
        return self.http.page_parameter or self.http.paging

    def first(self) -> Step:
        """The first page: by number from ``first_page``, by offset from 0."""
        start = {"page": str(self.http.first_page), "offset": "0"}.get(self.http.paging)
        if start is None:
            return Step(None, self.base)
        return Step(None, {**self.base, self.parameter: start}, mark=start)

    def after(self, step: Step, answer: Answer, records: int, where: str) -> Step | None:
        """What comes after ``step``, whose page held ``records``; None when the API says that it was the last."""
        self._asked |= {step.mark, answer.url}
        following = replace(step, number=step.number + 1)
        if self.counts:
            mark = str(int(step.mark) + (1 if self.http.paging == "page" else records))
            return replace(following, parameters={**self.base, self.parameter: mark}, mark=mark) if records else None
        if self.http.paging == "link":
            url = answer.following if self.http.cursor is None else _link(answer, self.http.cursor, where)
            return None if url is None else replace(following, url=url, mark=url)
        if self.http.paging == "cursor":
            cursor = _cursor(answer.body, str(self.http.cursor), where)
            parameters = {**self.base, self.parameter: cursor or ""}
            return replace(following, parameters=parameters, mark=cursor) if cursor else None
        return None

    def was_asked(self, step: Step) -> bool:
        """Whether a page with this cursor or address was asked for before."""
        return step.mark in self._asked


def _cursor(body: Any, place: str, where: str) -> str | None:
    """The next page's cursor; null, false, empty and absent mean that there is none."""
    found = at(body, place, None)
    if found is None or found is False or found == "":
        return None
    if isinstance(found, bool | list | dict):
        raise UserError(f"{where}: at `{place}` is no cursor, but {excerpt(str(found))[:60]}: mend `http.cursor`")
    if str(found).startswith(("http://", "https://")):
        raise UserError(f"{where}: at `{place}` is the next page's address, not a cursor: say `paging: link`")
    return str(found)


def _link(answer: Answer, place: str, where: str) -> str | None:
    found = at(answer.body, place, None)
    if found is None or found is False or found == "":
        return None
    if not isinstance(found, str):
        raise UserError(f"{where}: at `{place}` is no address, but {excerpt(str(found))[:60]}: mend `http.cursor`")
    return urljoin(answer.url, found)
