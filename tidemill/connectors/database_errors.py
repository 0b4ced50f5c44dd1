"""What databases and their drivers say, told in Tidemill's own errors, without what is secret in it."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import exc

from tidemill.errors import TidemillError, TransientError, UserError, did_you_mean
from tidemill.secrets import hidden, revealed_url

__all__ = ["told"]

_EXTRAS = {"psycopg2": "tidemill[postgres]", "MySQLdb": "mysqlclient", "cx_Oracle": "oracledb"}
_PASSING = re.compile(
    r"starting up|shutting down|too many (clients|connections)|connection slots|timeout expired|timed out"
    r"|server closed the connection|terminating connection|connection (has been |was |is |already )?(closed|lost|reset)"
    r"|gone away|could not receive data|database is locked|deadlock|broken pipe",
    re.IGNORECASE,
)


def told(error: Exception, where: str, url: str) -> TidemillError:
    """The error to raise in place of ``error``, which reading ``where`` raised. ``url`` may hold references."""
    if isinstance(error, exc.NoSuchModuleError):
        name = url.partition(":")[0]
        known = ("postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql")
        return UserError(
            f"{where}: SQLAlchemy knows no database `{name}`{did_you_mean(name, known)}: mend `url`, or install "
            "its dialect"
        )
    if isinstance(error, ModuleNotFoundError):
        package = _EXTRAS.get(str(error.name), str(error.name))
        return UserError(
            f"{where}: the driver `{error.name}` is not installed: install `{package}`, or name another in the URL, "
            "as in `mysql+pymysql://`"
        )
    if isinstance(error, exc.ArgumentError):
        return UserError(f"{where}: `url` is no URL of SQLAlchemy: write postgresql://user:${{PASSWORD}}@host/name")
    if isinstance(error, UnicodeError | OverflowError):
        return UserError(f"{where}: it holds a text or a time that can't be read: cast it to text in a `query`")
    said = _first_line(error)
    if isinstance(error, exc.DBAPIError) and (error.connection_invalidated or _PASSING.search(said)):
        return TransientError(f"{where}: the server went away or is busy ({said})")
    if isinstance(error, ValueError):
        return UserError(f"{where}: it holds a value that can't be read ({said}): cast it to text in a `query`")
    return UserError(f"{where}: {_refused(error, said, url)}")


def _refused(error: Exception, said: str, url: str) -> str:
    """The sentence for what asking again would not mend."""
    cause = getattr(error, "orig", None)
    state = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    if state in _STATES:
        return _STATES[state]
    place = _place(url)
    for pattern, sentence in _SAYINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return sentence.format(place=place, said=said)
    return f"the database refuses it ({said})"


_RIGHTS = "the user has no right to read it: have it granted (`GRANT SELECT`), or use another user"
_WRITES = "the query writes, and must only read: give one SELECT"
_SAYINGS = (
    (
        r"authentication failed|access denied|no password supplied|role .* does not exist",
        "{place} does not accept the user or the password: mend what `url` refers to",
    ),
    (
        r"could not translate host name|name or service not known|unknown (mysql )?server host|nodename nor servname",
        "there is no host {place}: mend `url`",
    ),
    (r"no pg_hba.conf entry", "{place} lets nobody in from here: have this machine allowed there"),
    (r"does not support SSL|SSL.*required", "{place} and `url` disagree on SSL: mend `sslmode` in it"),
    (r"database .* does not exist|unknown database", "there is no such database at {place}: mend `url`"),
    (
        r"connection to server|refused|could not connect|can't connect|no route to host|network is unreachable",
        "nothing answers at {place}: start the server, or mend host and port in `url`",
    ),
    (r"unable to open database file", "the file can't be opened: check its path and the rights on it"),
    (r"file is not a database|malformed|disk image", "it is no SQLite database, or a damaged one: restore it"),
    (r"could not decode to UTF-8", "it holds a text that is not UTF-8: read that column as `hex(column)` in a `query`"),
    (r"readonly|read-only", _WRITES),
    (
        r"(relation|table|view).*(does not exist|doesn't exist)|no such table|invalid object name",
        "there is no such table ({said}): mend the query",
    ),
    (r"column.* does not exist|no such column|unknown column", "there is no such column ({said}): mend the query"),
    (
        r"operator does not exist",
        "the column that grows is text to the database ({said}): cast it to a time in a `query`",
    ),
    (r"syntax error|parse error", "the query can't be understood ({said}): mend it"),
    (r"permission denied", _RIGHTS),
)
_STATES = {
    "42501": _RIGHTS,
    "25006": _WRITES,
    "57014": "the server cancelled it, because it took too long: ask for less, or have its limit raised",
}


def _place(url: str) -> str:
    """Host and port, without what is secret in them."""
    try:
        found = sa.make_url(revealed_url(url))
    except (exc.ArgumentError, ValueError, TidemillError):
        return "the server"
    host = found.host or "this machine"
    return hidden(f"{host}:{found.port}" if found.port else host)


def _first_line(error: BaseException) -> str:
    """What the driver said, on one line, with secrets hidden."""
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).strip().splitlines()[:1]) or type(cause).__name__
    return hidden(" ".join(text.split()))[:200]
