"""One incremental collect in a process of its own, which says when it starts: whoever kills it has to time it."""

from __future__ import annotations

import sys
from pathlib import Path

from tidemill.collecting import collect
from tidemill.store import Store
from tidemill.usecase import read_usecase


def main() -> None:
    """``python -m benchmarks.crash.once USECASE.yaml LAKE`` prints ``ready``, collects, and prints the rows."""
    use_case, store = read_usecase(Path(sys.argv[1])), Store(sys.argv[2])
    import tidemill.connectors.sql  # what the first connection would import is no part of a collect

    assert tidemill.connectors.sql
    print("ready", flush=True)
    print(collect(store, use_case).snapshot.rows, flush=True)


if __name__ == "__main__":
    main()
