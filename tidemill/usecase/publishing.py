"""The JSON Schema of ``usecase.yaml``, in the form that editors understand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import duration_text

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """The schema that editors check ``usecase.yaml`` by: draft 7, without references, with every default.

    Made from :class:`UseCase`; ``docs/usecase.schema.json`` is this, written out.
    """
    said = UseCase.model_json_schema(by_alias=True, schema_generator=_Generator)
    parts = said.pop("$defs")
    schema: dict[str, Any] = _plain(said, parts)
    _allow_nothing(schema)
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A use case of Tidemill", **schema}


class _Generator(GenerateJsonSchema):
    """Writes the default of a duration as a person would: `30d`."""

    def encode_default(self, dft: Any) -> Any:
        """See :meth:`GenerateJsonSchema.encode_default`."""
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _allow_nothing(schema: dict[str, Any]) -> None:
    """Let lists and sections that may be left out be there with nothing in them, as the reader does."""
    for inner in [*schema.get("anyOf", ()), *schema.get("properties", {}).values(), schema.get("additionalProperties")]:
        if isinstance(inner, dict):
            _allow_nothing(inner)
    for name, inner in schema.get("properties", {}).items():
        if name in schema.get("required", ()):
            continue
        if "anyOf" in inner and {"type": "null"} not in inner["anyOf"]:
            inner["anyOf"].append({"type": "null"})
        elif inner.get("type") == "object":
            inner["type"] = ["object", "null"]


def _plain(schema: Any, parts: dict[str, Any]) -> Any:
    """The schema with references replaced by what they refer to, and without titles that repeat the names."""
    if isinstance(schema, list):
        return [_plain(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = parts[schema["$ref"].removeprefix("#/$defs/")]
        return _plain(part | {key: value for key, value in schema.items() if key != "$ref"}, parts)
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            plain[key] = {name: _plain(inner, parts) for name, inner in value.items()}
        elif key != "title":
            plain[key] = _plain(value, parts)
    return plain
