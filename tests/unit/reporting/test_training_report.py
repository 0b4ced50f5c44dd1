"""The report and the card of versions that were really trained and judged."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.judged import Judged, hostile, judged
from tests.unit.learning.world import LABELS, Task
from tidemill.errors import UserError
from tidemill.reporting import write_report
from tidemill.results import Report


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return {task: written(judged(task)) for task in LABELS}  # type: ignore[arg-type]


def written(one: Judged) -> Report:
    return write_report(one.store, one.use_case, one.version, one.decision, one.seconds)


def page(one: Judged, report: Report) -> str:
    return one.store.read_bytes(report.html).decode()


def words(html: str) -> str:
    """The page's text as it is read."""
    body = re.sub(r"<(style|pre)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'")).replace("\u00a0", " ")


@pytest.mark.parametrize("task", LABELS)
def test_every_task_has_its_report(reports: dict[str, Report], task: Task) -> None:
    one, report = judged(task), reports[task]
    html = page(one, report)
    assert report.html == f"toy/reports/{one.version.version}/report.html"
    assert len(html) < 3_000_000
    text = words(html)
    assert "Who buys?" in text
    for title in ("In short", "The data", "Checks on the data", "How it was tuned", "How good it is"):
        assert f">{title}</h2>" in html
    for title in ("Where it is good, and where not", "What drives it", "What was decided", "What to keep in mind"):
        assert f">{title}</h2>" in html
    assert one.version.version in text
    assert "None" not in text
    assert "nan" not in re.findall(r"\w+", text)
    assert "What was decided, and what is asked of you?" in words(one.store.read_bytes(report.summary).decode())


def test_a_study_of_a_sample_is_told_as_one(reports: dict[str, Report]) -> None:
    one = judged("binary")
    lineage = one.version.lineage
    sampled = lineage.model_copy(update={"study": lineage.study.model_copy(update={"sample": 500})})
    other = replace(one, version=one.version.model_copy(update={"lineage": sampled, "version": "v9"}))
    told = "on an even sample of 500 of them, and the model on all"
    assert told in words(page(other, written(other)))
    assert told not in words(page(one, reports["binary"]))


def test_every_row_is_accounted_for(reports: dict[str, Report]) -> None:
    text = words(page(judged("binary"), reports["binary"]))
    assert "960 rows were collected, and 900 of them (94 %) were used." in text
    assert "30 rows went to quarantine, each with its reason" in text
    assert "10 rows wait for a label" in text
    assert "the target has no value 3" in text
    assert "is beyond 0 to 120 25" in text
    assert "values match ^s[0-9]+$ 2" in text


def test_leaks_checks_and_exclusions_are_told(reports: dict[str, Report]) -> None:
    html = page(judged("binary"), reports["binary"])
    text = words(html)
    assert "1 leak found and left out" in text
    assert "allowed by the use case all the same: AUC 0.93 alone" in text
    assert "1 of 2 expectations failed" in text
    assert "&lt;b&gt;Shops&lt;/b&gt; have a number." in html
    assert 'href="../../data_docs/0123456789abcdef/index.html"' in html
    assert "free text" in text


def test_lineage_seconds_and_decision_are_told(reports: dict[str, Report]) -> None:
    one = judged("binary")
    text = words(page(one, reports["binary"]))
    lineage = one.version.lineage
    for said in (lineage.model.id, lineage.study.id, lineage.split.train.id, lineage.split.gate.id, "0123456789ab"):
        assert said in text
    assert "1 min 18 s in all, most of it in tune (1 min 1 s)" in text
    assert re.sub(r"^\w+: .", "", one.decision.sentence) in text
    assert "XGBoost defaults" in text


def test_a_refused_model_says_why() -> None:
    one = judged("binary")
    reasons = ("it is worse than constant by 0.1000 AUC",)
    said = {"passed": False, "reasons": reasons, "findings": ()}  # as evaluations were from before there were findings
    evaluation = one.version.lineage.evaluation.model_copy(update=said)
    lineage = one.version.lineage.model_copy(update={"evaluation": evaluation})
    version = one.version.model_copy(update={"lineage": lineage, "version": "20240101-refused0"})
    sentence = f"Refused: {reasons[0]}."
    decision = one.decision.model_copy(update={"action": "refuse", "promoted": False, "sentence": sentence})
    report = write_report(one.store, one.use_case, version, decision, {})
    text = words(one.store.read_bytes(report.html).decode())
    assert "Not promoted" in text
    assert "1 reason against it" in text
    assert "It is worse than constant by 0.1000 AUC." in text


def test_the_same_version_gives_the_same_bytes(reports: dict[str, Report]) -> None:
    one = judged("binary")
    before = one.store.read_bytes(reports["binary"].html)
    assert written(one) == reports["binary"]
    assert one.store.read_bytes(reports["binary"].html) == before


def test_hostile_names_do_no_harm() -> None:
    made = hostile()
    report = written(made)
    html = page(made, report)
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    card = made.store.read_bytes(report.card).decode()
    assert "<img" not in card.replace("\\<img", "")


def test_the_card_says_it_in_a_page(reports: dict[str, Report]) -> None:
    for task, report in reports.items():
        one = judged(task)  # type: ignore[arg-type]
        card = one.store.read_bytes(report.card).decode()
        assert card.startswith("# Who buys?\n")
        for title in ("Purpose", "Data", "Evaluation", "Columns", "Limits", "Lineage"):
            assert f"\n## {title}\n" in card
        assert one.version.version in card
        assert all(line.endswith("|") for line in card.splitlines() if line.startswith("|"))
        assert len(card) < 8_000


def test_the_card_is_a_page_too(reports: dict[str, Report]) -> None:
    one = judged("binary")
    html = one.store.read_bytes(reports["binary"].card_page).decode()
    text = words(html)
    for title in ("Purpose", "Data", "Evaluation", "Columns", "Limits", "Lineage"):
        assert f">{title}</h2>" in html
    assert one.version.lineage.model.id in text
    assert 'href="report.html"' in html


def test_a_damaged_version_is_named() -> None:
    one = judged("binary")
    gone = one.version.lineage.evaluation.model_copy(update={"key": "toy/evaluations/gone.json"})
    version = one.version.model_copy(update={"lineage": one.version.lineage.model_copy(update={"evaluation": gone})})
    with pytest.raises(UserError, match=r"toy/evaluations/gone\.json is missing"):
        write_report(one.store, one.use_case, version, one.decision, one.seconds)
