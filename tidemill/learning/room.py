"""What training rows take in memory, what the machine offers, and the way of reading them that follows.

Everything is an estimate from what was measured of XGBoost's histogram method, in bytes, and on the safe
side: ``benchmarks/scale`` holds it against measured peaks. Which way is taken changes memory and seconds.
It does not change the Model, as long as there is memory for the sample.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tidemill.errors import UserError
from tidemill.snapshot import Snapshot
from tidemill.store import Store
from tidemill.usecase.values import size_text

__all__ = ["MOST_ROWS", "Memory", "Way", "fits", "memory_of", "offered", "sample_rows"]

MOST_ROWS = 1_000_000
"""Training rows beyond these are streamed, and tuning and the recipe work on a sample of so many."""

FEWEST_ROWS = 10_000
SHARE_OF_ALL = 0.6
SHARE_OF_FREE = 0.9
SAMPLE_SHARE = 0.5
PROCESS = 450 * 2**20
VALUE = 8
TEXT = 48
TIMES = 5
CELL, CELL_WITH_GAPS = 2.2, 5.4
ROW, CLASS = 64, 24
CGROUPS = ("sys/fs/cgroup", "sys/fs/cgroup/memory")
LIMITS = (("memory.max", "memory.current", "inactive_file"), (
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
))  # fmt: skip
NO_LIMIT = 2**60

Way = Literal["whole", "streamed", "disk"]


class Memory(BaseModel):
    """How training rows are read, and the numbers behind it (bytes, but for rows and columns).

    ``whole``: all rows as one table. ``streamed``: part by part into XGBoost's quantised matrix, one or
    (with missing values) four bytes a value and as much again for its columns. ``disk``: that matrix in
    files. ``sample`` is how many of the rows the recipe and tuning work on; None for all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    way: Way
    rows: int
    columns: int
    sample: int | None
    offered: int
    asked: bool
    whole: int
    streamed: int
    disk: int
    files: int

    def __str__(self) -> str:
        table = f"{self.rows:,} rows x {self.columns:,} columns"
        limit = f"{size_text(self.offered)} {'that the use case allows' if self.asked else 'that the machine offers'}"
        if self.way == "whole":
            return f"{table} are read whole: {size_text(self.whole)} of the {limit}"
        held = f"; the recipe and tuning work on {self.sample:,} of the rows" if self.sample is not None else ""
        if self.way == "streamed":
            return (
                f"{table} are streamed part by part: {size_text(self.streamed)} of the {limit}, "
                f"where the whole table would take {size_text(self.whole)}{held}"
            )
        return (
            f"{table} are streamed to disk: {size_text(self.disk)} in memory of the {limit} and "
            f"{size_text(self.files)} in temporary files, where memory alone would take "
            f"{size_text(self.streamed)}{held}"
        )


def sample_rows(store: Store, snapshot: Snapshot, limit: int | None) -> int | None:
    """How many of the Snapshot's rows to hold in memory as a table; None for all of them.

    ``limit`` is the use case's own, in bytes. Raises UserError when there is no room for 10,000 rows.
    """
    if snapshot.rows <= FEWEST_ROWS:
        return None
    a_row = _row_bytes(store, snapshot)
    room = offered(limit) - PROCESS
    if snapshot.rows <= MOST_ROWS and fits(store, snapshot, limit):
        return None
    held = MOST_ROWS
    while held > FEWEST_ROWS and (held >= snapshot.rows or held * a_row > room * SAMPLE_SHARE):
        held //= 2
    if held < FEWEST_ROWS:
        least = size_text(int(FEWEST_ROWS * a_row / SAMPLE_SHARE) + PROCESS)
        where = "`tune.memory`" if limit is not None else "free memory"
        raise UserError(
            f"{where} is {size_text(offered(limit))}, and these rows need {least} at the least: "
            "give it more, or leave columns out (`columns.ignore`)"
        )
    return held


def fits(store: Store, snapshot: Snapshot, limit: int | None) -> bool:
    """Whether the Snapshot's rows can be read whole."""
    return snapshot.rows * _row_bytes(store, snapshot) <= offered(limit) - PROCESS


def memory_of(
    store: Store, snapshot: Snapshot, *, columns: int, gaps: bool, classes: int, sample: int | None, limit: int | None
) -> Memory:
    """The way to read the Snapshot's rows for the final fit.

    ``columns`` are the boosters', ``gaps`` says that values are missing, ``classes`` counts the trees that
    a round grows (1 unless there are several classes), ``sample`` is :func:`sample_rows`' answer.
    """
    rows = snapshot.rows
    a_row = _row_bytes(store, snapshot)
    cells = rows * columns * (CELL_WITH_GAPS if gaps else CELL)
    fitting = rows * (ROW + CLASS * (classes - 1))
    held = PROCESS + (sample or 0) * (columns * (4 + CELL) + VALUE)
    have = offered(limit)
    whole = PROCESS + rows * a_row
    streamed = int(held + cells + fitting)
    return Memory(
        way="whole" if sample is None else "streamed" if streamed <= have else "disk",
        rows=rows,
        columns=columns,
        sample=sample,
        offered=have,
        asked=limit is not None,
        whole=int(whole),
        streamed=streamed,
        disk=int(held + fitting),
        files=int(cells),
    )


def offered(limit: int | None = None, root: Path = Path("/")) -> int:
    """Bytes that training may take: the use case's own ``limit``, or what the machine and its container have.

    Of all memory (the container's limit, where there is one) 60 %, but no more than 90 % of what is free.
    """
    if limit is not None:
        return limit
    everything, free = _machine(root)
    for group in _groups(root):
        for limit_file, used_file, cache in LIMITS:
            most = _number(group / limit_file)
            if most is not None and most < NO_LIMIT:
                everything = min(everything, most)
                used = (_number(group / used_file) or 0) - _said(group / "memory.stat").get(cache, 0)
                free = min(free, most - used)
    return max(int(min(everything * SHARE_OF_ALL, free * SHARE_OF_FREE)), 0)


def _machine(root: Path) -> tuple[int, int]:
    """Bytes of memory in all, and free."""
    said = _said(root / "proc/meminfo")
    if "MemTotal:" in said:
        return said["MemTotal:"] * 1024, said.get("MemAvailable:", said["MemTotal:"]) * 1024
    everything = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return everything, everything


def _groups(root: Path) -> list[Path]:
    """The folders of this process's control groups, versions 1 and 2, and those above them."""
    found = [root / name for name in CGROUPS]
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            base = root / CGROUPS[1 if controllers else 0]
            inside = base / path.lstrip("/")
            found += [folder for folder in (inside, *inside.parents) if base in folder.parents]
    return found


def _said(path: Path) -> dict[str, int]:
    """A file of names and numbers, such as /proc/meminfo; empty where there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines]
    return {name[0]: int(name[1]) for name in words if len(name) > 1 and name[1].isdigit()}


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _row_bytes(store: Store, snapshot: Snapshot) -> float:
    """The peak of reading rows whole, a row: Arrow's table beside pandas', or pandas' beside the matrix."""
    manifest = snapshot.manifest(store)
    kinds = [column.type for column in manifest.columns]
    if len(manifest.parts) > 1:
        part = next(snapshot.tables(store, wanted=lambda place: place == 0))
        table = float(part.nbytes / part.num_rows)
    else:
        table = float(sum(TEXT if "string" in kind or "dictionary" in kind else VALUE for kind in kinds))
    columns = sum(TIMES if kind.startswith("timestamp") else 1 for kind in kinds)
    return max(2.0 * table, table + 2 * 4 * columns) + ROW
