"""The OpenAPI document: one predicting path a use case, with the columns that its champion reads now."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tidemill.learning.features import ColumnContract
from tidemill.learning.model import Model
from tidemill.serving.answering import Answering
from tidemill.serving.schema import PredictRequest

__all__ = ["asked_columns", "described"]

_GENERAL = "/v1/models/{name}/predict"
_LEVELS = 20
_TYPES: dict[str, tuple[dict[str, Any], object]] = {
    "number": ({"type": ["number", "null"]}, 1.5),
    "category": ({"type": ["string", "null"]}, "a"),
    "time": ({"type": ["string", "null"], "format": "date-time"}, "2024-01-31T12:00:00Z"),
    "boolean": ({"type": ["boolean", "null"]}, True),
}


def described(app: FastAPI, champions: Sequence[Answering]) -> dict[str, Any]:
    """The document as it is now: a new champion may read other columns."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Champions that answer rows.",
        routes=app.routes,
    )
    general = document["paths"].pop(_GENERAL)["post"]
    for champion in champions:
        name = champion.use_case.name
        one = copy.deepcopy(general)
        one["operationId"] = f"predict_{name}"
        one["summary"] = champion.use_case.title or f"Answer rows of {name}"
        one["parameters"] = []
        one["requestBody"] = {"required": True, "content": {"application/json": {"schema": _request(champion)}}}
        document["paths"][f"/v1/models/{name}/predict"] = {"post": one}
    return document


def asked_columns(model: Model) -> tuple[ColumnContract, ...]:
    """What a row brings: the columns that the model reads, and the query's where rows are ranked."""
    query = model.description.query
    return model.columns if query is None else (query, *(one for one in model.columns if one.name != query.name))


def _request(champion: Answering) -> dict[str, Any]:
    """The schema of a request: exact where there is a champion, general where there is none yet."""
    schema = PredictRequest.model_json_schema()
    if champion.current is None:
        return schema
    columns = asked_columns(champion.current.predictor.model)
    row = {
        "type": "object",
        "properties": {column.name: _property(column) for column in columns},
        "required": [column.name for column in columns if column.required],
    }
    schema["properties"]["rows"]["items"] = row
    schema["example"] = {"rows": [{column.name: _example(column) for column in columns}]}
    return schema


def _property(column: ColumnContract) -> dict[str, Any]:
    known = (
        f" Known: {', '.join(column.levels[:_LEVELS])}{', …' * (len(column.levels) > _LEVELS)}" if column.levels else ""
    )
    if column.pixels:
        numbers = {"type": ["array", "null"], "items": {"type": ["number", "null"]}}
        return {**numbers, "description": f"{column.pixels} numbers; null when missing."}
    return {**_TYPES[column.kind][0], "description": f"A {column.kind}; null when missing.{known}"}


def _example(column: ColumnContract) -> object:
    if column.pixels:
        return [0.0] * column.pixels
    return column.levels[0] if column.levels else _TYPES[column.kind][1]
