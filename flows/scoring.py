"""Scoring: a table in, the champion's answers out."""

from __future__ import annotations

from datetime import datetime

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows.alarming import raise_alarm
from flows.opening import in_utc, open_use_case, run_name
from tasks.judge import judge
from tasks.report import show_data_docs
from tasks.score import score
from tasks.stage import artifact_key
from tidemill.collecting import is_fetched, resolved
from tidemill.monitoring.alarms import damaged_alarm
from tidemill.scoring import Scored, chosen_version
from tidemill.usecase import UseCase
from tidemill.validation import refused, warned

__all__ = ["scoring"]


@flow(name="scoring", flow_run_name=run_name, persist_result=False)
def scoring(
    use_case: str,
    input: str | None = None,
    output: str | None = None,
    version: str = "champion",
    since: datetime | None = None,
    until: datetime | None = None,
    lake: str | None = None,
    explain: int | None = None,
) -> Scored:
    """Judge a table by the suite, and answer every row of it, in parts, with flat memory.

    Args:
        use_case: the use case's name: a folder of `usecases/`.
        input: a file, a folder or a URL; left out, `score.input` of the use case, else the rows of its primary
            source that are newer than those that the version was judged on.
        output: the Parquet file to write; left out, a file below `predictions/` in the lake.
        version: a version, `champion` or `latest`.
        since: only rows at or after this moment.
        until: only rows before this moment.
        lake: where everything is stored; left out, `TIDEMILL_LAKE` or `./lake`.
        explain: how many columns to name that moved a row's answer most, each with how much; left out, none.
    """
    case, store = open_use_case(use_case, lake)
    since, until = in_utc(since), in_utc(until)
    chosen, alarm = chosen_version(store, case.name, version)
    source = _source(case, input)
    if not input and not case.score.input:
        since = since or chosen.lineage.split.end
    judged = judge(case, store, chosen, source, since, until).result
    docs = show_data_docs(case, store, judged.data_docs, "scoring-data-docs")
    if not judged.passed:
        raise refused(f"{judged.subject} was refused before scoring", judged.reasons, docs)
    scored = score(case, store, chosen, source, output, since, until, explain).result
    alarms = () if alarm is None else (alarm,)
    scored = scored.model_copy(update={"warnings": (*alarms, *warned(judged), *scored.warnings), "data_docs": docs})
    if alarm is not None:
        raise_alarm(case, damaged_alarm(alarm), chosen.version, until)
    found = "".join(f"\n- {one}" for one in scored.warnings)
    create_markdown_artifact(
        f"{scored.rows:,} rows of `{scored.input}` answered by `{scored.version}`:\n\n`{scored.output}`\n{found}",
        key=artifact_key(case.name, "scoring"),
        description=f"{scored.rows:,} rows answered by {scored.version}",
    )
    return scored


def _source(case: UseCase, input: str | None) -> str | None:
    """Where the rows are; None when the primary source is no file, and has to be fetched."""
    primary = case.sources[case.primary]
    if input or case.score.input:
        return input or resolved(case, case.score.input or "")
    return None if is_fetched(primary) else resolved(case, primary.place)
