"""Sentences that stages store in English, in a report in another language: none of them stays English."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from expectations.wording import expected, observed
from tests.judged import Judged, judged
from tidemill.leaks import find_leaks
from tidemill.monitoring.alarms import data_alarms
from tidemill.personal import find_personal
from tidemill.reporting import write_report
from tidemill.reporting.language import in_words, retold, speaking
from tidemill.results import ExpectationResult
from tidemill.traps import find_traps
from tidemill.usecase.schema import UseCase
from tidemill.validation import exclusions

ROWS = 400
ENGLISH = {
    "all", "among", "and", "are", "as", "by", "every", "for", "from", "has", "have", "in", "is", "it", "its", "not", "of",
    "than", "that", "the", "to", "was",
}  # fmt: skip
EXPECTATIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("values_to_be_between", {"min_value": 18, "max_value": 0.5}, {"element_count": 9, "unexpected_count": 0}),
    ("values_to_be_between", {"max_value": 1e6, "mostly": 0.99}, {"element_count": 1200, "unexpected_count": 3}),
    ("mean_to_be_between", {"min_value": 0.08}, {"observed_value": 0.2432}),
    ("max_to_be_between", {"max_value": 7, "strict_max": True}, {"observed_value": None}),
    ("values_to_be_in_set", {"value_set": list("bcdefghijk")}, {"details": {"mismatched": {"missing": ["b", "c"]}}}),
    ("values_to_be_unique", {}, {"element_count": 9, "unexpected_count": 2, "partial_unexpected_list": ["x", "y"]}),
    ("quantile_values_to_be_between", {"quantile_ranges": {"quantiles": [0.05], "value_ranges": [[1, None]]}},
     {"observed_value": {"quantiles": [0.05], "values": [0.5]}}),
    ("kl_divergence_to_be_less_than", {"partition_object": {"values": ["x"], "weights": [1.0]}, "threshold": 0.1}, {}),
]  # fmt: skip
REFUSED = {
    "`age` is below 18": 3,
    "`age` is an outlier: below 0.5 or above 1200": 2,
    "`price` is not a number": 1,
    "the target `bought` (spent > 0) has no value": 4,
    "`bought` is a class of fewer than 1,000 rows": 5,
    "`age` is not as expected: values are between 0 and 2400; `age` is missing": 6,
}


def found() -> dict[str, Any]:
    """What the finders themselves say of a table with a leak, a trap and a person in it, and words of a suite."""
    order = np.random.default_rng(3).permutation(ROWS)
    target = np.repeat([0, 1], ROWS // 2)
    frame = pd.DataFrame(
        {
            "bought": target,
            "copy": np.where(target == 1, "y", "n"),
            "later": np.where((target == 1) & (order % 2 == 0), 1.0, np.nan),
            "number": np.arange(ROWS),
            "mail": [f"ani{place}@surat.example" for place in order],
        }
    )
    use_case = UseCase.model_validate(
        {"name": "toy", "sources": {"s": {"url": "s.csv"}}, "target": {"column": "bought"}, "id": ["shop"]}
    )
    leaks = find_leaks(use_case, frame, None, "bought", "binary")
    traps = find_traps(use_case, frame, "bought", "binary")
    personal = find_personal(frame)
    results = tuple(
        ExpectationResult(
            expectation=expected(f"expect_column_{kind}", kwargs),
            column="age",
            severity="warning",
            passed=False,
            observed=observed(result, passed=False),
        )
        for kind, kwargs, result in EXPECTATIONS
    )
    assert [{one.kind for one in several} for several in (leaks, traps, personal)] == [
        {"disguise", "filled_after"},
        {"names_rows", "class_order"},
        {"email"},
    ]
    excluded = {"note": "it names a row", **exclusions(use_case, leaks, personal, traps)}
    return {"leaks": leaks, "traps": traps, "personal": personal, "results": results, "excluded": excluded}


def in_indonesian(one: Judged) -> str:
    """The report's sections of the data and its checks, without what stands as code: names, and values of the data."""
    lineage, said = one.version.lineage, found()
    lineage = lineage.model_copy(
        update={
            "validation": lineage.validation.model_copy(update=said),
            "cleaned": lineage.cleaned.model_copy(update={"refused": REFUSED}),
            "labelled": lineage.labelled.model_copy(
                update={"refused": {}, "why": "the target has two values, n and y, and `tune.metric: auc` asks for it"}
            ),
        }
    )
    version = one.version.model_copy(update={"version": "retold", "lineage": lineage, "excluded": said["excluded"]})
    use_case = one.use_case.model_copy(update={"report": one.use_case.report.model_copy(update={"language": "id"})})
    report = write_report(one.store, use_case, version, one.decision, one.seconds)
    html = one.store.read_bytes(report.html).decode()
    start, end = (html.index(f">{title}</h2>") for title in ("Data", "Cara penyetelannya"))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<code.*?</code>", "·", html[start:end])))


def test_no_sentence_of_the_data_and_its_checks_stays_english() -> None:
    text = in_indonesian(judged("binary"))
    english = [clause for clause in re.split(r"[.;·]| {2,}", text) if ENGLISH & set(re.findall(r"[a-z]+", clause))]
    assert english == []


@pytest.mark.parametrize(
    ("english", "indonesian"),
    [
        ("values are between 0 and 2400, in at least 99.9 % of rows", "nilainya antara 0 dan 2400, pada sedikitnya 99,9 % baris"),
        ("1 of 1,200 rows fail (0.08 %), such as (1, 2)", "1 dari 1.200 baris gagal (0,08 %), misalnya (1, 2)"),
        ("values are among a, b and 3 more", "nilainya termasuk a, b dan 3 lagi"),
        ("leak: it is the target under another name: alone it gives an AUC of 1.000 (the limit is 0.99)",
         "kebocoran: kolom ini adalah target dengan nama lain: dengan sendirinya ia memberi AUC 1,000 (batasnya 0,99)"),
        ("`is missing` is missing; `age` is below −1.5", "`is missing` kosong; `age` di bawah −1,5"),
        ("a sentence of somebody's own, and no other", "a sentence of somebody's own, and no other"),
    ],
)  # fmt: skip
def test_a_stored_sentence_is_known_by_its_words(english: str, indonesian: str) -> None:
    with speaking("id"):
        assert retold(english) == indonesian
    assert retold(english) == english


def test_alarms_say_what_was_expected_in_the_language_of_the_report() -> None:
    (alarm,) = data_alarms(found()["results"][2:3])
    with speaking("id"):
        told = in_words(alarm.clauses[0].said)
    assert told == "`age`: diharapkan rata-rata paling sedikit 0,08, tetapi hasilnya 0,2432"
