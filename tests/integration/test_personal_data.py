"""Persons whose data is in the table: trained end to end, and nobody's name, mail, phone or number in anything printed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.toy import TOY_YAML, toy_rows
from tests.unit.personal.people import PERSONAL, column
from tidemill.learning.model import Model
from tidemill.results import TrainingRun
from tidemill.store import Store

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

KINDS = {
    "customer": "full name", "mail": "email", "mobile": "indonesian mobile", "nik": "nik", "card": "card",
    "home": "address", "notes": "text", "tgl_lahir": "birth as text",
}  # fmt: skip
ROWS = 1_500
SUITE = """\
expectations:
  - {type: expect_column_values_to_be_in_set, kwargs: {column: mail, value_set: [secret-in-suite@example.org]}, severity: warning}
  - {type: expect_column_values_to_match_regex, kwargs: {column: customer, regex: "^[^T]"}, rows: refuse}
  - {type: expect_column_value_lengths_to_equal, kwargs: {column: mobile, value: 3}, severity: warning}
  - {type: expect_column_values_to_be_unique, kwargs: {column: adviser}, severity: warning}
  - {type: expect_column_min_to_be_between, kwargs: {column: tgl_lahir, max_value: 2100-01-01}, severity: warning}
  - {type: expect_compound_columns_to_be_unique, kwargs: {column_list: [adviser, region]}, severity: warning}
  - {type: expect_column_distinct_values_to_be_in_set, kwargs: {column: adviser, value_set: [Somebody Else]}, severity: warning}
"""


def _write(project: Path, rules: str) -> pd.DataFrame:
    """The toy use case with persons in it; the id is an e-mail address, a few advisers have many customers each."""
    frame = toy_rows(ROWS).drop(columns="row")
    for place, (name, what) in enumerate(KINDS.items()):
        frame[name] = column(PERSONAL[what][2], ROWS, seed=place)
    frame["account"] = [f"person{number}@accounts.example.org" for number in range(ROWS)]
    advisers = ["Wulandari Kusumawardhani", "Bartholomew Featherstone", "Siti Rahayuningsih", "Olga Prokofyeva"]
    frame["adviser"] = np.random.default_rng(0).choice(advisers, ROWS)
    folder = project / "usecases" / "toy"
    frame.to_csv(folder / "data.csv", index=False)
    text = TOY_YAML.replace("id: row", "id: account").replace("columns:\n", f"columns:\n  personal: {rules}\n")
    text = text.replace("evaluate: {resamples: 100}", "evaluate: {resamples: 100, slices: [adviser, region]}")
    (folder / "usecase.yaml").write_text(text)
    (project / "expectations").mkdir(exist_ok=True)
    (project / "expectations" / "toy.yaml").write_text(SUITE)
    return frame


def _train() -> TrainingRun:
    from flows.training import training

    run = training("toy")  # type: ignore[arg-type]
    assert isinstance(run, TrainingRun)
    return run


def _secrets(frame: pd.DataFrame) -> set[str]:
    """Every value of a person, the advisers' first and last names alone, and what the suite's file says."""
    columns = [*KINDS, "account", "adviser"]
    values = {str(value) for name in columns for value in frame[name].dropna()}
    return values | {word for name in set(frame["adviser"]) for word in name.split()} | {"secret-in-suite@example.org"}


def _printed(store: Store, *, model: bool) -> dict[str, str]:
    """Everything in the lake but the rows themselves, as text."""
    keys = [key for key in store.list("toy") if not key.endswith(".parquet") and "/parts/" not in key]
    kept = [
        key for key in keys if model or not ("/models/" in key or "/profiles/" in key or key.endswith("/recipe.json"))
    ]
    return {key: store.read_bytes(key).decode("utf-8", errors="replace") for key in kept}


def test_nobody_is_named_in_anything_but_the_rows(project: Path) -> None:
    frame = _write(project, "{}")
    run = _train()
    store = Store(str(project / "lake"))
    secrets = _secrets(frame)
    printed = _printed(store, model=True)
    assert len(printed) > 15
    told = {key: [secret for secret in secrets if secret in text] for key, text in printed.items()}
    assert {key: found[:3] for key, found in told.items() if found} == {}
    kinds = {one.column: one.kind for one in run.lineage.validation.personal}
    assert kinds == {**{name: PERSONAL[what][1] for name, what in KINDS.items()}, "account": "email", "adviser": "name"}
    assert run.excluded["adviser"].startswith("personal data, names of persons: 100% of the values")
    assert run.excluded["account"] == "it names a row"
    read = {feature.column for feature in Model.load(store, run.lineage.model).description.recipe.features}
    assert read.isdisjoint(kinds)
    html = printed[run.report.html]
    assert "columns with personal data" in html
    assert re.search(r"W\. K\. \([1-4]\)", html)


def test_what_the_use_case_allows_is_read_and_masked_all_the_same(project: Path) -> None:
    frame = _write(project, "{adviser: allow, home: not_personal, region: leave_out}")
    run = _train()
    store = Store(str(project / "lake"))
    personal = {one.column: (one.kind, one.allowed) for one in run.lineage.validation.personal}
    assert personal["adviser"] == ("name", True)
    assert personal["region"] == ("declared", False)
    assert "home" not in personal
    assert run.excluded["region"] == "personal data: the use case says so (`columns.personal`)"
    read = {feature.column for feature in Model.load(store, run.lineage.model).description.recipe.features}
    assert "adviser" in read
    assert "region" not in read
    printed = _printed(store, model=False)
    names = set(frame["adviser"])
    assert {key for key, text in printed.items() if any(name in text for name in names)} == set()
    assert "The model reads personal data" in printed[run.report.html]
