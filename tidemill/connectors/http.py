"""Records of a JSON API as tables: every page once, in order, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tidemill.connectors.answers import excerpt
from tidemill.connectors.asking import WALL, AbsentError, Asker, Clock
from tidemill.connectors.base import Mark
from tidemill.connectors.paging import Pager, Step
from tidemill.connectors.records import flattened, records_at, tables_of
from tidemill.errors import UserError
from tidemill.progress import Note, emit
from tidemill.reading.refusing import Bad, raw_text
from tidemill.secrets import revealed
from tidemill.store import shown
from tidemill.usecase.sources import Http, Incremental

__all__ = ["HttpConnector"]

_MOST_PAGES = 1_000_000
_FEW = 100


@dataclass(frozen=True)
class _Page:
    """One page: its records, what comes after it, and what its records are, in short (None of none)."""

    step: Step
    records: list[Any]
    following: Step | None
    digest: bytes | None


class HttpConnector:
    """The records that a JSON API gives, as they come. What pages it takes to get them is nobody else's business."""

    def __init__(
        self, http: Http, incremental: Incremental | None, *, clock: Clock = WALL, most_pages: int = _MOST_PAGES
    ) -> None:
        self._http = http
        self._incremental = incremental
        self._clock = clock
        self._most_pages = most_pages
        self.refused: list[Bad] = []

    @property
    def where(self) -> str:
        """The address, as messages show it."""
        return shown(self._http.url)

    def pages(self, since: Mark | None, until: Mark | None) -> Iterator[pa.Table]:
        """The records as tables of some 20,000 rows, their columns typed by what is in them.

        ``since`` and ``until`` are asked for by the parameters that the source names for them, if any. A record that is
        no object is ``refused``. Raises :exc:`UserError` for what asking again can't mend, and when more is refused
        than not; :exc:`TransientError` when the tries are used up.
        """
        self._tell(since)
        kept, before = 0, len(self.refused)
        with Asker(self._http, self._clock) as asker:
            pages = self._walk(asker, Pager(self._http, self._parameters(since, until)))
            try:
                for table in tables_of(row for page in pages for row in self._rows(page)):
                    kept += table.num_rows
                    yield table
            except RecursionError:
                raise UserError(f"{asker.where}: its JSON is nested too deeply to be read") from None
            bad = len(self.refused) - before
            if bad > kept and (since is None or bad > _FEW):
                first = self.refused[before]
                said = f"{bad:,} of {bad + kept:,} records can't be read ({first.reason}: `{excerpt(first.raw)[:60]}`)"
                raise UserError(f"{asker.where}: {said}. Check `http.records`")

    def _walk(self, asker: Asker, pager: Pager) -> Iterator[_Page]:
        """Every page once. One that repeats what was there is asked for again, before it is believed."""
        step: Step | None = pager.first()
        before: tuple[bytes | None, ...] = ()
        while step is not None:
            if step.number > self._most_pages:
                raise UserError(f"{asker.where}: more than {self._most_pages:,} pages. Does its paging ever end?")
            page = self._page(asker, pager, step)
            if page is not None and _repeats(page, pager, before):
                page = self._page(asker, pager, step)
            if page is None:
                return
            if page.digest is not None and page.digest in before:
                self._check_end(asker.where, page, pager)
                return
            yield page
            if page.following is not None and pager.was_asked(page.following):
                _check_circle(asker.where, page)
                return
            before = (before[0] if before else page.digest, page.digest)
            step = page.following

    def _page(self, asker: Asker, pager: Pager, step: Step) -> _Page | None:
        """One page; None when we count the pages, and there is no such one any more."""
        where = f"page {step.number}"
        try:
            answer = asker.ask(step, where)
        except AbsentError:
            if pager.counts and step.number > 1:
                return None
            raise
        where = f"{asker.where}, {where}"
        records = records_at(answer.body, self._http.records, where) if answer.body is not None else []
        return _Page(step, records, pager.after(step, answer, len(records), where), _digest(records))

    def _rows(self, page: _Page) -> Iterator[dict[str, Any]]:
        """The page's records, flat; what is none is put aside."""
        for number, record in enumerate(page.records, 1):
            rule, why = "read:record", "it is no object"
            if isinstance(record, dict):
                try:
                    yield flattened(record)
                    continue
                except KeyError as twice:
                    rule, why = "read:keys", f"it has two values called `{twice.args[0]}`"
            raw = raw_text(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))
            self.refused.append(Bad(rule, f"page {page.step.number}, record {number}: {why}", number, raw))

    def _check_end(self, where: str, page: _Page, pager: Pager) -> None:
        """Raises UserError when a page that repeats another can't be taken for the end."""
        if not pager.counts:
            raise UserError(
                f"{where}, page {page.step.number}: the same records as before, though the API named it as the next "
                f"page. Does it take the {self._http.paging} as `{pager.parameter}`? Say so in `http.page_parameter`"
            )
        size = self._http.page_size
        if page.step.number == 2 and (size is None or len(page.records) >= size):
            raise UserError(
                f"{where}: page 2 is page 1 again. Does the API take the {self._http.paging} as `{pager.parameter}` "
                "(`http.page_parameter`)? If all records come at once, say `paging: none`; if it answers with its last "
                "page when there is none left, give `page_size` and `size_parameter`"
            )

    def _parameters(self, since: Mark | None, until: Mark | None) -> dict[str, str]:
        http = self._http
        found = {name: revealed(text) for name, text in http.parameters.items()}
        asked = [(http.size_parameter, http.page_size), (http.since_parameter, since), (http.until_parameter, until)]
        return {**found, **{name: _written(value) for name, value in asked if name is not None and value is not None}}

    def _tell(self, since: Mark | None) -> None:
        if since is not None and self._http.since_parameter is None and self._incremental is not None:
            emit(
                Note(
                    f"{self.where}: no `http.since_parameter`, so all records are fetched to find those whose "
                    f"`{self._incremental.column}` is new"
                )
            )


def _repeats(page: _Page, pager: Pager, before: tuple[bytes | None, ...]) -> bool:
    """Whether a page looks as if it were another one that came once more."""
    if page.digest is not None and page.digest in before:
        return True
    following = page.following
    ends = following is not None and not page.records and following.mark == page.step.mark
    return following is not None and not ends and pager.was_asked(following)


def _check_circle(where: str, page: _Page) -> None:
    """The last page may name itself as the next. Raises UserError when it is an earlier one."""
    assert page.following is not None
    if page.following.mark != page.step.mark:
        raise UserError(
            f"{where}, page {page.step.number}: the page after it is one that was there before, so the paging goes "
            "round in circles. Check `http.cursor` and `http.page_parameter`"
        )


def _digest(records: list[Any]) -> bytes | None:
    if not records:
        return None
    return hashlib.blake2b(repr(records).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _written(value: Mark) -> str:
    """A mark as a query parameter: ISO 8601 in UTC, or a plain number."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)
