"""Great Expectations' own Data Docs of one run, as a page that opens without a network.

Its renderers make the words and tables. Its page takes style and scripts from six servers, so the
frame around them (``site.html``, ``site.css``) is ours: no script, nothing remote.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Site", "render_site"]

_SUITE_LINK = re.compile(r'href="[^"#]*/expectations/[^"]*\.html"')
_LOGGER = "great_expectations.render.renderer"


@dataclass(frozen=True)
class Site:
    """The page, or the ``trouble`` in one line where Great Expectations could not make it. ``seconds`` is wall time."""

    html: str
    trouble: str
    seconds: float


def render_site(heading: str, about: str, asset: str, results: Sequence[Mapping[str, Any]]) -> Site:
    """Great Expectations' page of ``results``, its own as plain JSON. Never raises: a run goes on without a page."""
    started = time.perf_counter()
    html, trouble = "", ""
    try:
        with _quiet():
            html = _rendered(heading, about, asset, results)
    except Exception as error:  # its renderers fail on results that its checks gave (its issues #10757 and others)
        trouble = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return Site(html, trouble, time.perf_counter() - started)


def _rendered(heading: str, about: str, asset: str, results: Sequence[Mapping[str, Any]]) -> str:
    import great_expectations
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, DictLoader
    from markupsafe import Markup

    held = sum(bool(one["success"]) for one in results)
    outcome = ExpectationSuiteValidationResult(
        success=held == len(results),
        results=[_result(one) for one in results],
        suite_name=heading,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": held,
            "unsuccessful_expectations": len(results) - held,
            "success_percent": 100 * held / max(len(results), 1),
        },
        meta={
            "great_expectations_version": great_expectations.__version__,
            "batch_kwargs": {"data_asset_name": asset},
        },
    )
    here = Path(__file__).parent
    view: Any = DefaultJinjaPageView()
    own = {"page.j2": (here / "site.html").read_text(encoding="utf-8"), "graph.j2": ""}
    view.env.loader = ChoiceLoader([DictLoader(own), view.env.loader])
    renderer: Any = ValidationResultsPageRenderer(run_info_at_end=True)
    document = renderer.render(outcome)
    css = Markup((here / "site.css").read_text(encoding="utf-8"))
    page: str = view.render(document, heading=heading, about=about, css=css)
    return _SUITE_LINK.sub('href="index.html"', page)


def _result(raw: Mapping[str, Any]) -> Any:
    """Great Expectations' object for its own plain result, without NumPy's numbers, which its renderers trip over."""
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    said = raw["expectation_config"]
    kwargs = {name: value for name, value in said["kwargs"].items() if name != "batch_id"}
    notes = (said.get("meta") or {}).get("notes")
    return ExpectationValidationResult(
        success=bool(raw["success"]),
        expectation_config=ExpectationConfiguration(
            type=said["type"], kwargs=kwargs, severity=said.get("severity"), meta={"notes": notes} if notes else {}
        ),
        result=dict(raw.get("result") or {}),
        exception_info=_exception(raw.get("exception_info") or {}),
    )


def _exception(said: Mapping[str, Any]) -> dict[str, Any]:
    raised = bool(said.get("raised_exception"))
    return {
        "raised_exception": raised,
        "exception_message": said.get("exception_message") if raised else None,
        "exception_traceback": "" if raised else None,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the tracebacks that Great Expectations logs for each result that it can't render."""
    logger = logging.getLogger(_LOGGER)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
