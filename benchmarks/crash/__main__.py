"""Kill an incremental collect from PostgreSQL at random moments, start it anew each time, and count the rows.

    python -m benchmarks.crash [--kills 30] [--seed 7] [--rows 200000]

Two writers insert all the while, in transactions that end in another order than they began. Exit status 1 when a row
was lost, is there twice, or is not what the table holds.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.crash.killing import killed_again_and_again
from tests.servers import new_database, postgres


def main() -> int:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=200_000, help="rows in the table at the start")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-crash-") as folder:
        Path(folder).chmod(0o755)
        with postgres(Path(folder) / "server") as server, new_database(server) as database:
            outcome = killed_again_and_again(Path(folder), database, asked.kills, asked.seed, asked.rows)
    for name, value in asdict(outcome).items():
        print(f"{name}: {value:,.0f}")
    return int(bool(outcome.lost or outcome.doubled or outcome.changed))


if __name__ == "__main__":
    raise SystemExit(main())
