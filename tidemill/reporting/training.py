"""The training report: one page and one model card for every version, for engineers and for people who decide."""

from __future__ import annotations

from collections.abc import Mapping

from tidemill import __version__
from tidemill.registry import ModelVersion
from tidemill.reporting.card import model_card
from tidemill.reporting.data import checks, the_data
from tidemill.reporting.deciding import decision as what_was_decided
from tidemill.reporting.deciding import limits, lineage
from tidemill.reporting.drivers import what_drives_it
from tidemill.reporting.material import Material, gather, report_key
from tidemill.reporting.page import render
from tidemill.reporting.places import where_it_is_good
from tidemill.reporting.quality import how_good_it_is
from tidemill.reporting.summary import facts, headline, in_short
from tidemill.reporting.tuning import how_it_was_tuned
from tidemill.reporting.wording import day
from tidemill.results import Decision, Report
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["training_page", "write_report"]


def write_report(
    store: Store, use_case: UseCase, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Report:
    """Write ``report.html`` and ``card.md`` of a version into the lake.

    ``seconds`` is wall time a stage. Raises UserError when a part of the version is missing or damaged.
    """
    material = gather(store, use_case, version, decision, seconds)
    html = report_key(use_case.name, version.version)
    card = html.replace("report.html", "card.md")
    store.write_bytes(card, model_card(material).encode())
    store.write_bytes(html, training_page(material).encode())
    return Report(version=version.version, html=html, card=card)


def training_page(material: Material) -> str:
    """The report as HTML text."""
    use_case, version = material.use_case, material.version
    return render(
        title=use_case.title or use_case.name,
        kicker=f"Training report · {use_case.name} · version {version.version} · {day(version.created)}",
        headline=headline(material),
        facts=facts(material),
        sections=[
            in_short(material),
            the_data(material),
            checks(material),
            how_it_was_tuned(material),
            how_good_it_is(material),
            where_it_is_good(material),
            what_drives_it(material),
            what_was_decided(material),
            limits(material),
            lineage(material),
        ],
        footer=(
            f"Written by Tidemill {__version__}. This page needs no network and holds no row of the data; "
            "the model card beside it, `card.md`, says the same in a page of text."
        ),
    )
