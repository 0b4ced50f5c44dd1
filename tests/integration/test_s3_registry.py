"""Promotions by several processes at the same moment: one wins, the others are told, and every reader sees one order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.registry.racing import race, writers
from tests.servers import S3Server

WRITERS, ROUNDS = 3, 2


@pytest.mark.s3
def test_promotions_at_the_same_moment(
    tmp_path: Path, rclone_server: S3Server, moto_server: S3Server, s3_environment: Callable[..., None]
) -> None:
    s3_environment(rclone_server)
    with writers(WRITERS) as processes:
        found = [race(processes, str(tmp_path / "lake"), {}, ROUNDS)]
        for server in (rclone_server, moto_server):
            s3_environment(server)
            found.append(race(processes, server.lake(), server.environment(), ROUNDS))
    assert [one["conditional"] for one in found] == [True, False, True]
    for one in found:
        assert (one["won"], one["told"]) == (ROUNDS, (WRITERS - 1) * ROUNDS)
