"""``tidemill tune``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tidemill.cli.call import Call, command
from tidemill.cli.options import moment, seconds

if TYPE_CHECKING:
    from tidemill.results import Contribution

__all__ = ["tune"]


@command("tune")
@click.argument("name")
@click.option("--budget", type=seconds, metavar="SECONDS", help="Seconds to spend here.")
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Try this many settings here at most.")
@click.option("--since", type=moment, metavar="MOMENT", help="As given to `tidemill train`.")
@click.option("--until", type=moment, metavar="MOMENT", help="As given to `tidemill train`.")
@click.option("--as-of", type=moment, metavar="MOMENT", help="As given to `tidemill train`.")
def tune(
    call: Call,
    name: str,
    budget: float | None,
    trials: int | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
) -> None:
    """Help to tune NAME: try settings for the study that a training shares under `tune.storage`."""
    from tidemill.usecase import load_usecase

    load_usecase(name)
    call.store()
    done: Contribution = call.flow(
        "tuning",
        f"tune {name}",
        use_case=name,
        budget=budget,
        trials=trials,
        since=since,
        until=until,
        as_of=as_of,
    )
    call.answer(
        {"use_case": name, "study": done.study, "tried": done.tried, "trials": done.trials},
        f"{click.style(name, bold=True)}: {done.tried} trials tried here, {done.trials} in the study {done.study}",
    )
