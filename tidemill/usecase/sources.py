"""The sections that say where rows come from (files, a database, an HTTP API, Python), and how they are joined."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tidemill.secrets import IN_CLEAR, is_reference, literal_in_fields, literal_in_url
from tidemill.usecase.section import Section
from tidemill.usecase.values import Columns, Duration, Entry, FieldError, OrText, Span, Text, section_from_text

__all__ = ["Http", "Incremental", "Join", "LabelJoin", "OneSource", "Source", "Sql"]

_PLACES = ("url", "sql", "http", "python")


class Join(Section):
    """How a side source is joined to the primary one, as of each row's own time."""

    on: Columns = Field(min_length=1, description="Columns that must be equal on both sides.")
    as_of: Text | None = Field(
        None, description="The side source's time column. Left out: a plain join on equal keys, newest row wins."
    )
    known_after: Duration = Field(
        timedelta(0), description="How long after `as_of` a row of the side source is known, such as `1h`."
    )
    tolerance: Span | None = Field(
        None, description="How old the newest known row may be, such as `3h`. Left out: any age."
    )
    columns: Columns | None = Field(
        None, description="Columns to bring over. Left out: all that the primary source does not have."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Join:
        for name in ("known_after", "tolerance"):
            if self.as_of is None and getattr(self, name):
                raise FieldError(name, "it counts from `as_of`, which is not there: name the source's time column")
        return self


class LabelJoin(Section):
    """Makes the source the one that the target comes from, later than the row itself."""

    on: Columns = Field(min_length=1, description="Columns that must be equal on both sides.")
    known_at: Text = Field(description="The column with the moment at which a label became known.")
    maturity: Duration = Field(
        timedelta(0),
        description="How long after a row's own time its label may still come or change, such as `90d`: until then "
        "the row waits.",
    )
    absent: str | int | float | bool | None = Field(
        None, description="What a mature row without any label counts as, such as `false`. Left out: it is refused."
    )


class Sql(Section):
    """A table, or what a query gives, of any database that SQLAlchemy speaks to."""

    url: Text = Field(
        description="SQLAlchemy's URL, with the password by reference: `postgresql://reader:${DB_PASSWORD}@host/shop`."
    )
    table: Text | None = Field(None, description="The table or view, as `name` or `schema.name`. Or give a `query`.")
    query: Text | None = Field(None, description="One SELECT. Or give a `table`.")
    chunk_rows: int = Field(50_000, ge=1, description="Rows fetched at a time.")

    @model_validator(mode="after")
    def _goes_together(self) -> Sql:
        if (self.table is None) == (self.query is None):
            raise FieldError("table", "give a `table` or a `query`, one of the two")
        _check_url(self.url)
        return self


class Http(Section):
    """Records of a JSON API, page by page."""

    url: Text = Field(description="The address of the first page, such as `https://api.example.com/orders`.")
    records: str = Field("", description="Where the records are in a page, such as `data.items`. Left out: at its top.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers to send, such as `{Authorization: 'Bearer ${API_TOKEN}'}`."
    )
    parameters: dict[str, str] = Field(default_factory=dict, description="Query parameters of every request.")
    paging: Literal["none", "page", "offset", "cursor", "link"] = Field(
        "none",
        description="How the next page is asked for: by its number, by the number of records so far, by a cursor out "
        "of the page before, or by the address that the page before names: in its `Link` header, or at `cursor`.",
    )
    page_parameter: Text | None = Field(
        None, description="The query parameter of the number, offset or cursor. Left out: the name of the `paging`."
    )
    first_page: int = Field(1, ge=0, description="The number of the first page.")
    size_parameter: Text | None = Field(None, description="The query parameter of the page's size.")
    page_size: int | None = Field(None, ge=1, description="Records to ask for a page.")
    cursor: Text | None = Field(
        None, description="Where a page holds the next one's cursor (or its address, for `link`), such as `meta.next`."
    )
    since_parameter: Text | None = Field(
        None, description="The query parameter that asks for records from a moment on: `incremental` fills it."
    )
    until_parameter: Text | None = Field(
        None, description="The query parameter that asks for records before a moment: `--until` fills it."
    )
    rate: float | None = Field(None, gt=0, description="Most requests a second. Left out: as fast as it answers.")
    retries: int = Field(
        5, ge=0, le=20, description="How often a request that failed is tried again, each time after a longer wait."
    )
    timeout: Span = Field(timedelta(seconds=30), description="How long one answer may take.")

    @model_validator(mode="after")
    def _goes_together(self) -> Http:
        if self.paging == "cursor" and self.cursor is None:
            raise FieldError("cursor", "paging by cursor needs the place of the next page's cursor in a page")
        if (self.page_size is None) != (self.size_parameter is None):
            raise FieldError("size_parameter", "`page_size` and `size_parameter` go together: give both or neither")
        _check_url(self.url)
        if not is_reference(self.url) and not self.url.startswith(("http://", "https://")):
            raise FieldError("url", "an API's address starts with https:// (or http://)")
        for name in ("headers", "parameters"):
            literal = literal_in_fields(getattr(self, name))
            if literal is not None:
                raise FieldError((name, literal), IN_CLEAR.format("it"))
        return self


class Incremental(Section):
    """Only rows that are new since the last collecting are fetched; those of before are kept in the lake."""

    column: Text = Field(
        description="The column that grows as rows come or change: a moment, or a number. Its highest value so far is "
        "the watermark."
    )
    overlap: Duration = Field(
        timedelta(0),
        description="How far behind the watermark each run looks again, for rows that came late. What is fetched twice "
        "is kept once.",
    )


class Source(Section):
    """One place that rows come from: a `url` of files, `sql`, `http` or `python`."""

    url: Text | None = Field(
        None, description="A file, a folder, a glob or any fsspec URL; relative paths start at the use case's folder."
    )
    sql: Sql | None = Field(None, description=Sql.__doc__ or "")
    http: Http | None = Field(None, description=Http.__doc__ or "")
    python: Entry | None = Field(
        None,
        description="`module:function` in the project, for what has no connector: it yields frames or records.",
    )
    format: Literal["auto", "parquet", "csv", "tsv", "jsonl"] = Field(
        "auto", description="How to read files. `auto` goes by their names."
    )
    encoding: Literal["auto", "utf-8", "latin-1", "windows-1252", "utf-16"] = Field(
        "auto", description="How text files are encoded. `auto` is UTF-8, or what a byte-order mark says."
    )
    decimal: Literal["auto", ".", ","] = Field(
        "auto",
        description="The decimal mark in text. `auto` finds a comma where values are parted by something else.",
    )
    rename: dict[str, str] = Field(
        default_factory=dict,
        description="New names for columns, such as `{Sales Amount: amount}`; names of several files may become one.",
    )
    differing: Literal["unite", "refuse"] = Field(
        "unite",
        description="Files of other columns than the rest: `unite` takes all columns, with nulls where a file has "
        "none; `refuse` stops.",
    )
    bad_rows: Literal["quarantine", "refuse"] = Field(
        "quarantine",
        description="Rows that can't be read, such as ones of too many values: into Quarantine, or `refuse` all.",
    )
    incremental: Incremental | None = Field(None, description=Incremental.__doc__ or "")
    join: Join | None = Field(
        None, description="How to join it to the primary source: the one source with neither `join` nor `labels`."
    )
    labels: LabelJoin | None = Field(None, description=LabelJoin.__doc__ or "")

    @model_validator(mode="after")
    def _goes_together(self) -> Source:
        said = [name for name in _PLACES if getattr(self, name) is not None]
        if not said:
            raise FieldError("url", "say where the rows are: a `url` of files, or `sql`, `http` or `python`")
        if len(said) > 1:
            raise FieldError(said[1], f"the source has `{said[0]}` too: make them two sources, or leave one out")
        if self.join is not None and self.labels is not None:
            raise FieldError("labels", "the source has a `join` too: a source brings features or labels, not both")
        if self.url is not None:
            _check_url(self.url)
            if self.incremental is not None:
                raise FieldError("incremental", "files are read whole: it is for `sql`, `http` and `python`")
            return self
        for name in ("format", "encoding", "decimal"):
            if getattr(self, name) != "auto":
                raise FieldError(name, f"it is for files, and the source has `{said[0]}`: leave it out")
        return self

    @property
    def place(self) -> str:
        """Where the rows come from, as written: a URL, an address or a function. It may hold references to secrets."""
        part = self.sql or self.http
        return str(self.url or self.python) if part is None else part.url

    def reading(self, url: str) -> Source:
        """The same source with its rows read from files at ``url``."""
        read: dict[str, Any] = {"url": url, "format": "auto", "sql": None, "http": None, "python": None}
        return self.model_copy(update={**read, "incremental": None})


def _check_url(url: str) -> None:
    literal = literal_in_url(url)
    if literal is not None:
        raise FieldError("url", IN_CLEAR.format(literal))


OneSource = Annotated[Source, BeforeValidator(section_from_text("url")), OrText("The source's `url`.")]
