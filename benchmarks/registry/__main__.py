"""Promotions at the same moment, and taking one back.

    python -m benchmarks.registry [--processes 8] [--rounds 50] [--versions 50] [--entries 200] [--only PLACE]
                                  [--part promotions|rollback] [--output results.json]

On a local disk, on S3 without conditional writes (`rclone serve s3`) and on S3 with them (moto's server), so many
processes promote another version each, all against the same champion and at the same moment, round after round. In
each round exactly one must win and all others be told; at the end every process reads the ledger anew, and all must
see one order, with every entry that anybody was given.

Then a use case with so many versions and ledger entries, whose champion's files are damaged, is rolled back from
the command line, twice: seconds of the whole command by the clock and of this machine's processor, and of the
registry's part of it by the clock. What is measured of a PLACE (`disk`, `rclone`, `moto`) is put among the results.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.registry.racing import PROJECT, race, writers
from tests.lineage import register
from tests.servers import moto, rclone
from tidemill.registry import Registry
from tidemill.store import Store

HERE = Path(__file__).parent


class _Plain(Store):
    """A disk that is written as a store without conditional writes is."""

    conditional = False


@contextmanager
def places(folder: Path) -> Iterator[dict[str, tuple[str, Mapping[str, str]]]]:
    """The URL of a place for lakes on each kind of storage, and the environment that it needs."""
    with rclone(folder / "rclone") as without, moto(folder / "moto") as with_them:
        yield {
            "disk": (str(folder / "disk"), {}),
            "rclone": (f"s3://{without.bucket}", without.environment()),
            "moto": (f"s3://{with_them.bucket}", with_them.environment()),
        }


def rollback(url: str, environment: Mapping[str, str], versions: int, entries: int) -> dict[str, Any]:
    """Seconds of `tidemill rollback`, twice, where the champion's files are damaged."""
    store = Store(url)
    with tempfile.TemporaryDirectory() as folder:
        made = Store(folder) if store.conditional else _Plain(folder)
        registry = Registry(made, "toy")
        names = [register(registry, seed).version for seed in range(versions)]
        for turn in range(entries - versions):
            registry.promote(names[turn % versions])
        champion = registry.version("champion")
        made.write_bytes(f"toy/versions/{champion.version}.json", b"damaged")
        made.delete(f"{champion.model.prefix}/0.ubj")
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda key: store.write_bytes(key, made.read_bytes(key)), made.list()))
    command = [sys.executable, "-m", "tidemill", "rollback", "toy", "--lake", url, "--json"]
    seconds, processor, back = list[float](), list[float](), list[str]()
    for _ in range(2):
        started, used = time.perf_counter(), _processor_seconds()
        done = subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, check=True)
        seconds.append(round(time.perf_counter() - started, 2))
        processor.append(round(_processor_seconds() - used, 2))
        back.append(json.loads(done.stdout)["champion"])
    turn = entries - versions - 1
    assert back == [names[(turn - one) % versions] for one in (1, 2)]
    started = time.perf_counter()
    Registry(Store(url), "toy").rollback()
    alone = round(time.perf_counter() - started, 2)
    return {
        "versions": versions,
        "entries": entries,
        "command_seconds": seconds,
        "command_processor_seconds": processor,
        "registry_seconds": alone,
    }


def _processor_seconds() -> float:
    """What processes that this one started, and that ended, took of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run it all and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--versions", type=int, default=50)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--only", choices=("disk", "rclone", "moto"))
    parser.add_argument("--part", choices=("promotions", "rollback"))
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    asked = parser.parse_args()
    found: dict[str, Any] = json.loads(asked.output.read_text()) if asked.output.exists() else {}
    with tempfile.TemporaryDirectory() as folder, places(Path(folder)) as all_places:
        for name, (url, environment) in all_places.items():
            if asked.only not in (None, name):
                continue
            os.environ.update(environment)
            measured = found.setdefault(name, {})
            if asked.part in (None, "rollback"):
                measured["rollback"] = rollback(f"{url}/rollback", environment, asked.versions, asked.entries)
                _keep(asked.output, name, found)
            if asked.part in (None, "promotions"):
                with writers(asked.processes) as processes:
                    measured["promotions"] = race(processes, f"{url}/race", environment, asked.rounds)
                _keep(asked.output, name, found)


def _keep(output: Path, name: str, found: dict[str, Any]) -> None:
    """Write what is known by now: the rest takes its time."""
    print(name, found[name], flush=True)
    output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
