"""The labelling page and what it asks for. Only for a browser on this machine that knows the token."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Literal
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from tidemill.cleaning.normalising import text_of
from tidemill.errors import TidemillError, UserError
from tidemill.reporting.page import colours
from tidemill.reviewing.session import Progress, Session
from tidemill.usecase.schema import UseCase

__all__ = ["create_app"]

MOST_BYTES = 16_384
_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Said(BaseModel):
    """An answer as the page sends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["answer", "unsure"]
    value: str | int | float | bool | None = None


def create_app(
    session: Session, use_case: UseCase, *, task: str, token: str, address: str, finish: Callable[[], None]
) -> FastAPI:
    """The page at ``<address>/<token>/``. Everything else, and everybody who comes another way, is refused.

    ``finish`` is called when the person is done.
    """
    app = FastAPI(title="Tidemill", openapi_url=None, docs_url=None, redoc_url=None)
    base = f"/{token}"
    _add_guard(app, token, address)
    app.add_exception_handler(TidemillError, _refused)

    @app.get(f"{base}/", response_class=HTMLResponse)
    def page() -> Response:
        nonce = secrets.token_urlsafe(16)
        text = _template().render(nonce=nonce, title=use_case.title or use_case.name, name=use_case.name)
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY.format(nonce=nonce)})

    @app.get(f"{base}/state")
    def state() -> dict[str, object]:
        return {
            "name": use_case.name,
            "target": use_case.target_name,
            "task": task,
            "classes": [text_of(one) for one in session.classes],
            "who": session.who,
            "version": session.version,
            "progress": _progress(session.progress()),
        }

    @app.get(f"{base}/rows/{{index}}")
    def row(index: int) -> dict[str, object]:
        return {**_row(session, index), "progress": _progress(session.progress())}

    @app.post(f"{base}/rows/{{index}}")
    def answer(index: int, said: Said) -> dict[str, object]:
        return {"progress": _progress(session.answer(index, said.action, said.value))}

    @app.post(f"{base}/undo")
    def undo() -> dict[str, object]:
        index, progress = session.undo()
        return {"index": index, "progress": _progress(progress)}

    @app.post(f"{base}/finish")
    def done() -> dict[str, object]:
        finish()
        return {"progress": _progress(session.progress())}

    return app


def _add_guard(app: FastAPI, token: str, address: str) -> None:
    """Refuse who asks by another name than this machine's (DNS rebinding), without the token, or from another page."""
    port = urlsplit(address).port
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    origins = {f"http://{host}" for host in hosts}

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        heads = request.headers
        given = request.url.path.split("/")[1]
        size = heads.get("content-length", "0")
        if heads.get("host", "").lower() not in hosts:
            response: Response = _problem(403, "this page answers at its own address only")
        elif not secrets.compare_digest(given.encode(), token.encode()):
            response = _problem(404, "there is nothing here: open the whole address that `tidemill label` printed")
        elif heads.get("sec-fetch-site", "none") not in ("none", "same-origin") or (
            "origin" in heads and heads["origin"] not in origins
        ):
            response = _problem(403, "another page can't ask here")
        elif request.method not in ("GET", "HEAD") and heads.get("content-type") != "application/json":
            response = _problem(415, "send JSON")
        elif not size.isdigit() or int(size) > MOST_BYTES or "transfer-encoding" in heads:
            response = _problem(413, "that is too long for an answer")
        else:
            response = await call_next(request)
        response.headers.update(_HEADERS)
        return response


def _row(session: Session, index: int) -> dict[str, object]:
    given = session.answer_to(index)
    item = session.items[index]
    return {
        "index": index,
        "named": item.named,
        "why": item.why,
        "sentence": item.sentence,
        "cells": [asdict(cell) for cell in item.cells],
        "label": None if item.label is None else text_of(item.label),
        "chances": [[text_of(name), share] for name, share in item.chances],
        "expected": item.expected,
        "given": None
        if given is None
        else {
            "action": given.action,
            "value": None if given.value is None else text_of(given.value),
            "who": given.who,
            "mine": session.progress().states[index] != "others",
        },
    }


def _progress(progress: Progress) -> dict[str, object]:
    return {**asdict(progress), "total": len(progress.states)}


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


async def _refused(_: Request, error: Exception) -> Response:
    return _problem(422 if isinstance(error, UserError) else 503, str(error))


@cache
def _template() -> Template:
    folder = resources.files(__package__)
    read = {name: (folder / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    environment = Environment(
        loader=DictLoader({"page.html": read["html"]}), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals |= {"css": Markup(colours() + read["css"]), "js": Markup(read["js"])}
    return environment.get_template("page.html")
