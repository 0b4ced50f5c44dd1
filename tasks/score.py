"""Score: the champion answers a table, in parts."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from tasks.collect import erased_inputs
from tasks.stage import stage, told
from tasks.who import this_run
from tidemill.collecting import land, source_state
from tidemill.registry import ModelVersion
from tidemill.scoring import Scored
from tidemill.scoring import score as answer
from tidemill.stages import Outcome, once, stage_key
from tidemill.store import Store, list_objects, shown
from tidemill.usecase import UseCase

__all__ = ["score"]


@stage("score", timeout=24 * 3600)
def score(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    source: str | None,
    output: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    explain: int | None = None,
) -> Outcome[Scored]:
    """Answer every row at ``source`` (None: of the primary source, which is no file).

    ``explain`` is how many reasons each row is to have. Without ``output`` the answers go to the lake, once for the
    same rows.
    """
    fetched = use_case if source is None else use_case.reading(source)
    landed = land(store, fetched, since=since, until=until, labels=False)
    ask = partial(
        answer,
        store,
        use_case,
        version,
        source,
        since=since,
        until=until,
        landed=landed,
        who=this_run(),
        explain=explain,
    )
    if output is not None:
        return told("score", lambda: (ask(output), False), _summary)
    inputs = {
        "version": version.version,
        "source": source and [[shown(found.url), found.size, found.version] for found in list_objects(source)],
        "sides": source_state(use_case, landed, primary=False),
        **erased_inputs(store, use_case),
        "since": since,
        "until": until,
        **({"explain": explain} if explain else {}),
    }
    kept = store.url_of(f"{use_case.name}/predictions/{version.version}-{stage_key('score', 2, inputs)[:12]}.parquet")
    return once(
        store,
        use_case.name,
        "score",
        Scored,
        lambda: ask(kept),
        version=2,
        inputs=inputs,
        summary=_summary,
    )


def _summary(scored: Scored) -> str:
    return f"{scored.rows:,} rows answered by {scored.version}"
