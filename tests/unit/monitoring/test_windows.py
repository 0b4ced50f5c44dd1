"""Which windows there are, and that every row is in one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.learning.world import make_use_case
from tests.unit.monitoring.conftest import Watched
from tidemill.errors import UserError
from tidemill.monitoring import arrived_labels, cut, watched_since
from tidemill.monitoring.windows import spans
from tidemill.results import Cleaned
from tidemill.snapshot import write_snapshot
from tidemill.store import Store

START = datetime(2013, 11, 1, tzinfo=UTC)


@given(st.integers(1, 2_000), st.integers(1, 400))
def test_windows_touch_and_cover_all(hours: int, length: int) -> None:
    until, window = START + timedelta(hours=hours), timedelta(hours=length)
    found = spans(START, until, window)
    assert found[0][0].since == START
    assert found[-1][0].until == until
    for (one, _), (next_one, _) in pairwise(found):
        assert one.until == next_one.since
    lengths = [span.until - span.since for span, _ in found]  # type: ignore[operator]
    assert all(window / 2 <= one < window * 1.5 for one in lengths) or len(found) == 1
    assert [young for _, young in found] == [one < window / 2 for one in lengths]


def test_november_and_december_are_two_windows() -> None:
    found = [span for span, _ in spans(START, datetime(2014, 1, 1, tzinfo=UTC), timedelta(days=30))]
    assert [(span.since, span.until) for span in found] == [
        (START, datetime(2013, 12, 1, tzinfo=UTC)),
        (datetime(2013, 12, 1, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)),
    ]


def test_nothing_to_watch() -> None:
    with pytest.raises(UserError, match="nothing to watch: 2013-11-01 00:00 is not before 2013-11-01 00:00 UTC"):
        spans(START, START, timedelta(days=1))


def test_rows_go_where_their_time_says(watched: Watched) -> None:
    frame = watched.later(40)
    windows = watched.windows(frame)
    assert [one.rows.rows for one in windows if one.rows] == [360, 360, 240]
    assert [one.young for one in windows] == [False, False, False]
    for one in windows:
        assert one.rows is not None
        assert one.labelled is not None
        at = one.rows.read(watched.store)["at"]
        assert one.span.since is not None
        assert at.min() >= one.span.since
        assert at.max() < one.span.until
        assert one.labelled.rows == one.rows.rows


def test_a_gap_is_a_window_without_rows(watched: Watched) -> None:
    frame = watched.later(45)
    gap = (frame["at"] >= frame["at"].min() + timedelta(days=15)) & (
        frame["at"] < frame["at"].min() + timedelta(days=30)
    )
    windows = watched.windows(frame[~gap])
    assert [one.rows.rows if one.rows else None for one in windows] == [360, None, 360]


def test_limits_left_out_follow_from_the_rows(watched: Watched) -> None:
    frame = watched.later(20)
    snapshot = write_snapshot(watched.store, "toy", "cleaned", frame)
    (window,) = cut(watched.store, watched.use_case, snapshot, None)
    assert window.span.since == frame["at"].min()
    assert window.span.until == frame["at"].max() + timedelta(hours=1)
    assert window.labelled is None


def test_without_time_there_is_one_window(memory: Store) -> None:
    snapshot = write_snapshot(memory, "toy", "cleaned", pd.DataFrame({"x": [1, 2]}))
    (window,) = cut(memory, make_use_case(time=None), snapshot, None)
    assert (window.rows, window.span.since) == (snapshot, None)
    empty = write_snapshot(memory, "toy", "cleaned", pd.DataFrame({"x": [1]}).head(0))
    with pytest.raises(UserError, match="no row to watch"):
        cut(memory, make_use_case(time=None), empty, None)


def test_monitoring_starts_where_the_gate_ended(watched: Watched) -> None:
    assert watched_since(watched.version) == watched.version.lineage.split.end


def test_labels_that_have_not_arrived(watched: Watched) -> None:
    frame = watched.later(5)
    bare = write_snapshot(watched.store, "toy", "cleaned", frame.drop(columns="bought"))
    cleaned = Cleaned(snapshot=bare, quarantine=None, deduplicated=0, refused={})
    assert arrived_labels(watched.store, watched.use_case, cleaned, watched.version) is None
    full = write_snapshot(
        watched.store, "toy", "cleaned", frame.assign(bought=frame["bought"].map({0: "no", 1: "yes"}))
    )
    known = arrived_labels(
        watched.store, watched.use_case, cleaned.model_copy(update={"snapshot": full}), watched.version
    )
    assert known is not None
    assert known.snapshot.read(watched.store)["bought"].tolist() == frame["bought"].tolist()
