"""A table that keeps growing, collects of it that are killed at random moments, and the count of what came of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Database
from tidemill.collecting import collect
from tidemill.store import Store
from tidemill.usecase import UseCase, read_usecase

__all__ = ["Outcome", "killed_again_and_again"]

_USE_CASE = """\
name: orders
sources:
  orders:
    sql: {url: "${CRASH_DATABASE}", table: orders, chunk_rows: 5000}
    incremental: {column: updated_at, overlap: 30s}
time: updated_at
id: number
target: paid
"""
_FIRST = """
INSERT INTO orders (updated_at, amount, note, paid)
SELECT clock_timestamp() - interval '1 day' * random(), random() * 100, md5(random()::text), random() < 0.5
FROM generate_series(1, %s)
"""
_MORE = """
INSERT INTO orders (updated_at, amount, note, paid)
SELECT clock_timestamp() - interval '1 s' * random(), random() * 100, md5(random()::text), random() < 0.5
FROM generate_series(1, %s)
"""


@dataclass(frozen=True)
class Outcome:
    """``kills`` hit a collect at work, ``after_the_record`` of them one whose rows were landed by then; in
    ``too_late`` more it had ended. ``changed`` rows are not what the table holds."""

    kills: int
    too_late: int
    after_the_record: int
    rows: int
    lost: int
    doubled: int
    changed: int
    seconds: float


def killed_again_and_again(folder: Path, database: Database, kills: int, seed: int, first: int) -> Outcome:
    """Collect from a table of ``first`` rows that grows all the while, with ``kills`` runs killed and one not."""
    started, choice = time.monotonic(), random.Random(seed)
    database.run(
        "CREATE TABLE orders (number bigserial PRIMARY KEY, updated_at timestamptz NOT NULL, amount float8, note text, "
        "paid boolean)",
        "CREATE INDEX ON orders (updated_at)",
        _FIRST % first,
    )
    file, lake = folder / "usecase.yaml", Store(str(folder / "lake"))
    file.write_text(_USE_CASE)
    os.environ["CRASH_DATABASE"] = database.url
    alive = late = recorded = 0
    length = 1.0
    with _growing(database, seed):
        while alive < kills:
            before = len(lake.list("orders/landed"))
            killed = _kill(_started(file, lake), choice.uniform(0, length))
            moved = len(lake.list("orders/landed")) > before
            alive, late, recorded = alive + killed, late + (not killed), recorded + (killed and moved)
            length *= 0.8 if moved else 1.1  # so that about as many runs get to their record as do not
    use_case = read_usecase(file)
    collected = collect(lake, use_case).snapshot.read(lake)
    return _counted(database, use_case, collected.to_dict("records"), (alive, late, recorded), started)


def _counted(
    database: Database, use_case: UseCase, rows: list[dict[str, object]], seen: tuple[int, int, int], started: float
) -> Outcome:
    there = {row[0]: row[1:] for row in database.rows("SELECT number, updated_at, amount, note, paid FROM orders")}
    landed = Counter(row["number"] for row in rows)
    wrong = sum(
        (row["updated_at"], row["amount"], row["note"], row["paid"]) != there.get(row["number"]) for row in rows
    )
    return Outcome(
        kills=seen[0],
        too_late=seen[1],
        after_the_record=seen[2],
        rows=len(there),
        lost=len(there.keys() - landed.keys()),
        doubled=sum(landed.values()) - len(landed),
        changed=wrong,
        seconds=time.monotonic() - started,
    )


def _started(file: Path, lake: Store) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.crash.once", str(file), lake.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.strip() != "ready":
        raise RuntimeError(f"the collect did not start: {line}")
    return process


def _kill(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill the process after a while; False when it had ended by then. Raises RuntimeError when it had failed."""
    assert process.stdout is not None
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    finally:
        process.stdout.close()
    if status:
        raise RuntimeError(f"a collect ended with status {status}")
    return False


@contextmanager
def _growing(database: Database, seed: int) -> Iterator[None]:
    """Rows keep coming, from two writers whose transactions end in another order than they began."""
    stop = threading.Event()
    writers = [threading.Thread(target=_write, args=(database, stop, random.Random(seed + n))) for n in (1, 2)]
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def _write(database: Database, stop: threading.Event, choice: random.Random) -> None:
    while not stop.is_set():
        with database.engine.begin() as connection:
            connection.exec_driver_sql(_MORE % choice.randint(1, 400))
            stop.wait(choice.uniform(0, 0.5))
