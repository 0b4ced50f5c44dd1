"""The service's routes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from pydantic_core import to_json

from tidemill import __version__
from tidemill.errors import UserError, did_you_mean
from tidemill.learning.explaining import Explanation
from tidemill.serving.answering import Answering
from tidemill.serving.champion import Champion, InMemory
from tidemill.serving.openapi import asked_columns, described
from tidemill.serving.problems import Problem, problem_of, respond
from tidemill.serving.schema import (
    Column,
    ErrorResponse,
    ModelInfo,
    ModelList,
    PredictRequest,
    PredictResponse,
    Status,
)
from tidemill.store import Store
from tidemill.usecase import load_usecase

__all__ = ["app_of", "create_app"]

MOST_BYTES = 64 * 2**20
MOST_EXPLAINED = 500
_HERE = 32
"""Up to so many rows are answered on the spot; more go to a thread, so that others need not wait."""

log = logging.getLogger("tidemill.serving")


def create_app(lake: str, names: Sequence[str], project: Path | None = None) -> FastAPI:
    """The service for the champions of ``names`` in ``lake``. Raises UserError for a use case that is wrong."""
    store = Store(lake)
    return app_of([Champion(store, load_usecase(name, project)) for name in names])


def app_of(answering: Sequence[Answering]) -> FastAPI:
    """The service for what answers, one for each use case."""
    champions = {one.use_case.name: one for one in answering}

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for champion in champions.values():
            await asyncio.to_thread(champion.refresh)
        following = [asyncio.create_task(champion.follow()) for champion in champions.values()]
        yield
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        for champion in champions.values():
            if champion.tally is not None:
                await asyncio.to_thread(champion.tally.write, last=True)

    app = FastAPI(title="Tidemill", version=__version__, lifespan=lifespan, redoc_url=None)
    app.openapi = lambda: described(app, list(champions.values()))  # type: ignore[method-assign]
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(404, _not_routed)
    app.add_exception_handler(405, _not_routed)
    app.add_exception_handler(Exception, _unforeseen)
    _add_watching(app, champions)
    _add_models(app, champions)
    return app


def _add_watching(app: FastAPI, champions: Mapping[str, Answering]) -> None:
    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/health", tags=["watching"], response_model_exclude_none=True)
    async def health() -> Status:
        """Whether the process lives."""
        return Status(status="ok")

    @app.get("/ready", tags=["watching"], response_model_exclude_none=True, responses={503: {"model": ErrorResponse}})
    async def ready() -> Status:
        """Whether every use case has a model that answers."""
        without = [champion for champion in champions.values() if champion.current is None]
        if without:
            raise _unready(without[0], "not_ready")
        problems = {name: champion.problem for name, champion in champions.items() if champion.problem}
        return Status(status="ready", problems=problems or None)


def _add_models(app: FastAPI, champions: Mapping[str, Answering]) -> None:
    limit = anyio.CapacityLimiter(2)

    @app.get("/v1/models", tags=["models"])
    async def models() -> ModelList:
        """The use cases that are served, each with the version that answers and the columns that it reads."""
        return ModelList(models=tuple(_info(champion) for champion in champions.values()))

    @app.get("/v1/models/{name}", tags=["models"], responses={404: {"model": ErrorResponse}})
    async def model(name: str) -> ModelInfo:
        """One use case, with the version that answers and the columns that it reads."""
        return _info(_named(champions, name))

    errors: dict[int | str, dict[str, Any]] = {code: {"model": ErrorResponse} for code in (400, 404, 413, 422, 503)}

    @app.post("/v1/models/{name}/predict", tags=["predicting"], response_model=PredictResponse, responses=errors)
    async def predict(name: str, request: Request) -> Response:
        """Answer rows, one or many."""
        champion = _named(champions, name)
        asked = _asked(await _body(request), champion.use_case.serve.max_rows)
        current = champion.current
        if current is None:
            raise _unready(champion, "no_champion")
        if len(asked.rows) <= _HERE and not asked.explain:
            answered = _answered(current, asked)
        else:
            answered = await anyio.to_thread.run_sync(_answered, current, asked, limiter=limit)
        if champion.tally is not None:
            champion.tally.add(current.version, len(asked.rows))
        return Response(answered, media_type="application/json")


async def _body(request: Request) -> bytes:
    """The request's body. Raises Problem 413 as soon as it is known to be too large."""
    said = request.headers.get("content-length", "0")
    parts: list[bytes] = []
    size = int(said) if said.isdigit() else 0
    received = 0
    if size <= MOST_BYTES:
        async for part in request.stream():
            received += len(part)
            if received > MOST_BYTES:
                break
            parts.append(part)
    if max(size, received) > MOST_BYTES:
        raise Problem(
            413, "too_large", f"the request is larger than {MOST_BYTES // 2**20} MB: send fewer rows at a time"
        )
    return b"".join(parts)


def _asked(body: bytes, most: int) -> PredictRequest:
    try:
        asked = PredictRequest.model_validate_json(body)
    except ValidationError as error:
        raise problem_of(error) from None
    if asked.explain and len(asked.rows) > MOST_EXPLAINED:
        raise Problem(
            413,
            "too_large",
            f"{len(asked.rows):,} rows are more than the {MOST_EXPLAINED:,} that one request explains: send them in "
            "parts, or use `tidemill predict --explain`",
        )
    if len(asked.rows) > most:
        raise Problem(
            413,
            "too_large",
            f"{len(asked.rows):,} rows are more than the {most:,} of one request: send them in parts, "
            "or use `tidemill predict`",
        )
    return asked


def _answered(current: InMemory, asked: PredictRequest) -> bytes:
    said: dict[str, Any] = {"model_version": current.version}
    try:
        if asked.explain:
            said["predictions"], found = current.predictor.explain(asked.rows)
            said["explanations"] = _explanations(found, asked.explain)
        else:
            said["predictions"] = current.predictor.predict(asked.rows)
    except UserError as error:
        raise Problem(422, "bad_row", str(error), row=error.row, column=error.column) from None
    return to_json(said)


def _explanations(found: Explanation, most: int | bool) -> list[dict[str, Any]]:
    """One a row; ``most`` is how many columns to name, True for all."""
    names, adds, rest = found.strongest(found.contributions.shape[1] if most is True else int(most))
    return [
        {"contributions": dict(zip(name, add, strict=True)), "rest": left, "base": base}
        for name, add, left, base in zip(names, adds.tolist(), rest.tolist(), found.base.tolist(), strict=True)
    ]


def _named(champions: Mapping[str, Answering], name: str) -> Answering:
    if name not in champions:
        there = ", ".join(champions)
        raise Problem(404, "not_found", f"no use case `{name}` is served here{did_you_mean(name, champions)}: {there}")
    return champions[name]


def _unready(champion: Answering, code: str) -> Problem:
    name = champion.use_case.name
    why = champion.problem or f"`{name}` has no champion yet: train it, and promote or approve a version"
    return Problem(503, code, f"{why}. The service looks again every {champion.use_case.serve.reload_seconds:g} s")


def _info(champion: Answering) -> ModelInfo:
    current, case = champion.current, champion.use_case
    if current is None:
        return ModelInfo(name=case.name, title=case.title, model_version=None, problem=champion.problem)
    model = current.predictor.model
    return ModelInfo(
        name=case.name,
        title=case.title,
        model_version=current.version,
        task=model.task,
        target=model.target,
        query=model.query,
        classes=model.classes,
        threshold=model.threshold,
        columns=tuple(Column(name=one.name, kind=one.kind, required=one.required) for one in asked_columns(model)),
        problem=champion.problem,
    )


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return respond(problem)


async def _not_routed(request: Request, error: Exception) -> Response:
    """FastAPI's own refusals (an unknown path, another method), in the service's words."""
    status = error.status_code if isinstance(error, HTTPException) else getattr(error, "status_code", 404)
    if status == 405:
        return respond(Problem(405, "not_allowed", f"{request.method} is not for {request.url.path}: see /docs"))
    return respond(Problem(status, "not_found", f"there is nothing at {request.url.path}: see /docs"))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(Problem(500, "internal", "this should not have happened; the service's log says more"))
