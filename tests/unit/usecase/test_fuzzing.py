"""Whatever is in the file: a use case, or a UserError that names the file. Nothing else ever comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tidemill.errors import UserError
from tidemill.usecase import UseCase, json_schema, read_usecase
from tidemill.usecase.document import read_document
from tidemill.usecase.problems import kind_of

SCHEMA = json_schema()
BASE = "name: churn\nsources:\n  customers: {url: data.csv}\ntarget: churned\n"


def _words(schema: Any) -> set[str]:
    """Every field and every allowed word of the schema: what a fuzzer must know to get anywhere."""
    if isinstance(schema, list):
        return set().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return set()
    own = {*schema.get("properties", ()), *map(str, schema.get("enum", ()))}
    return own.union(*map(_words, schema.values()))


WORDS = st.sampled_from(sorted(_words(SCHEMA)))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(),
    st.text(max_size=10),
    WORDS,
    st.sampled_from(["a > 1", "3h", "0d", "2013-01-01", "0 3 * * *", "data.csv", "fill(a, 0)", "x +"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), VALUES, max_size=6)


def _valued(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the right shape, now and then with a wrong leaf."""
    if "anyOf" in schema:
        return st.one_of(*map(_valued, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = kind_of(schema)
    if kind == "object" and "properties" in schema:
        inner = {name: _valued(field) for name, field in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=inner)
    if kind == "object":
        return st.dictionaries(st.sampled_from(["a", "b", "true"]), _valued(schema["additionalProperties"]), max_size=2)
    if kind == "array":
        return st.lists(_valued(schema["items"]), max_size=3)
    plain: dict[str | None, st.SearchStrategy[Any]] = {
        "number": st.floats(0, 2) | st.integers(0, 600),
        "integer": st.integers(0, 600),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return st.one_of(plain.get(kind, SCALARS.filter(lambda value: isinstance(value, str))), SCALARS)


def shaped() -> st.SearchStrategy[dict[str, Any]]:
    """Documents of nearly the right shape, without a name."""
    fields = {name: field for name, field in SCHEMA["properties"].items() if name != "name"}
    found: st.SearchStrategy[dict[str, Any]] = _valued({**SCHEMA, "properties": fields})
    return found


def understood(file: Path, data: bytes) -> UseCase | None:
    """The use case in ``data``, or None after a clear refusal."""
    file.write_bytes(data)
    try:
        use_case = read_usecase(file)
    except UserError as problem:
        said = str(problem)
        lines = said.splitlines()
        if not all(line.startswith((str(file), "… and ")) for line in lines):
            pytest.fail(f"a message does not name its file: {said}")
        return None
    assert use_case.primary in use_case.sources
    assert json.loads(use_case.model_dump_json(by_alias=True))["name"] == use_case.name
    return use_case


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzing") / "usecase.yaml"


ONE_FILE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@ONE_FILE
@given(data=st.binary(max_size=200))
@example(data=b"\x00")
@example(data=b"%YAML 9.9\n---\na: 1\n")
@example(data=b'"\\uD800"')
@example(data=b'a: "\\x"\n')
@example(data=b"\xff\xfe")
@example(data=b"!<> a")
@example(data=b"{[a]: b}")
@example(data=b"&" + b"a" * 100)
def test_random_bytes(file: Path, data: bytes) -> None:
    understood(file, data)
    understood(file, BASE.encode() + data)


@ONE_FILE
@given(text=st.text("abn: \n-[]{}'\"#&*!|>%@?,\t0.~\\=<", max_size=80))
def test_random_yaml_signs(file: Path, text: str) -> None:
    understood(file, text.encode())
    understood(file, (BASE + text).encode())
    understood(file, (BASE + "tune: " + text).encode())


@ONE_FILE
@given(value=VALUES)
def test_random_documents(file: Path, value: Any) -> None:
    understood(file, yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass"))


@ONE_FILE
@given(fields=FIELDS)
def test_random_values_in_every_field(file: Path, fields: dict[str, Any]) -> None:
    whole = {"name": "churn", "sources": {"a": "data.csv"}, "target": "churned", **fields}
    understood(file, json.dumps(whole).encode())


@ONE_FILE
@given(fields=shaped())
def test_values_of_nearly_the_right_shape(file: Path, fields: dict[str, Any]) -> None:
    whole = {"sources": {"a": "data.csv"}, "target": "churned", **fields, "name": "churn"}
    use_case = understood(file, json.dumps(whole).encode())
    if use_case is not None:
        again = understood(file, json.dumps(use_case.model_dump(mode="json", by_alias=True)).encode())
        assert again == use_case


@ONE_FILE
@given(value=VALUES)
def test_what_was_written_is_what_is_read(value: Any) -> None:
    """JSON is YAML: every JSON document comes back as itself (a number that is none aside)."""
    said = json.loads(json.dumps(value).replace("NaN", "null").replace("Infinity", "1e999"))
    try:
        read = read_document(json.dumps(said).replace("Infinity", ".inf").encode(), "a.yaml").value
    except UserError:
        return
    assert json.dumps(read, sort_keys=True) == json.dumps(said, sort_keys=True)
