"""``make demo``: one model's whole life on real flights, told as it happens.

Every step is a command of ``tidemill``, run as a person would; one Prefect server lives as long as the demo.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deployments import engine
from tidemill.store import Store

__all__ = ["main"]

USE_CASE = "flights"
PROJECT = Path(__file__).resolve().parent.parent
NOVEMBER = "usecases/flights/data/flights-2013-11.parquet"
START_SECONDS = 60.0
_LINE = 100


def main() -> int:
    """Run the demo; the exit status is 0 when every step did what it should."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--lake", default="./lake", help="where everything is stored (a folder or a URL)")
    lake = Store(parser.parse_args().lake).url
    os.chdir(PROJECT)
    started = time.perf_counter()
    with engine.session(quiet=True) as prefect:
        prefect.wait()
        demo = Demo(lake, {**os.environ, "PREFECT_API_URL": prefect.address, "TIDEMILL_LAKE": lake})
        try:
            demo.run()
        except StepError as failure:
            print(f"\nThe demo stopped: {failure}", file=sys.stderr)
            return 1
    print(f"\nThe whole demo took {time.perf_counter() - started:.0f} s. Everything it made is in {lake}.")
    return 0


class StepError(Exception):
    """A command of the demo ended with another status than 0."""


class Demo:
    """The steps, in order. ``environment`` is what every command runs with."""

    def __init__(self, lake: str, environment: Mapping[str, str]) -> None:
        self.lake = lake
        self.environment = dict(environment)
        self.told: list[tuple[str, str]] = []

    def run(self) -> None:
        """Train, look, score, serve, watch; then say what was done."""
        self.train()
        self.score()
        self.serve()
        self.watch()
        self.tell()

    def train(self) -> None:
        """January to September train, October judges, the gate decides."""
        _heading("Train on January to September, judge on October")
        said = self.command("train", USE_CASE)
        metric, rows = said["metric"], said["rows"]
        raced = ", ".join(f"{name} {value:.4f}" for name, value in said["baselines"].items())
        self.told += [
            ("rows", _rows(rows)),
            ("left out", f"{len(said['excluded'])} columns: {', '.join(said['excluded'])}"),
            ("trained", f"version {said['version']} in {said['seconds']['total']:.0f} s"),
            (
                "judged",
                f"{metric['name']} {metric['value']:.4f} ({metric['low']:.4f} to {metric['high']:.4f}) on October",
            ),
            ("against", raced),
            ("decided", said["decision"]),
            ("report", said["report"]),
        ]
        _heading("Its versions, and the ledger of decisions")
        self.show("models", USE_CASE)

    def score(self) -> None:
        """Batch scoring of a month that the model has never seen."""
        _heading("Score all of November's flights")
        output = f"{self.lake}/{USE_CASE}/predictions/november.parquet"
        said = self.command("predict", USE_CASE, "--input", NOVEMBER, "--output", output)
        self.told.append(("scored", f"{said['rows']:,} flights of November by {said['version']}, in {output}"))

    def serve(self) -> None:
        """The REST service, asked for one flight."""
        _heading("Serve it, and ask about one flight")
        flight = {
            "carrier": "UA", "flight": 1545, "tailnum": "N14228", "origin": "EWR", "dest": "IAH", "distance": 1400,
            "year": 2013, "month": 11, "day": 27, "hour": 17, "minute": 15, "sched_dep_time": 1715,
            "sched_arr_time": 2025, "time_hour": "2013-11-27T22:00:00Z", "temp": 55.0, "dewp": 53.1, "humid": 93.3,
            "wind_dir": 190, "wind_speed": 18.4, "wind_gust": 29.9, "precip": 0.2, "pressure": 999.2, "visib": 2.0,
        }  # fmt: skip
        with self.service() as address:
            url = f"{address}/v1/models/{USE_CASE}/predict"
            answer = httpx.post(url, json={"rows": [flight]}, timeout=30)
            print(f"POST {url}\n{json.dumps(answer.json(), indent=2)}")
            if answer.status_code != httpx.codes.OK:
                raise StepError(f"the service answered {answer.status_code}")
            first = answer.json()["predictions"][0]
        chances = [
            f"{name.removeprefix('probability_')} {value:.0%}" for name, value in first.items() if "prob" in name
        ]
        self.told.append(("served", f"UA 1545 to Houston in the rain: {first['prediction']} ({', '.join(chances)})"))

    def watch(self) -> None:
        """November and December, as they come."""
        _heading("Watch November and December")
        said = self.command("monitor", USE_CASE)
        self.told.append(
            ("watched", f"{said['rows']:,} flights, {said['window']['since'][:10]} to {said['window']['until'][:10]}")
        )
        for alarm in said["alarms"]:
            self.told.append(("alarm", f"{alarm['level']}: {textwrap.shorten(alarm['what'], _LINE, placeholder=' …')}"))
        self.told += [("quality", f"{how} {_quality(value)}") for how, value in said["quality"].items()]
        self.told.append(("report", said["report"]))

    def tell(self) -> None:
        """Everything that was done, on one screen."""
        _heading("What was done")
        for what, words in self.told:
            print(f"  {what:<9} {words}")

    def command(self, *words: str) -> dict[str, Any]:
        """Run ``tidemill WORDS --json``: progress is shown as it comes, the answer is given back."""
        _prompt(words)
        done = subprocess.run(
            [sys.executable, "-m", "tidemill", *words, "--json"],
            env=self.environment, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise StepError(f"`tidemill {shlex.join(words)}` ended with {done.returncode}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def show(self, *words: str) -> None:
        """Run ``tidemill WORDS`` and let it print what it prints."""
        _prompt(words)
        if subprocess.run([sys.executable, "-m", "tidemill", *words], env=self.environment, check=False).returncode:
            raise StepError(f"`tidemill {shlex.join(words)}` failed")

    @contextmanager
    def service(self) -> Iterator[str]:
        """The REST service, for as long as the block; gives its address."""
        port = _free_port()
        words = ("serve", USE_CASE, "--port", str(port))
        _prompt(words)
        child = subprocess.Popen([sys.executable, "-m", "tidemill", *words], env=self.environment)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(address, child)
            yield address
        finally:
            child.terminate()
            child.wait(timeout=30)


def _wait_until_ready(address: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if httpx.get(f"{address}/ready", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise StepError("the REST service did not become ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _quality(value: Mapping[str, Any] | None) -> str:
    return "not yet" if value is None else "{name} {value:.4f} ({low:.4f} to {high:.4f})".format(**value)


def _rows(rows: Mapping[str, int]) -> str:
    parts = ", ".join(f"{rows[name]:,} {name}" for name in ("deduplicated", "quarantined", "waiting", "used"))
    return f"{rows['collected']:,} collected = {parts}"


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _prompt(words: tuple[str, ...]) -> None:
    print(f"$ tidemill {shlex.join(words)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
