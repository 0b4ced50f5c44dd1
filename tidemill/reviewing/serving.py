"""A sitting from its beginning to its end: rows chosen, page served, answers counted."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass

from tidemill.errors import UserError
from tidemill.registry import ModelVersion
from tidemill.reviewing.answers import AnswerLog, standing
from tidemill.reviewing.choosing import choose
from tidemill.reviewing.session import Session, Summary
from tidemill.reviewing.suspects import suspects
from tidemill.store import Store
from tidemill.usecase.schema import UseCase

__all__ = ["Opened", "opened", "serve"]


@dataclass(frozen=True)
class Opened:
    """A sitting that is ready to begin."""

    session: Session
    use_case: UseCase
    task: str


def opened(store: Store, use_case: UseCase, version: ModelVersion, *, rows: int, who: str) -> Opened:
    """Find the rows that are most worth a look. The first time for a version this ranks its labels: some seconds.

    Raises UserError when nothing is left to look at.
    """
    found = suspects(store, use_case, version).result
    log = AnswerLog(store, use_case.name)
    answered = standing(log.entries())
    items = choose(store, use_case, version, found, answered, most=rows)
    if not items:
        done = f"all {len(answered):,} have an answer" if answered else "no label is suspect and no prediction unsure"
        raise UserError(
            f"`{use_case.name}` has no row left to look at: {done}. "
            f"Run `tidemill train {use_case.name}`: a new version looks anew"
        )
    labelled = version.lineage.labelled
    classes = [one.label for one in labelled.classes]
    session = Session(log, items, who=who, version=version.version, classes=classes)
    return Opened(session, use_case, labelled.task)


def serve(sitting: Opened, *, port: int, verbose: bool, browser: bool, ready: Callable[[str], None]) -> Summary:
    """Serve the page at 127.0.0.1 until the person is done or the process is told to stop.

    ``ready`` gets the page's address. Raises UserError for a port that is taken.
    """
    from tidemill.reviewing.app import create_app
    from tidemill.serving.hosting import answer, listening

    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    token = secrets.token_urlsafe(24)
    end: list[Callable[[], None]] = []
    with listening("127.0.0.1", port, "the labelling page") as (listener, address):
        where = f"{address}/{token}/"
        app = create_app(
            sitting.session,
            sitting.use_case,
            task=sitting.task,
            token=token,
            address=address,
            finish=lambda: end[0](),
        )

        def begin() -> None:
            ready(where)
            if browser:
                threading.Thread(target=webbrowser.open, args=(where,), daemon=True).start()

        answer(app, listener, "the labelling page", verbose=verbose, ready=begin, finish=end.append)
    return sitting.session.summary()
