"""Report: pages and a card for every version, and what the Prefect UI shows of a run."""

from __future__ import annotations

from collections.abc import Mapping

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.runtime import task_run

from tasks.stage import artifact_key, stage
from tidemill.registry import ModelVersion, Registry
from tidemill.results import Decision, Report
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["report", "show_data_docs"]


@stage("report", timeout=1800)
def report(
    use_case: UseCase, store: Store, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Outcome[Report]:
    """Write the version's pages and model card, and show the run in the Prefect UI."""
    outcome = once(
        store,
        use_case.name,
        "report",
        Report,
        lambda: _write(use_case, store, version, decision, seconds),
        version=3,
        inputs={
            "version": version.version,
            "evaluation": version.lineage.evaluation.key,
            "entry": decision.entry,
            "action": decision.action,
            "use_case": use_case.fingerprint("title", "owner", "report"),
        },
        summary=lambda made: store.url_of(made.html),
    )
    if task_run.id:
        publish(use_case, store, version, decision, outcome.result)
    return outcome


def _write(
    use_case: UseCase, store: Store, version: ModelVersion, decision: Decision, seconds: Mapping[str, float]
) -> Report:
    from tidemill.reporting import say_on_pages, write_report

    made = write_report(store, use_case, version, decision, seconds)
    registry = Registry(store, use_case.name)
    if (entry := registry.settled(version.version)) is not None:
        say_on_pages(store, use_case.name, entry, registry)
    return made


def publish(use_case: UseCase, store: Store, version: ModelVersion, decision: Decision, made: Report) -> None:
    """Show the run's outcome as artifacts: a summary, the metrics, and a link to the report."""
    name = use_case.name
    create_markdown_artifact(
        _summary(use_case, version, decision), key=artifact_key(name, "training"), description=decision.sentence
    )
    create_table_artifact(
        _metrics(version), key=artifact_key(name, "metrics"), description=f"{version.version} on the gate rows"
    )
    create_link_artifact(
        store.url_of(made.html), "the report", key=artifact_key(name, "report"), description="For engineers."
    )
    create_link_artifact(
        store.url_of(made.summary),
        "one page for those who decide",
        key=artifact_key(name, "summary"),
        description="In plain words.",
    )


def show_data_docs(use_case: UseCase, store: Store, data_docs: str | None, what: str = "data-docs") -> str | None:
    """Link the Data Docs in the Prefect UI, whatever becomes of the run; gives their URL."""
    if data_docs is None:
        return None
    url = store.url_of(data_docs)
    create_link_artifact(
        url, "the Data Docs", key=artifact_key(use_case.name, what), description="What the data had to be, and was."
    )
    return url


def _summary(use_case: UseCase, version: ModelVersion, decision: Decision) -> str:
    balance = version.balance
    evaluation = version.lineage.evaluation
    rows = "\n".join(
        f"| {what} | {count:,} |"
        for what, count in (
            ("collected", balance.collected),
            ("deduplicated", balance.deduplicated),
            ("quarantined", balance.quarantined),
            ("waiting for a label", balance.waiting),
            ("used", balance.used),
            *((("of erased people", balance.erased),) if balance.erased else ()),
        )
    )
    raced = "\n".join(f"| {one.name} | {one.value:.4f} | {one.difference.value:+.4f} |" for one in evaluation.baselines)
    metric = evaluation.metric
    return (
        f"## {use_case.title or use_case.name}\n\n**{decision.sentence}**\n\n"
        f"Version `{version.version}`: {metric.name} **{metric.value:.4f}** "
        f"({metric.low:.4f} to {metric.high:.4f}) on {evaluation.rows:,} gate rows.\n\n"
        f"| baseline | {metric.name} | the model is better by |\n| --- | ---: | ---: |\n{raced}\n\n"
        f"| rows | |\n| --- | ---: |\n{rows}\n"
    )


def _metrics(version: ModelVersion) -> list[dict[str, str | float]]:
    return [
        {"metric": one.name, "value": round(one.value, 4), "low": round(one.low, 4), "high": round(one.high, 4)}
        for one in version.lineage.evaluation.metrics
    ]
