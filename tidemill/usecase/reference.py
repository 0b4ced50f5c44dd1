"""Writes what the documentation says about ``usecase.yaml``, from the models themselves.

``python -m tidemill.usecase.reference docs`` writes ``docs/usecase.schema.json`` and
``docs/reference/usecase.md``; a test fails while they are not what this would write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tidemill.expressions import FUNCTIONS
from tidemill.usecase.problems import describe, kind_of
from tidemill.usecase.publishing import json_schema

__all__ = ["files", "main"]

_HEAD = """\
# `usecase.yaml`

Everything that a use case may say, with what it is when nothing is said. The file is
`usecases/<name>/usecase.yaml`. A field with nothing after its colon counts as left out. How to write one:
[the guide](../guide/usecase.md). For editors: [the JSON Schema](../usecase.schema.json).

This page is written by `python -m tidemill.usecase.reference docs`.

- A **duration** is a number and a unit: `90s`, `15m`, `3h`, `30d`, `2w`.
- A **moment** is a date or an ISO 8601 time, in UTC unless it has an offset: `2013-10-01`, `2013-10-01T06:00:00Z`.
- An **expression** is written as [below](#expressions). A **cron line** has five fields, in UTC: `0 3 1 * *` is three
  o'clock on the first of every month.
- A **list of texts** may be one text alone: `id: row` is `id: [row]`.
- Words are read as YAML 1.2 reads them: `yes`, `no`, `on` and `off` are texts, only `true` and `false` are not.
  Names of classes in `labels` are the values as the data has them.
"""
_EXPRESSIONS = """\
## Expressions

`derive` and `target.expression` hold expressions: a small language of its own, nothing of which is run as Python.

- **Columns** by name. A name that is no plain word goes in backticks: `` `per cent` > 3 ``.
- **Numbers** `3`, `-0.5`, `1e6`; **texts** in quotation marks, `"JFK"`; `true` and `false`.
- **Arithmetic** `+ - * / // %` on numbers. Dividing by zero gives a missing value. Texts can be added.
- **Comparisons** `== != < <= > >=`, also `0 < x <= 9`, and `x in ["JFK", "LGA"]`, `x not in [1, 2]`.
  A text beside a time is read as a moment: `at >= "2013-10-01"`.
- **Logic** `and`, `or`, `not`, on comparisons and true/false columns.
- **Times**: the difference of two times is a duration, and a time plus a duration is a time. A column can't hold a
  duration: `(arrived - left) / minutes(1)` is a number of minutes.
- **Missing in, missing out**: a comparison with a missing value is missing, neither true nor false. `false and …` is
  false and `true or …` is true all the same. `isnull`, `notnull` and `fill` are never missing on their own account.
- Every row is on its own: no expression sees another row, so serving one row gives what training saw.

| function | gives |
| --- | --- |
"""


_KINDS = {"3h": "duration", "2013-10-01": "moment", "arr_delay > 15": "expression", "0 3 1 * *": "cron line"}


def files() -> dict[str, str]:
    """What to write, by path below the documentation's folder."""
    schema = json_schema()
    return {
        "usecase.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        "reference/usecase.md": "\n".join(_page(schema)),
    }


def main(folder: Path) -> None:
    """Write :func:`files` below ``folder``."""
    for name, text in files().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _page(schema: Mapping[str, Any]) -> Iterator[str]:
    yield _HEAD
    yield "## At the top"
    yield ""
    yield from _table(schema)
    for name, field in schema["properties"].items():
        section, path = _section(field), name
        if section is None:
            continue
        if section is not field:
            path = f"{name}.<name>" if kind_of(field) == "object" else name
        yield from (f"## `{path}`", "", str(section["description"]), "")
        yield from _table(section)
        for inner, part in section["properties"].items():
            below = _section(part)
            if below is not None:
                yield from (f"## `{path}.{inner}`", "", str(below["description"]), "")
                yield from _table(below)
    yield _EXPRESSIONS + "\n".join(
        f"| `{function.call}` | {function.gives.replace('|', chr(92) + '|')} |" for function in FUNCTIONS.values()
    )
    yield ""


def _section(field: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The section that a field is, or holds one or many of."""
    for choice in (field, *field.get("anyOf", ())):
        if "properties" in choice:
            found: Mapping[str, Any] = choice
            return found
    inner = field.get("additionalProperties")
    return _section(inner) if isinstance(inner, dict) else None


def _table(section: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | what it is | left out | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in section["properties"].items():
        required = name in section.get("required", ())
        cells = (f"`{name}`", _kind(field), _default(field, required), str(field.get("description", "")))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _kind(field: Mapping[str, Any]) -> str:
    if _section(field) is not None:
        return "sections by name" if kind_of(field) == "object" and "properties" not in field else "a section"
    if any(choice.get("type") == "array" and "minLength" in choice["items"] for choice in field.get("anyOf", ())):
        return "list of texts"
    for choice in (field, *field.get("anyOf", ())):
        kind = _KINDS.get(choice.get("examples", [""])[0])
        if kind is not None:
            return kind
    words = describe(field)
    return words.replace("a section of `name: value`, each value", "`name: value`, each value")


def _default(field: Mapping[str, Any], required: bool) -> str:
    if required:
        return "**must be given**"
    value = field.get("default")
    if value in (None, [], {}, ""):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False)}`"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
