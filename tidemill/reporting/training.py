"""The training report: pages and a model card for every version, for engineers and for people who decide."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from tidemill import __version__
from tidemill.gate import answered
from tidemill.registry import LedgerEntry, ModelVersion
from tidemill.reporting.card import card_kicker, card_sections
from tidemill.reporting.checks import checks
from tidemill.reporting.data import the_data
from tidemill.reporting.decider import decider_headline, decider_sections
from tidemill.reporting.deciding import decision as what_was_decided
from tidemill.reporting.deciding import lineage
from tidemill.reporting.drivers import what_drives_it
from tidemill.reporting.facts import facts
from tidemill.reporting.fairness import how_groups_fare
from tidemill.reporting.language import say, speaking
from tidemill.reporting.limits import limits
from tidemill.reporting.markdown import markdown
from tidemill.reporting.material import Material, gather, report_key
from tidemill.reporting.page import Link, render
from tidemill.reporting.places import where_it_is_good
from tidemill.reporting.quality import how_good_it_is
from tidemill.reporting.since import CARD, CARD_PAGE, REPORT, SUMMARY, marked, since
from tidemill.reporting.summary import headline, in_short, question
from tidemill.reporting.tuning import how_it_was_tuned
from tidemill.reporting.wording import day
from tidemill.results import Decision, Report, Stated
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["card_page", "card_text", "decider_page", "rewrite_report", "training_page", "write_report"]

STATED = "decision.json"


def write_report(
    store: Store, use_case: UseCase, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Report:
    """Write the pages and the card of a version into the lake, in the language that the use case names.

    ``seconds`` is wall time a stage. Raises UserError when a part of the version is missing or damaged.
    """
    folder = posixpath.dirname(report_key(use_case.name, version.version))
    with speaking(use_case.report.language):
        material = gather(store, use_case, version, decision, seconds)
        pages = {
            CARD: card_text(material),
            CARD_PAGE: card_page(material),
            SUMMARY: decider_page(material),
            REPORT: training_page(material),
        }
        notices = since(store, use_case.name, version.version)
    for name, text in pages.items():
        store.write_bytes(f"{folder}/{name}", marked(text, notices).encode())
    stated = Stated(decision=decision, seconds=dict(seconds))
    store.write_json(f"{folder}/{STATED}", stated.model_dump(mode="json"))
    return Report(
        version=version.version,
        html=f"{folder}/{REPORT}",
        card=f"{folder}/{CARD}",
        summary=f"{folder}/{SUMMARY}",
        card_page=f"{folder}/{CARD_PAGE}",
    )


def rewrite_report(store: Store, version: ModelVersion, entry: LedgerEntry) -> Report | None:
    """Write the pages of a version anew, with the decision that ``entry`` of the ledger is; None where there are none.

    Raises UserError when a part of the version is missing or damaged; its pages are then as they were.
    """
    key = report_key(version.use_case, version.version)
    if not store.exists(key):
        return None
    use_case = UseCase.model_validate_json(version.lineage.usecase)
    asked, seconds = _stated(store, posixpath.dirname(key))
    refused = asked is not None and asked.action == "refuse"
    ruling = answered(entry, asked.said if asked else (), overruled=refused)
    decision = Decision(
        version=version.version,
        promoted=ruling.action == "promote",
        action=ruling.action,
        sentence=ruling.sentence,
        entry=f"{entry.number:08d}",
        said=ruling.said,
    )
    return write_report(store, use_case, version, decision, seconds)


def _stated(store: Store, folder: str) -> tuple[Decision | None, Mapping[str, float]]:
    """What the pages were written from; nothing for pages from before that was kept."""
    try:
        stated = Stated.model_validate(store.read_json(f"{folder}/{STATED}"))
    except (KeyError, ValueError):
        return None, {}
    return stated.decision, stated.seconds


def training_page(material: Material) -> str:
    """The report for engineers as HTML text: everything."""
    groups = how_groups_fare(material)
    return render(
        title=question(material),
        kicker=_kicker(material, say("Training report")),
        headline=headline(material),
        facts=facts(material),
        sections=[
            in_short(material),
            the_data(material),
            checks(material),
            how_it_was_tuned(material),
            how_good_it_is(material),
            where_it_is_good(material),
            *([groups] if groups else []),
            what_drives_it(material),
            what_was_decided(material),
            limits(material),
            lineage(material),
        ],
        footer=_footer(),
        links=[Link(say("one page for those who decide"), SUMMARY), Link(say("model card"), CARD_PAGE)],
    )


def decider_page(material: Material) -> str:
    """The page for those who decide as HTML text: it fits a sheet of paper."""
    return render(
        title=question(material),
        kicker=_kicker(material, say("For those who decide")),
        headline=decider_headline(material),
        facts=(),
        sections=decider_sections(material),
        footer=_footer(),
        links=[Link(say("report for engineers"), REPORT), Link(say("model card"), CARD_PAGE)],
        brief=True,
    )


def card_page(material: Material) -> str:
    """The model card as HTML text."""
    return render(
        title=question(material),
        kicker=card_kicker(material),
        headline=headline(material),
        facts=(),
        sections=card_sections(material),
        footer=_footer(),
        links=[Link(say("report for engineers"), REPORT), Link(say("one page for those who decide"), SUMMARY)],
        brief=True,
    )


def card_text(material: Material) -> str:
    """The model card as Markdown."""
    return markdown(
        title=question(material),
        kicker=card_kicker(material),
        headline=headline(material),
        sections=card_sections(material),
    )


def _kicker(material: Material, kind: str) -> str:
    version = material.version
    told = say("version {version}", version=version.version)
    return f"{kind} · {material.use_case.name} · {told} · {day(version.created)}"


def _footer() -> str:
    return say(
        "Written by Tidemill {version}. This page needs no network and holds no row of the data.", version=__version__
    )
