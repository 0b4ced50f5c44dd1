"""What is wrong with a ``usecase.yaml``, in sentences: file, line, field, what is allowed, the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from tidemill.errors import did_you_mean
from tidemill.usecase.document import Document, Path, Plain, printable
from tidemill.usecase.values import FieldError

__all__ = ["describe", "kind_of", "sentences"]

Schema = Mapping[str, Any]
MOST_SENTENCES = 5

_YES_AND_NO = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_NUMBER = re.compile(r"^\s*[-+]?[0-9]+(\.[0-9]*)?\s*$")


def sentences(document: Document, errors: Sequence[ErrorDetails], schema: Schema) -> str:
    """One line a problem, by their place in the file. ``schema`` is the published one, without references."""
    found: dict[Path, str] = {}
    for error in errors:
        path = _path(document.value, error)
        found.setdefault(path, _message(document.value, path, error, schema))
    lines = [
        (document.line(path), printable(f"{_at(document, path)}: {message}"))
        for path, message in found.items()
        if not any(other != path and other[: len(path)] == path for other in found)
    ]
    texts = [text for _, text in sorted(lines)]
    if len(texts) > MOST_SENTENCES:
        texts[MOST_SENTENCES:] = [f"… and {len(texts) - MOST_SENTENCES} more"]
    return "\n".join(texts)


def describe(schema: Schema) -> str:
    """What a schema accepts, in words: `a whole number (1 or more)`."""
    if "anyOf" in schema:
        words = [describe(choice) for choice in schema["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = kind_of(schema)
    if kind in ("number", "integer"):
        return ("a whole number" if kind == "integer" else "a number") + _bounds(schema)
    if kind == "boolean":
        return "`true` or `false`"
    if kind == "array":
        return _describe_list(schema)
    if kind == "object" and "properties" in schema:
        return f"a section with {', '.join(schema['properties'])}"
    if kind == "object":
        return f"a section of `name: value`, each value {describe(schema.get('additionalProperties', {}))}"
    return "text" + (f" such as `{schema['examples'][0]}`" if "examples" in schema else "")


def kind_of(schema: Schema) -> str | None:
    """The type that a schema wants, when it wants one; that it may be null too does not count."""
    kind = schema.get("type")
    return str(kind[0]) if isinstance(kind, list) else kind


def _describe_list(schema: Schema) -> str:
    if schema.get("minItems") == schema.get("maxItems") == 2:
        return "a list of two numbers such as `[0, 120]`, `null` for no bound"
    return f"a list, each item {describe(schema.get('items', {}))}"


def _bounds(schema: Schema) -> str:
    words = []
    for key, text in (
        ("exclusiveMinimum", "above {:,}"),
        ("minimum", "{:,} or more"),
        ("exclusiveMaximum", "below {:,}"),
        ("maximum", "{:,} at most"),
    ):
        if key in schema:
            bound = schema[key]
            words.append(text.format(int(bound) if bound == int(bound) else bound))
    return f" ({' and '.join(words)})" if words else ""


def _path(value: Plain, error: ErrorDetails) -> Path:
    """Where the error is, as a path of the file: pydantic's own has the names of union members in it."""
    path: list[str | int] = []
    here: Plain | object = value
    left = list(error["loc"])
    blamed = error.get("ctx", {}).get("error")
    if isinstance(blamed, FieldError):
        left += blamed.field
    for part in left:
        inner = _inner(here, part)
        if inner is not None:
            here = inner[0]
        elif error["type"] != "missing" or part != left[-1] or isinstance(part, int):
            continue
        path.append(part)
    return tuple(path)


def _inner(value: object, part: str | int) -> tuple[object] | None:
    """What a section or a list holds at ``part``, in a tuple of its own; None when there is nothing."""
    if isinstance(value, dict) and isinstance(part, str) and part in value:
        return (value[part],)
    return (value[part],) if isinstance(value, tuple) and isinstance(part, int) and part < len(value) else None


def _message(value: Plain, path: Path, error: ErrorDetails, schema: Schema) -> str:
    if error["type"] == "extra_forbidden":
        return _unknown(str(path[-1]), _fields(_schema_at(schema, path[:-1])), schema)
    if error["type"] == "missing" and isinstance(error["loc"][-1], str):
        wanted = _schema_at(schema, path)
        return f"it is missing: {_lowered(str(wanted.get('description', 'it must be given')))}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    here = _value_at(value, path)
    wanted = _schema_at(schema, path)
    if error["type"] == "too_short" or (here == "" and wanted):
        return f"it is empty: it must be {describe(wanted)}"
    return f"it must be {describe(wanted)}, not {_shown(here)}{_mend(here, wanted)}"


def _unknown(name: str, known: Sequence[str], schema: Schema) -> str:
    """The message for a field that is not allowed where it is."""
    hint = did_you_mean(name, known)
    homes = [section for section, inner in schema["properties"].items() if name in _fields(inner)]
    if name in schema["properties"]:
        homes.insert(0, "")
    if not hint and homes:
        hint = f" (it belongs under `{homes[0]}`)" if homes[0] else " (it belongs at the top, without indentation)"
    return f"there is no such field{hint}. Allowed here: {', '.join(known)}"


def _mend(value: object, wanted: Schema) -> str:
    """What to append where the kind of a value is wrong in a way that can be guessed."""
    choices = (wanted, *wanted.get("anyOf", ()))
    kinds = {kind_of(choice) for choice in choices if "enum" not in choice}
    if value is None or isinstance(value, bool | int | float):
        return ". Put it in quotation marks if it is meant as text" if "string" in kinds and value is not None else ""
    if not isinstance(value, str):
        return ""
    if "boolean" in kinds and value.lower() in _YES_AND_NO:
        return f": write `{_YES_AND_NO[value.lower()]}`, without quotation marks"
    if kinds & {"number", "integer"} and _NUMBER.match(value):
        return ": take the quotation marks away"
    return did_you_mean(value, [str(word) for choice in choices for word in choice.get("enum", ())])


def _at(document: Document, path: Path) -> str:
    name = ""
    for part in path:
        name += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return f"{document.where}, line {document.line(path)}" + (f", {name}" if name else "")


def _schema_at(schema: Schema, path: Path) -> Schema:
    """The schema of the value at ``path``; an empty one where it says nothing."""
    for part in path:
        choices = [schema, *schema.get("anyOf", ())]
        for choice in choices:
            inner = choice.get("items") if isinstance(part, int) else choice.get("properties", {}).get(part)
            if inner is None and isinstance(part, str) and isinstance(choice.get("additionalProperties"), dict):
                inner = choice["additionalProperties"]
            if inner is not None:
                schema = inner
                break
        else:
            return {}
    return schema


def _fields(schema: Schema) -> list[str]:
    return [name for choice in (schema, *schema.get("anyOf", ())) for name in choice.get("properties", {})]


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"the text `{value[:40]}{'…' if len(value) > 40 else ''}`"
    if isinstance(value, int | float):
        return f"the number {value!r}"
    return f"a list of {len(value)}" if isinstance(value, tuple) else "a section"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
