"""How fast the REST service answers one row: ``python -m benchmarks.serving [--connections 1] [--requests 2000]``.

Trains a model of some 30 columns (numbers, categories, times, one derived) on made-up rows, serves it
with ``tidemill serve`` in a process of its own, and asks over the loopback, each connection without a
pause. Client and server share the machine's cores. Prints one JSON object: latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from tests.lineage import made_up_balance, made_up_lineage
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.registry import Registry
from tidemill.results import ClassCount, Labelled, Split
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import load_usecase

YAML = """\
name: bench
sources: {rows: {url: rows.csv}}
derive: {per_hour: n0 / n1}
target: target
task: binary
time: at
id: row
columns: {types: {at: time, seen: time}}
"""
WARM_UP = 50


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--requests", type=int, default=2000, help="in all")
    parser.add_argument("--rows", type=int, default=1, help="in each request")
    parser.add_argument("--trials", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        columns = prepare(project, asked.trials)
        body = json.dumps({"rows": examples(asked.rows)}).encode()
        with served(project) as address:
            times, seconds = ask(address, body, asked.connections, asked.requests)
    milliseconds = np.array(times) * 1e3
    found = {f"p{share}": round(float(np.percentile(milliseconds, share)), 2) for share in (50, 95, 99)}
    print(json.dumps({**vars(asked), "columns": columns, **found, "requests_a_second": round(len(times) / seconds, 1)}))


def frame(count: int, seed: int = 1) -> pd.DataFrame:
    """Rows of 20 numbers, 8 categories and 2 times, with a target."""
    random = np.random.default_rng(seed)
    made = {f"n{number}": np.round(random.normal(2, 1, count), 3) for number in range(20)}
    made |= {f"c{number}": random.choice([f"level {level}" for level in range(15)], count) for number in range(8)}
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="min")
    result = pd.DataFrame({"row": np.arange(count), "at": at, "seen": at - pd.Timedelta("3h"), **made})
    result["target"] = (result["n0"] + result["n1"] * result["n2"] + random.normal(size=count) > 6).astype("int64")
    return result


def prepare(project: Path, trials: int) -> int:
    """A project whose use case `bench` has a champion; gives the number of columns that it reads."""
    folder = project / "usecases" / "bench"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(YAML)
    use_case, store = load_usecase("bench", project), Store(str(project / "lake"))
    rows = frame(20_000)
    rows["per_hour"] = rows["n0"] / rows["n1"]
    labelled = Labelled(
        snapshot=write_snapshot(store, "bench", "labelled", rows),
        quarantine=None,
        refused={},
        waiting=0,
        task="binary",
        classes=(ClassCount(label="no", rows=1), ClassCount(label="yes", rows=1)),
    )
    parts = rows.iloc[:15_000], rows.iloc[15_000:].reset_index(drop=True)
    split = Split(
        by="time",
        train=write_snapshot(store, "bench", "train", parts[0]),
        gate=write_snapshot(store, "bench", "gate", parts[1]),
        boundary=parts[1]["at"].iloc[0].to_pydatetime(),
    )
    study = tune(store, use_case, labelled, split, {}, budget=60, trials=trials)
    model = train(store, use_case, labelled, split, study, {})
    registry = Registry(store, "bench")
    lineage = made_up_lineage(use_case="bench").model_copy(update={"model": model})
    registry.promote(registry.register(lineage, made_up_balance(), {}).version)
    return model.features


def examples(count: int) -> list[dict[str, object]]:
    """Rows as a client sends them."""
    made: list[dict[str, object]] = json.loads(
        frame(count, seed=2).drop(columns="target").to_json(orient="records", date_format="iso")
    )
    return made


@contextmanager
def served(project: Path) -> Iterator[str]:
    """The service, for as long as the block; gives its address."""
    words = ["serve", "bench", "--project", str(project), "--port", "0", "--json"]
    child = subprocess.Popen([sys.executable, "-m", "tidemill", *words], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield json.loads("".join(iter(child.stdout.readline, "}\n")) + "}")["address"]
    finally:
        child.terminate()
        child.wait(30)


def ask(address: str, body: bytes, connections: int, requests: int) -> tuple[list[float], float]:
    """Seconds of each request, after a warm-up, and of them all."""
    times: list[float] = []
    place = urlsplit(address)

    def run(count: int, seen: list[float]) -> None:
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        for _ in range(count):
            started = time.perf_counter()
            connection.request("POST", "/v1/models/bench/predict", body)
            response = connection.getresponse()
            response.read()
            assert response.status == 200, response.status
            seen.append(time.perf_counter() - started)
        connection.close()

    run(WARM_UP, [])
    each = max(1, requests // connections)
    threads = [threading.Thread(target=run, args=(each, times)) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, time.perf_counter() - started


if __name__ == "__main__":
    main()
