"""Refusals: a status, a code for programs and a message for people."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import ValidationError
from pydantic_core import to_json

__all__ = ["Problem", "problem_of", "respond"]


class Problem(Exception):  # noqa: N818 - what HTTP calls it (RFC 9457)
    """Raised in a route; becomes the response."""

    def __init__(
        self, status: int, code: str, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message, "row": row, "column": column}


def respond(problem: Problem) -> Response:
    """``{"error": {...}}`` with the problem's status. A client that is told 503 may come again in a few seconds."""
    headers = {"Retry-After": "5"} if problem.status == 503 else None
    return Response(to_json({"error": problem.body}), problem.status, headers, "application/json")


def problem_of(error: ValidationError) -> Problem:
    """Why a request's body is not what it should be: 400 when it is no JSON, else 422."""
    first = error.errors(include_url=False, include_context=False)[0]
    place, kind = first["loc"], first["type"]
    if kind == "json_invalid":
        return Problem(400, "not_json", f"the request is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}")
    if place and place[0] == "explain":
        return Problem(
            422, "bad_request", "`explain` is true, false, or how many columns of each row are to be named, from 1 on"
        )
    if len(place) >= 3:
        row, column = int(place[1]), str(place[2])
        return Problem(
            422,
            "bad_row",
            f"row {row} (counted from 0) has a list, an object or a number without end in column `{column}`: "
            "send text, a number, true, false or null",
            row=row,
            column=column,
        )
    if len(place) == 2:
        return Problem(
            422,
            "bad_row",
            f'row {place[1]} (counted from 0) is no object of columns and values: send {{"column": value, …}}',
            row=int(place[1]),
        )
    if kind == "too_short":
        return Problem(422, "bad_request", "`rows` is empty: send at least one row")
    if kind == "extra_forbidden":
        return Problem(
            422, "bad_request", f'`{place[0]}` means nothing here: send {{"rows": [{{…}}]}}, with `explain` or alone'
        )
    return Problem(422, "bad_request", 'send an object with a list of rows: {"rows": [{"column": value, …}]}')
