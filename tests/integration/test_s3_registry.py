"""Decisions by several processes at the same moment: no entry is lost, and every reader sees one order."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lineage import register
from tests.servers import S3Server
from tidemill.registry import LedgerEntry, Registry
from tidemill.store import Store

WRITERS, ROUNDS = 3, 3

PROMOTE = """
import json, os, sys
from tidemill.registry import Registry
from tidemill.store import Store
me = int(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    place = json.loads(line)
    os.environ.update(place["environment"])
    registry, names = Registry(Store(place["url"]), "toy"), place["names"]
    given = []
    for turn in range(len(names)):
        entry = registry.promote(names[(me + turn) % len(names)], who=f"writer {me}", why=f"turn {turn}")
        given.append(entry.model_dump(mode="json"))
    print(json.dumps(given), flush=True)
"""


@pytest.mark.s3
def test_promotions_at_the_same_moment(
    tmp_path: Path, rclone_server: S3Server, moto_server: S3Server, s3_environment: Callable[..., None]
) -> None:
    s3_environment(rclone_server)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTE, str(me)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env=dict(os.environ),
        )
        for me in range(WRITERS)
    ]
    try:
        assert answers(writers) == ["ready"] * WRITERS
        meet(writers, str(tmp_path / "lake"), {}, numbered=True)
        for server in (rclone_server, moto_server):
            s3_environment(server)
            meet(writers, server.lake(), server.environment(), numbered=server.conditional)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def answers(writers: list[subprocess.Popen[str]]) -> list[str]:
    return [writer.stdout.readline().strip() for writer in writers if writer.stdout is not None]


def meet(writers: list[subprocess.Popen[str]], url: str, environment: dict[str, str], *, numbered: bool) -> None:
    """Let all writers promote in the lake at ``url``, and judge the ledger they leave."""
    names = [register(Registry(Store(url), "toy"), seed).version for seed in range(ROUNDS)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(json.dumps({"url": url, "environment": environment, "names": names}) + "\n")
        writer.stdin.flush()
    given = [LedgerEntry.model_validate(said) for answer in answers(writers) for said in json.loads(answer)]

    entries = Registry(Store(url), "toy").ledger()
    assert len(given) == WRITERS * ROUNDS
    assert all(entry in entries for entry in given)
    promotions = [entry for entry in entries if entry.action == "promote"]
    assert len({(entry.who, entry.why) for entry in promotions}) == len(promotions) >= ROUNDS
    if numbered:
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert all(after.previous == before.champion for before, after in itertools.pairwise(entries))
    assert len(Store(url).list("toy/ledger")) == len(entries)
    again = Registry(Store(url), "toy")
    assert again.ledger() == entries
    champion = again.champion()
    assert champion is not None
    assert champion.version == promotions[-1].version
