"""Tables with their first use case and suite, as `tidemill init` writes them, and the rows that training would judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from expectations import Judgement, infer_suite, judge, load_suite
from expectations.running import run
from expectations.suites import Severity
from tidemill.cleaning import clean
from tidemill.collecting import collect
from tidemill.labelling import label
from tidemill.results import ExpectationResult
from tidemill.scaffold import found_usecase
from tidemill.snapshot import Snapshot, write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase

__all__ = ["Drafted", "draft", "orders"]

Roles = dict[str, str | list[str] | None]


@dataclass(frozen=True)
class Drafted:
    """A use case with its suite, and its labelled rows."""

    store: Store
    use_case: UseCase
    text: str
    snapshot: Snapshot

    def judged(self, change: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> Judgement:
        """What the suite says of the rows, after ``change``."""
        snapshot = self.snapshot
        if change is not None:
            snapshot = write_snapshot(self.store, snapshot.use_case, "labelled", change(snapshot.read(self.store)))
        return judge(self.store, self.use_case, snapshot, purpose="training", publish=False)

    def failed(self, change: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> list[ExpectationResult]:
        """The expectations that do not hold for the rows after ``change``."""
        return [one for one in self.judged(change).results if not one.passed]

    def failed_about(self, columns: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> set[Severity]:
        """The severities of what does not hold for ``columns`` after ``change``, of what is asked of them alone."""
        asked = [one for one in load_suite(self.use_case).entries if ", ".join(one.columns()) == columns]
        found = run(asked, change(self.snapshot.read(self.store)))
        return {one.entry.severity for one in found if not one.passed}


def draft(store: Store, project: Path, frame: pd.DataFrame, target: str, **roles: str | list[str] | None) -> Drafted:
    """Write the use case `drafted` and its suite for ``frame`` into ``project``, and make its labelled rows."""
    folder = project / "usecases" / "drafted"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "rows.parquet")
    text = found_usecase("drafted", "rows.parquet", frame, target=target, **roles)[0]  # type: ignore[arg-type]
    (folder / "usecase.yaml").write_text(text)
    use_case = load_usecase("drafted", project)
    suite = infer_suite(use_case, frame)
    (project / "expectations").mkdir(exist_ok=True)
    (project / "expectations" / "drafted.yaml").write_text(suite)
    labelled = label(store, use_case, clean(store, use_case, collect(store, use_case)))
    return Drafted(store, use_case, suite, labelled.snapshot)


def orders(rows: int = 3_000, seed: int = 3) -> pd.DataFrame:
    """A shop's orders over a year: every kind of column that a real table has."""
    random = np.random.default_rng(seed)
    ordered = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(random.uniform(0, 365, rows)), unit="D")
    shops = np.array([f"{a}{b}{c}" for a in "ABCDE" for b in "XYZ" for c in "QRST"])
    frame = pd.DataFrame(
        {
            "order": [f"A-{number:06}" for number in range(rows)],
            "ordered_at": ordered.as_unit("us").floor("s"),
            "weight_kg": np.round(random.gamma(3, 2, rows), 3),
            "price": np.round(random.lognormal(3, 1, rows), 2),
            "items": random.integers(1, 40, rows),
            "discount": np.where(random.uniform(size=rows) < 0.06, random.uniform(5, 20, rows).round(2), 0.0),
            "temperature": np.round(random.normal(11, 8, rows), 1),
            "rating": random.choice([1, 2, 3, 4, 5], rows, p=[0.1, 0.1, 0.2, 0.3, 0.3]),
            "channel": random.choice(["web", "shop", "phone"], rows, p=[0.6, 0.3, 0.1]),
            "country": random.choice(["NL", "DE"], rows, p=[0.94, 0.06]),
            "shop": random.choice(shops, rows, p=np.arange(1, 61) / 1830),
            "member": random.uniform(size=rows) < 0.4,
            "note": [f"left at door {one}, {'please ' * (one % 9)}thank you" for one in random.integers(0, 900, rows)],
        }
    )
    frame["gross"] = frame["price"] * random.uniform(1.0, 1.6, rows)
    days, hours = random.integers(1, 90, rows), random.integers(8, 19, rows)
    frame["promised_at"] = frame["ordered_at"].dt.floor("D") + pd.to_timedelta(24 * days + hours, unit="h")
    frame["late"] = random.uniform(size=rows) < 0.3
    frame.loc[random.uniform(size=rows) < 0.08, "temperature"] = np.nan
    frame.loc[random.uniform(size=rows) < 0.03, "channel"] = None
    return frame
