"""What is published of the use case: the schema for editors and the reference page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from tests.toy import TOY_YAML
from tests.unit.usecase.test_fuzzing import SCHEMA, shaped
from tidemill.errors import UserError
from tidemill.usecase import UseCase, json_schema, load_usecase, read_usecase
from tidemill.usecase.document import read_document
from tidemill.usecase.reference import files

ROOT = Path(__file__).parents[3]


def editor_says(text: str) -> list[str]:
    """What an editor would underline."""
    value = json.loads(json.dumps(read_document(text.encode(), "usecase.yaml").value))
    validator = jsonschema.Draft7Validator(json_schema())
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]


@pytest.mark.parametrize("name", sorted(files()))
def test_the_published_files_are_current(name: str) -> None:
    published = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert published == files()[name], "run: python -m tidemill.usecase.reference docs"


def test_the_schema_is_one_that_editors_understand() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    assert "$ref" not in text
    assert "prefixItems" not in text


def test_every_field_is_described_and_has_its_default() -> None:
    def look(schema: dict[str, Any], where: str) -> None:
        for name, field in schema.get("properties", {}).items():
            assert field.get("description", "").endswith("."), f"{where}.{name}"
            look(field, f"{where}.{name}")
        for choice in schema.get("anyOf", ()):
            look(choice, where)
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict):
            look(inner, where)

    look(SCHEMA, "")
    monitor = SCHEMA["properties"]["monitor"]["properties"]
    assert monitor["window"]["default"] == "30d"
    assert monitor["drift_warn"]["default"] == 0.1


@pytest.mark.parametrize("name", sorted(file.parent.name for file in ROOT.glob("usecases/*/usecase.yaml")))
def test_editors_and_the_reader_agree_on_what_ships(name: str) -> None:
    assert editor_says((ROOT / "usecases" / name / "usecase.yaml").read_text(encoding="utf-8")) == []
    assert load_usecase(name, ROOT).name == name


@pytest.mark.parametrize(
    "text",
    [
        TOY_YAML,
        "name: a\nsources: {x: {url: data.csv}}\ntarget: b\ncolumns:\n  forbid:\n    # - c\n  types:\ntune:\n",
        "name: a\nsources: {x: data.csv}\ntarget: {expression: b > 1}\nclean: {ranges: {c: [0, null]}}\n",
    ],
)
def test_editors_accept_what_may_be_short(tmp_path: Path, text: str) -> None:
    file = tmp_path / "usecase.yaml"
    file.write_text(text)
    assert isinstance(read_usecase(file), UseCase)
    assert editor_says(text) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("tune: {buget: 5}", "tune: Additional properties are not allowed ('buget' was unexpected)"),
        ("tune: {budget: 0}", "tune.budget: 0 is less than or equal to the minimum of 0"),
        ("task: classify", "task: 'classify' is not one of"),
        ("monitor: {window: 3 days}", "monitor.window: '3 days' does not match"),
    ],
)
def test_editors_underline_what_the_reader_refuses(more: str, said: str) -> None:
    assert any(said in line for line in editor_says("name: a\nsources: {x: data.csv}\ntarget: b\n" + more))


@settings(max_examples=100)
@given(fields=shaped())
def test_what_the_reader_takes_the_editor_takes(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any]
) -> None:
    whole = {"sources": {"a": "data.csv"}, "target": "churned", **fields, "name": "churn"}
    file = tmp_path_factory.getbasetemp() / "usecase.yaml"
    file.write_text(json.dumps(whole))
    try:
        use_case = read_usecase(file)
    except UserError:
        return
    assert editor_says(json.dumps(use_case.model_dump(mode="json", by_alias=True))) == []
