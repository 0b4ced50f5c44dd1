"""``tidemill study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidemill.cli.call import Call, absolute, command
from tidemill.cli.text import facts, table
from tidemill.errors import UserError

if TYPE_CHECKING:
    from tidemill.learning.trials import Trial
    from tidemill.results import Study

__all__ = ["study"]

_SHOWN = 10


@command("study")
@click.argument("name")
@click.option("--version", default="latest", show_default=True, metavar="V", help="A version, `champion` or `latest`.")
@click.option("--export", "export", metavar="FILE", help="Write the study as a journal that optuna-dashboard opens.")
def study(call: Call, name: str, version: str, export: str | None) -> None:
    """Show what tuning tried for a version of NAME, the best first."""
    from tidemill.learning.exporting import journal
    from tidemill.learning.trials import TrialLog

    store, registry = call.registry(name)
    found = registry.version(version)
    made = found.lineage.study
    trials = TrialLog(store, made.prefix).read()
    if not trials:
        raise UserError(
            f"the study {made.id} is not in this lake ({store.url_of(made.prefix)}): restore it from a backup"
        )
    file = None if export is None else absolute(export)
    if file is not None:
        _write(file, journal(made, trials))
    call.answer(_data(name, found.version, made, trials, file), _text(name, found.version, made, trials, file))


def _write(file: str, data: bytes) -> None:
    from tidemill.store import create_url, disk_failures

    if "://" in file:
        with create_url(file) as stream:
            stream.write(data)
        return
    path = Path(file)
    if path.is_dir() or not path.parent.is_dir():
        raise UserError(f"--export: {path} can't be a file: name one in a folder that is there")
    with disk_failures(path):
        path.write_bytes(data)


def _data(name: str, version: str, made: Study, trials: list[Trial], file: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {"use_case": name, "version": version, "study": made.id, "metric": made.metric}
    said |= {"best": made.best_trial, "members": made.members, "export": file}
    keys = ("number", "state", "value", "rounds", "rows", "seconds", "memory", "rise", "reason", "parameters")
    return {**said, "trials": [trial.model_dump(mode="json", include=set(keys)) for trial in trials]}


def _text(name: str, version: str, made: Study, trials: list[Trial], file: str | None) -> str:
    from tidemill.learning.scores import higher_is_better
    from tidemill.reporting.wording import bytes_text, number, plural, seconds_text

    sign = -1.0 if higher_is_better(made.metric) else 1.0
    finished = sorted((one for one in trials if one.state == "finished"), key=lambda one: sign * one.value)
    rows = [
        (
            str(one.number),
            number(one.value),
            str(one.rounds),
            seconds_text(one.seconds),
            "" if one.memory is None else bytes_text(one.memory),
            str(made.members.count(one.number) or ""),
        )
        for one in finished[:_SHOWN]
    ]
    spent = seconds_text(sum(one.seconds for one in trials))
    said = [
        ("study", made.id),
        ("trials", f"{plural(len(trials), 'trial')} in {spent}, {len(trials) - len(finished)} given up early"),
    ]
    if file is not None:
        said.append(("journal", f"{file}: open it with `optuna-dashboard {file}`"))
    return "\n".join(
        [
            click.style(f"{name} {version}", bold=True),
            facts(said),
            "",
            table(("trial", made.metric, "trees", "time", "memory", "weight"), rows),
        ]
    )
