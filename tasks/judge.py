"""Judge: the rows that are to be scored, by the suite that judged the training rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from tasks.collect import erased_inputs
from tasks.stage import stage
from tidemill.collecting import batches, land, source_state
from tidemill.erasing.tombstones import ErasedLog, Sieve
from tidemill.learning.model import Model
from tidemill.registry import ModelVersion
from tidemill.results import InputValidation
from tidemill.sampling import even_sample
from tidemill.stages import Outcome, once, stage_key
from tidemill.store import Json, Store, list_objects, shown
from tidemill.usecase import UseCase
from tidemill.validation import input_verdict

if TYPE_CHECKING:
    from expectations import Reads

__all__ = ["judge"]

MOST_ROWS = 200_000


@stage("judge", timeout=4 * 3600)
def judge(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    source: str | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Outcome[InputValidation]:
    """Judge the rows at ``source`` (None: of the primary source) before any is answered.

    All of them are judged, or 200,000 evenly taken.
    """
    from expectations import Reads, load_suite, suite_fingerprint

    asked = load_suite(use_case).applying("scoring", MOST_ROWS)
    landed = land(store, use_case if source is None else use_case.reading(source), since=since, until=until)
    inputs: dict[str, Json] = {
        "model": version.lineage.model.model_dump(mode="json"),
        "source": source and [[shown(found.url), found.size, found.version] for found in list_objects(source)],
        "sides": source_state(use_case, landed, primary=False),
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "suite": suite_fingerprint(use_case),
        "use_case": use_case.fingerprint(
            "validate", "columns", "target", "id", "group", "query", "time", "derive", "clean", "sources", "seed"
        ),
        "masked": dict(version.lineage.validation.masked),
        **erased_inputs(store, use_case),
    }
    place = stage_key("judge", 1, inputs)[:16]
    read = shown(use_case.sources[use_case.primary].place if source is None else source)

    def look() -> InputValidation:
        if not asked:
            return InputValidation(subject=read, rows=0, judged=0, passed=True, reasons=(), results=())
        columns = Model.load(store, version.model).columns
        kinds = {column.name: column.kind for column in columns}
        reads = Reads(kinds, frozenset(column.name for column in columns if column.required))
        size = use_case.score.batch_rows
        sieve = Sieve(ErasedLog(store, use_case.name).standing())
        frames = batches(use_case, source, size, since=since, until=until, types=kinds, landed=landed, sieve=sieve)
        return _judge(use_case, store, version, even_sample(frames, MOST_ROWS, seed=use_case.seed), reads, place, read)

    return once(
        store,
        use_case.name,
        "judge",
        InputValidation,
        look,
        version=1,
        inputs=inputs,
        summary=_summary,
    )


def _judge(
    use_case: UseCase,
    store: Store,
    version: ModelVersion,
    sample: tuple[pd.DataFrame, int],
    reads: Reads,
    place: str,
    read: str,
) -> InputValidation:
    from expectations import Subject, judge_input

    frame, rows = sample
    subject = Subject(place, read, rows, len(frame), {"input": read, "rows": rows})
    masked = version.lineage.validation.masked
    results, documents = judge_input(store, use_case, frame, subject, masked=masked, reads=reads)
    return input_verdict(read, rows, len(frame), results, documents)


def _summary(judged: InputValidation) -> str:
    failed = sum(not result.passed for result in judged.results)
    of = f"{judged.judged:,} of {judged.rows:,} rows" if judged.judged < judged.rows else f"{judged.rows:,} rows"
    return f"{of}, {len(judged.results)} expectations, {failed} failed"
