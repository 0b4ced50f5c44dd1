"""A cursor of a statement that failed, given up while its connection waits for SQLite's lock, stops nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sqlite3, sys, threading, time
from deployments.garbage import collect_beside

collect_beside()

def connect():
    made = sqlite3.connect(sys.argv[1], check_same_thread=False, isolation_level=None)
    made.execute("PRAGMA journal_mode=WAL")
    made.execute("PRAGMA busy_timeout=20000")
    return made

def fail(connection):
    # as a driver leaves it: the cursor and the error hold each other
    cursor = connection.cursor()
    try:
        cursor.execute("INSERT INTO t VALUES (2)")
    except sqlite3.OperationalError as error:
        kept = [cursor, error]
        kept.append(kept)

writing, waiting = connect(), connect()
writing.execute("CREATE TABLE t(x)")
waiting.execute("BEGIN DEFERRED")
waiting.execute("SELECT * FROM t").fetchall()
writing.execute("INSERT INTO t VALUES (1)")
fail(waiting)
waiting.rollback()
writing.execute("BEGIN IMMEDIATE")
thread = threading.Thread(target=lambda: waiting.execute("INSERT INTO t VALUES (4)"))
thread.start()
time.sleep(0.3)
worst, end = 0.0, time.monotonic() + 2.5
while time.monotonic() < end:
    before = time.monotonic()
    garbage = [[] for _ in range(2000)]
    for one in garbage:
        one.append(one)
    worst = max(worst, time.monotonic() - before)
writing.execute("COMMIT")
thread.join()
print(worst)
"""


def test_a_dead_cursor_of_a_connection_that_waits_does_not_stop_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "busy.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert float(done.stdout) < 10, "the main thread waited for SQLite's lock"
