"""A Snapshot's profile: what each column looks like, in little JSON, to compare later rows with.

It also says how much each column moves *by itself*: the table is cut into windows of the length in
which it will be watched, and each window is compared with the whole. A column such as the month or
the temperature moves a lot from window to window and nothing is wrong; one that never did is another
matter (:mod:`tidemill.monitoring.drift`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tidemill.cleaning import Kind, normalise
from tidemill.errors import UserError
from tidemill.results import Record
from tidemill.snapshot import Snapshot
from tidemill.stability import Counts, stability_index
from tidemill.store import Store
from tidemill.usecase.schema import CleanRules

__all__ = ["ColumnProfile", "Profile", "Usual", "binned", "codes_of", "profile", "profile_frame", "window_numbers"]

FORMAT = 1
BINS = 10
FEW_VALUES = 20
SMALLEST_SHARE = 0.01
MOST_LEVELS = 30
MOST_KNOWN = 20_000
FEWEST_WINDOWS = 3


class Usual(Record):
    """The most that a column moved among the table's own windows; ``windows`` is how many were compared.

    ``unseen`` is the largest share of rows, in a later window, with values that no earlier one had.
    """

    windows: int
    psi: float
    missing_low: float
    missing_high: float
    unseen: float


class ColumnProfile(Record):
    """One column. ``counts`` has one number a bin, missing values in none.

    Numbers: bin ``i`` holds values above ``edges[i-1]`` and up to ``edges[i]``. Categories: bin ``i`` is
    ``levels[i]`` and the last bin all others; ``known`` are all levels there were (None: too many to
    keep). Times have ``low`` and ``high`` only (seconds since 1970).
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    known: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    usual: Usual | None = None

    @property
    def missing_share(self) -> float:
        """Missing values as a share of the rows."""
        return self.missing / self.rows if self.rows else 0.0


class Profile(Record):
    """What a Snapshot's columns look like; ``subject`` is its id."""

    format: Literal[1] = 1
    subject: str
    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def profile(
    store: Store,
    snapshot: Snapshot,
    columns: Mapping[str, Kind],
    *,
    rules: CleanRules | None = None,
    time: str | None = None,
    window: timedelta | None = None,
) -> Profile:
    """Profile ``columns`` (name and kind) of a Snapshot, or read the stored profile of the same.

    With ``time`` and ``window``, the usual movement is measured too. Stored as
    ``<use_case>/profiles/<snapshot id>-<hash of the arguments>.json``.
    """
    asked = [FORMAT, dict(columns), rules and rules.model_dump(mode="json"), time, window and window.total_seconds()]
    said = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:8]
    key = f"{snapshot.use_case}/profiles/{snapshot.id}-{said}.json"
    try:
        return _parsed(store, key)
    except KeyError:
        pass
    extra = [time] if time is not None and time not in columns else []
    frame = snapshot.read(store, [*columns, *extra])
    windows = window_numbers(frame[time], window) if time is not None and window is not None else None
    made = profile_frame(snapshot.id, frame, columns, rules=rules or CleanRules(), windows=windows)
    store.write_json(key, made.model_dump(mode="json"))
    return made


def profile_frame(
    subject: str,
    frame: pd.DataFrame,
    columns: Mapping[str, Kind],
    *,
    rules: CleanRules,
    windows: npt.NDArray[np.int64] | None = None,
) -> Profile:
    """Profile a frame's ``columns``. ``windows`` is each row's window, from 0; -1 belongs to none."""
    tidy = normalise(frame[list(columns)], rules, columns)
    described = tuple(_described(name, kind, tidy[name], windows) for name, kind in columns.items())
    return Profile(subject=subject, rows=len(frame), columns=described)


def binned(column: ColumnProfile, values: pd.Series) -> Counts:
    """How many of ``values`` (normalised) fall into each of the profile's bins, shape ``(bins,)``."""
    codes = codes_of(column, values)
    return np.bincount(codes[codes >= 0], minlength=len(column.counts))


def codes_of(column: ColumnProfile, values: pd.Series) -> npt.NDArray[np.int64]:
    """The bin of each value, -1 where it is missing."""
    present = values.notna().to_numpy()
    codes = np.full(len(values), -1, dtype=np.int64)
    if column.kind == "number":
        codes[present] = np.searchsorted(np.asarray(column.edges), _numbers(values[present]), side="left")
    elif column.kind != "time":
        found = pd.Index(column.levels, dtype="str").get_indexer(pd.Index(_texts(values[present])))
        codes[present] = np.where(found < 0, len(column.levels), found)
    return codes


def window_numbers(times: pd.Series, window: timedelta) -> npt.NDArray[np.int64]:
    """Each row's window, counted back from the newest row so that the last one is whole; -1 for what is left over."""
    if times.isna().all():
        return np.full(len(times), -1, dtype=np.int64)
    age = (times.max() - times) // pd.Timedelta(window)
    back = age.fillna(-1).to_numpy(dtype=np.int64)
    whole = int((times.max() - times.min()) / pd.Timedelta(window))
    return np.where((back >= 0) & (back < whole), whole - 1 - back, -1)


def _described(name: str, kind: Kind, values: pd.Series, windows: npt.NDArray[np.int64] | None) -> ColumnProfile:
    missing = int(values.isna().sum())
    if kind == "number":
        bare = _numeric(name, values, missing)
    elif kind == "time":
        bare = ColumnProfile(name=name, kind=kind, rows=len(values), missing=missing, **_span(values))
    else:
        bare = _categorical(name, kind, values, missing)
    if not bare.counts or windows is None:
        return bare
    usual = _usual(bare, values, windows)
    return bare if usual is None else bare.model_copy(update={"usual": usual})


def _numeric(name: str, values: pd.Series, missing: int) -> ColumnProfile:
    numbers = _numbers(values.dropna())
    if not len(numbers):
        return ColumnProfile(name=name, kind="number", rows=len(values), missing=missing)
    distinct = np.unique(numbers)
    inner = distinct[:-1] if len(distinct) <= FEW_VALUES else np.unique(np.quantile(numbers, np.arange(1, BINS) / BINS))
    counts = np.bincount(np.searchsorted(inner, numbers, side="left"), minlength=len(inner) + 1)
    return ColumnProfile(
        name=name,
        kind="number",
        rows=len(values),
        missing=missing,
        edges=tuple(float(edge) for edge in inner),
        counts=tuple(int(count) for count in counts),
        low=float(distinct[0]),
        high=float(distinct[-1]),
        mean=float(numbers.mean()),
        deviation=float(numbers.std()),
    )


def _categorical(name: str, kind: Kind, values: pd.Series, missing: int) -> ColumnProfile:
    found = _texts(values.dropna()).value_counts()
    present = int(found.sum())
    kept = found[found >= SMALLEST_SHARE * present].head(MOST_LEVELS)
    return ColumnProfile(
        name=name,
        kind=kind,
        rows=len(values),
        missing=missing,
        levels=tuple(str(level) for level in kept.index),
        counts=(*(int(count) for count in kept), present - int(kept.sum())) if present else (),
        known=tuple(sorted(str(level) for level in found.index)) if len(found) <= MOST_KNOWN else None,
    )


def _usual(column: ColumnProfile, values: pd.Series, windows: npt.NDArray[np.int64]) -> Usual | None:
    """What the windows show; None when there are fewer than three."""
    rows = np.bincount(windows[windows >= 0])
    whole = np.flatnonzero(rows)
    if len(whole) < FEWEST_WINDOWS:
        return None
    codes = codes_of(column, values)
    bins = len(column.counts)
    placed = (windows >= 0) & (codes >= 0)
    table = np.bincount(windows[placed] * bins + codes[placed], minlength=len(rows) * bins).reshape(len(rows), bins)
    reference = np.asarray(column.counts, dtype=np.int64)
    lacking = 1.0 - table[whole].sum(axis=1) / rows[whole]
    return Usual(
        windows=len(whole),
        psi=max(stability_index(reference, table[place]) for place in whole),
        missing_low=float(lacking.min()),
        missing_high=float(lacking.max()),
        unseen=_usual_unseen(column, values, windows, rows),
    )


def _usual_unseen(column: ColumnProfile, values: pd.Series, windows: npt.NDArray[np.int64], rows: Counts) -> float:
    """The largest share of rows, in the later half of the windows, with values that no earlier window had."""
    placed = (windows >= 0) & values.notna().to_numpy()
    here = windows[placed]
    if column.kind == "number":
        numbers = pd.Series(_numbers(values[placed])).groupby(here).agg(["min", "max"])
        low, high = numbers["min"].cummin().shift(), numbers["max"].cummax().shift()
        each = _numbers(values[placed])
        fresh = (each < low.reindex(here).to_numpy()) | (each > high.reindex(here).to_numpy())
    else:
        codes, levels = pd.factorize(_texts(values[placed]))
        first = np.full(len(levels), len(rows), dtype=np.int64)
        np.minimum.at(first, codes, here)
        fresh = first[codes] == here
    shares = np.bincount(here[fresh], minlength=len(rows)) / np.maximum(rows, 1)
    return float(shares[(len(rows) + 1) // 2 :].max(initial=0.0))


def _span(values: pd.Series) -> dict[str, float]:
    if values.isna().all():
        return {}
    return {"low": values.min().timestamp(), "high": values.max().timestamp()}


def _numbers(values: pd.Series) -> npt.NDArray[np.float64]:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(values: pd.Series) -> pd.Series:
    """Categories and booleans as text, booleans in lower case."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.map({True: "true", False: "false"}).astype("str")
    return values.astype("str")


def _parsed(store: Store, key: str) -> Profile:
    said = store.read_json(key)
    if said.get("format", 0) > FORMAT:
        raise UserError(
            f"{store.url_of(key)} has format {said['format']}; this Tidemill reads up to {FORMAT}: upgrade Tidemill"
        )
    return Profile.model_validate(said)
