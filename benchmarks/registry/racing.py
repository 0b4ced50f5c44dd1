"""Processes that promote at the same moment, and whether every reader sees one order of what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lineage import register
from tidemill.errors import OvertakenError
from tidemill.registry import LedgerEntry, Registry
from tidemill.store import Store

__all__ = ["race", "writers"]

PROJECT = Path(__file__).parents[2]
_HEAD_START = 0.03


def race(
    processes: list[subprocess.Popen[str]], url: str, environment: Mapping[str, str], rounds: int
) -> dict[str, Any]:
    """Let every process promote another version, all at one moment, ``rounds`` times; judge what each was told.

    Raises AssertionError when not exactly one won a round, when an entry was lost, or when two readers differ.
    """
    store = Store(url)
    registry = Registry(store, "toy")
    names = [register(registry, seed).version for seed in range(len(processes) + 1)]
    won: list[LedgerEntry] = []
    met, seconds = 0, list[float]()
    for turn in range(rounds):
        champion = registry.champion_name()
        others = [name for name in names if name != champion]
        moment = time.time() + _HEAD_START
        asked = [
            {"url": url, "environment": dict(environment), "version": version, "against": champion, "at": moment}
            for version in others[: len(processes)]
        ]
        answers = _asked(processes, asked)
        (entry,) = [LedgerEntry.model_validate(one["entry"]) for one in answers if one["entry"] is not None]
        won.append(entry)
        assert registry.champion_name() == entry.version
        if turn % 10 == 0:
            assert Registry(store, "toy").champion_name() == entry.version
        met += sum("at the same moment" in one["told"] for one in answers)
        seconds += [one["seconds"] for one in answers]
    seen = _asked(processes, [{"url": url, "environment": dict(environment)} for _ in processes])
    lines = Registry(store, "toy").lines()
    order = [line.sha256 for line in lines]
    assert all(one["order"] == order and one["champion"] == won[-1].version for one in seen)
    assert len(store.list("toy/ledger")) == len(lines) == len(names) + rounds + met
    promotions = [line for line in lines if line.entry.action == "promote"]
    assert [line.entry for line in promotions if line.holds] == won
    assert sum(not line.holds for line in promotions) == met
    return {
        "conditional": store.conditional,
        "processes": len(processes),
        "rounds": rounds,
        "won": len(won),
        "told": len(processes) * rounds - len(won),
        "entries": len(lines),
        "void": met,
        "readers": len(processes) + 1,
        "seconds": {"median": round(sorted(seconds)[len(seconds) // 2], 3), "longest": round(max(seconds), 3)},
    }


@contextmanager
def writers(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that do what they are asked for, a line each."""
    command = [sys.executable, "-m", "benchmarks.registry.racing"]
    made = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
        for _ in range(count)
    ]
    try:
        assert _answers(made) == ["ready"] * count
        yield made
    finally:
        for process in made:
            process.kill()
            process.communicate()


def _asked(processes: list[subprocess.Popen[str]], questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for process, question in zip(processes, questions, strict=True):
        assert process.stdin is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
    return [json.loads(answer) for answer in _answers(processes)]


def _answers(processes: list[subprocess.Popen[str]]) -> list[str]:
    return [process.stdout.readline().strip() for process in processes if process.stdout is not None]


def _answer(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    if "version" not in asked:
        fresh = Registry(Store(asked["url"]), "toy")
        return {"order": [line.sha256 for line in fresh.lines()], "champion": fresh.champion_name()}
    time.sleep(max(0.0, asked["at"] - time.time()))
    started = time.perf_counter()
    entry, told = None, ""
    try:
        entry = registry.promote(asked["version"], against=asked["against"]).model_dump(mode="json")
    except OvertakenError as error:
        told = str(error)
    return {"entry": entry, "told": told, "seconds": time.perf_counter() - started}


def _work() -> None:
    print("ready", flush=True)
    known: dict[str, Registry] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ.update(asked["environment"])
        registry = known.setdefault(asked["url"], Registry(Store(asked["url"]), "toy"))
        print(json.dumps(_answer(registry, asked)), flush=True)


if __name__ == "__main__":
    _work()
