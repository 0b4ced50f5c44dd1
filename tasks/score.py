"""Score: the champion answers a table, in parts."""

from __future__ import annotations

from datetime import datetime

from tasks.stage import stage, told
from tidemill.registry import ModelVersion
from tidemill.scoring import Scored
from tidemill.scoring import score as answer
from tidemill.stages import Outcome, once, stage_key
from tidemill.store import Store, list_objects
from tidemill.usecase import UseCase

__all__ = ["score"]


@stage("score", timeout=24 * 3600)
def score(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    source: str,
    output: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Outcome[Scored]:
    """Answer every row at ``source``. Without ``output`` the answers go to the lake, once for the same rows."""
    if output is not None:
        return told(
            "score",
            lambda: (answer(store, use_case, version, source, output, since=since, until=until), False),
            _summary,
        )
    inputs = {
        "version": version.version,
        "source": [[found.url, found.size, found.version] for found in list_objects(source)],
        "since": since,
        "until": until,
    }
    kept = store.url_of(f"{use_case.name}/predictions/{version.version}-{stage_key('score', 1, inputs)[:12]}.parquet")
    return once(
        store,
        use_case.name,
        "score",
        Scored,
        lambda: answer(store, use_case, version, source, kept, since=since, until=until),
        version=1,
        inputs=inputs,
        summary=_summary,
    )


def _summary(scored: Scored) -> str:
    return f"{scored.rows:,} rows answered by {scored.version}"
