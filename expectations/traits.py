"""What holds for a column, as entries of a suite: its type, gaps, range, distribution, levels and shape of its texts.

Bounds on a distribution come from the whole and from each of its pieces (stretches of time, or of the
file), so that a window of the data is like the data, and have a margin on top. All that is a guess is
a ``warning``; a column of another kind is ``critical``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from expectations.drafting import Draft, Ends, numbered, rounded
from expectations.suites import Purpose
from tidemill.reporting.wording import percent

__all__ = ["LEAST_ROWS", "Places", "about", "drafts_of", "levels_of"]

Places = npt.NDArray[np.intp]

MOST_LEVELS = 20
MOST_NUMBERS = 10
MOST_NAMED = 10
LEAST_ROWS = 200
_LONGEST_CODE = 40
_MARGIN = 0.33
_FEW = 50
_MANY = 1_000
_FEW_OF_THEM = 0.2


def about(column: pd.Series) -> str:
    """What the column holds, for the comment above its entries: ``text, 4 levels, 5 % missing``."""
    missing = float(column.isna().mean()) if len(column) else 0.0
    gaps = f", {percent(missing)} missing" if missing else ""
    if missing == 1.0:
        return "empty"
    kind = column.dtype.kind
    if column.dtype == "boolean" or kind == "b":
        return f"true or false{gaps}"
    if kind == "M":
        return f"times, {column.min():%Y-%m-%d} to {column.max():%Y-%m-%d}{gaps}"
    if kind in "iuf":
        words = "whole numbers" if kind in "iu" else "numbers"
        return f"{words}, {numbered(column.min())} to {numbered(column.max())}{gaps}"
    return f"text, {column.nunique():,} levels{gaps}"


def drafts_of(
    name: str, column: pd.Series, pieces: Sequence[Places], *, wide: bool, only: Purpose | None = None
) -> Iterator[Draft]:
    """The entries about one column; without those on its distribution in a ``wide`` table."""
    if not column.notna().any():
        yield Draft("expect_column_to_exist", {"column": name}, "warning", "empty when this was written", only)
        return
    for draft in _all(name, column, pieces, wide=wide):
        yield Draft(draft.type, draft.kwargs, draft.severity, draft.note, draft.only or only)


def _all(name: str, column: pd.Series, pieces: Sequence[Places], *, wide: bool) -> Iterator[Draft]:
    kind = column.dtype.kind
    if not wide:
        yield _typed(name, column)
    yield from _present(name, column, pieces)
    if column.dtype == "boolean" or kind == "b":
        if not wide:
            yield from levels_of(name, column.dropna().astype(bool), pieces, column)
    elif kind == "M":
        yield from _when(name, column)
    elif kind in "iuf":
        yield from _numbers(name, column, pieces, wide=wide)
    else:
        yield from _texts(name, column, pieces, wide=wide)


def _typed(name: str, column: pd.Series) -> Draft:
    kind = "expect_column_type_to_be"
    dtype = column.dtype
    if dtype.kind in "iu":
        return Draft(kind, {"column": name, "type_": "Int64"}, "warning", "whole numbers; gaps are no matter here")
    if dtype.kind == "f":
        note = "a text in place of a number is null to the model"
        return Draft(kind, {"column": name, "type_": "float64"}, "critical", note)
    if dtype == "boolean" or dtype.kind == "b":
        return Draft(kind, {"column": name, "type_": "boolean"}, "critical", "true or false, in no other words")
    if dtype.kind == "M":
        note = "moments in UTC; a local clock would shift every hour"
        return Draft(kind, {"column": name, "type_": str(dtype)}, "critical", note)
    return Draft(kind, {"column": name, "type_": "str"}, "critical", "texts; as numbers they would be other categories")


def _present(name: str, column: pd.Series, pieces: Sequence[Places]) -> Iterator[Draft]:
    gaps = column.isna().to_numpy()
    missing, worst = float(gaps.mean()), max(float(gaps[piece].mean()) for piece in pieces)
    if not missing:
        mostly, note = 0.99, "no value was missing"
    else:
        mostly = math.floor(100 * (1 - min(1.0, max(1.5 * missing, 1.1 * worst) + 0.02))) / 100
        note = f"{percent(missing)} were missing"
        note += f", {percent(worst)} in the worst stretch" if worst > 1.5 * missing and len(pieces) > 1 else ""
    if mostly > 0.05:
        yield Draft("expect_column_values_to_not_be_null", {"column": name, "mostly": mostly}, "warning", note)


def _when(name: str, column: pd.Series) -> Iterator[Draft]:
    """Times go on, but not by more than what has been seen of them and ten years."""
    first, last = column.min(), column.max()
    span = max(last - first, timedelta(days=366))
    kwargs = {
        "column": name,
        "min_value": f"{max(first - span, pd.Timestamp.min.tz_localize('UTC')):%Y-01-01}",
        "max_value": f"{last.year + 10}-01-01",
        "mostly": 0.99,
    }
    note = "far from these years, a unit or an epoch has gone wrong"
    yield Draft("expect_column_values_to_be_between", kwargs, "warning", note)
    quiet = _quiet(column)
    if quiet is not None:
        first, last = quiet
        hours = {"column": name, "first_hour": first, "last_hour": last, "mostly": 0.99}
        note = f"nothing happens from {(last + 1) % 24}:00 to {first}:00 UTC, but on a clock that is wrong by hours"
        yield Draft("expect_column_values_to_fall_in_hours", hours, "warning", note)


def _quiet(column: pd.Series) -> tuple[int, int] | None:
    """The first and the last hour of the day in which things happen; None without a pause of three hours or more."""
    counts = column.dt.hour.value_counts()
    if counts.sum() < _MANY:
        return None
    busy = [hour for hour in range(24) if counts.get(hour, 0) > 0.0005 * counts.sum()]
    pauses = [(later - hour) % 24 for hour, later in zip(busy, [*busy[1:], busy[0]], strict=True)]
    longest = max(range(len(busy)), key=lambda place: pauses[place])
    if len(busy) < 4 or pauses[longest] <= 3:
        return None
    return busy[(longest + 1) % len(busy)], busy[longest]


def _numbers(name: str, column: pd.Series, pieces: Sequence[Places], *, wide: bool) -> Iterator[Draft]:
    held = column.dropna()
    if _numbers_rows(held):
        note = "it is different in every row, as names and row numbers are"
        yield Draft("expect_column_values_to_be_unique", {"column": name}, "warning", note)
        return
    nearly = [float(held.quantile(share)) for share in (0.005, 0.995)]
    ends = Ends(float(held.min()), float(held.max()), held.dtype.kind in "iu")
    low, high = ends.outward(nearly[0], nearly[1], 0.5 * (nearly[1] - nearly[0]))
    if low is not None:
        kwargs = {"column": name, "min_value": low, "max_value": high, "mostly": 0.99}
        note = (
            f"99 % were {numbered(nearly[0])} to {numbered(nearly[1])}, and half of that span is margin on either side"
        )
        yield Draft("expect_column_values_to_be_between", kwargs, "warning", note)
    if wide:
        return
    if held.nunique() <= MOST_NUMBERS:
        yield from levels_of(name, held, pieces, column, listed=False)
    else:
        yield from _quantiles(name, column, held, pieces, ends)


def _numbers_rows(held: pd.Series) -> bool:
    """Whether whole numbers count the rows: all different, and with few gaps between them."""
    if held.dtype.kind not in "iu" or len(held) < _FEW or not held.is_unique:
        return False
    return int(held.max()) - int(held.min()) < 1.5 * len(held)


def _quantiles(name: str, column: pd.Series, held: pd.Series, pieces: Sequence[Places], ends: Ends) -> Iterator[Draft]:
    shares = _shares(held)
    whole = held.quantile(shares, interpolation="nearest").to_numpy(dtype=float)
    seen = [whole]
    for piece in pieces:
        some = column.iloc[piece].dropna()
        if len(some):
            seen.append(some.quantile(shares, interpolation="nearest").to_numpy(dtype=float))
    lows, highs = np.min(seen, axis=0), np.max(seen, axis=0)
    margin = _MARGIN * float(whole[-1] - whole[0])
    if not margin > 0 or not math.isfinite(margin):
        return
    ranges = [list(ends.outward(float(low), float(high), margin)) for low, high in zip(lows, highs, strict=True)]
    if all(low is None or high is None or (low <= whole[0] and high >= whole[-1]) for low, high in ranges):
        return  # stretches of the data differ as much as its values do
    kwargs = {"column": name, "quantile_ranges": {"quantiles": shares, "value_ranges": ranges}}
    shown = ", ".join(numbered(float(value)) for value in whole)
    note = f"they were {shown}; another unit, or other people, would move them"
    yield Draft("expect_column_quantile_values_to_be_between", kwargs, "warning", note)


def _shares(held: pd.Series) -> list[float]:
    """Both ends and the middle. Where most rows share one value, the ends lie among those that do not."""
    middle = held.quantile(0.5, interpolation="nearest")
    above, below = float((held > middle).mean()), float((held < middle).mean())
    shares = [0.05, 0.5, 0.95]
    if above < _FEW_OF_THEM and above * len(held) >= _FEW:
        shares[2] = float(f"{1 - above / 4:.5f}")
    if below < _FEW_OF_THEM and below * len(held) >= _FEW:
        shares[0] = float(f"{below / 4:.5f}")
    return shares


def levels_of(
    name: str,
    held: pd.Series,
    pieces: Sequence[Places],
    column: pd.Series,
    *,
    listed: bool = True,
    only: Purpose | None = None,
) -> Iterator[Draft]:
    """Few levels: which there are (when ``listed``, of texts), and in what shares."""
    counts = held.value_counts()
    levels = sorted(counts.index.tolist())
    if listed and held.dtype.kind != "b":
        kwargs = {"column": name, "value_set": levels, "mostly": 0.99}
        note = "another one is new to the model, or a new spelling"
        yield Draft("expect_column_values_to_be_in_set", kwargs, "warning", note, only)
    if len(levels) < 2:
        return
    weights = _weights([counts[level] / len(held) for level in levels])
    values = [rounded(level) if isinstance(level, float) else level for level in levels]
    threshold = _threshold(column, pieces, levels, weights)
    if threshold >= -math.log(max(weights)):
        yield from _all_occur(name, column, pieces, counts, only)
        return
    kwargs = {
        "column": name,
        "partition_object": {"values": values, "weights": weights},
        "threshold": threshold,
        "tail_weight_holdout": 0.01,
    }
    note = "the shares of the values, and how far they may move (relative entropy, in nats)"
    yield Draft("expect_column_kl_divergence_to_be_less_than", kwargs, "warning", note, only)


def _weights(shares: Sequence[float]) -> list[float]:
    """Shares in thousandths that add up to one, none of them nothing."""
    parts = [max(1, round(1000 * share)) for share in shares]
    parts[parts.index(max(parts))] += 1000 - sum(parts)
    return [part / 1000 for part in parts]


def _threshold(
    column: pd.Series, pieces: Sequence[Places], levels: Sequence[object], weights: Sequence[float]
) -> float:
    """Half as much again as the pieces of the data differ from the whole, and a tenth of a nat."""
    most = 0.0
    for piece in pieces:
        counts = column.iloc[piece].value_counts()
        seen = np.array([counts.get(level, 0) for level in levels], dtype=float)
        if seen.sum():
            shares = seen / seen.sum()
            there = shares > 0
            most = max(most, float((shares[there] * np.log(shares[there] / np.asarray(weights)[there])).sum()))
    return math.ceil(100 * (1.5 * most + 0.1)) / 100


def _all_occur(
    name: str, column: pd.Series, pieces: Sequence[Places], counts: pd.Series, only: Purpose | None
) -> Iterator[Draft]:
    """The levels that every piece of the data has plenty of, where one level is nearly everything."""
    rarest = [column.iloc[piece].value_counts() for piece in pieces]
    steady = sorted(level for level in counts.index if all(seen.get(level, 0) >= 0.02 * seen.sum() for seen in rarest))
    if len(steady) > 1:
        values = [rounded(level) if isinstance(level, float) else level for level in steady]
        note = "one level is nearly everything; without the others the column says nothing"
        yield Draft(
            "expect_column_distinct_values_to_contain_set", {"column": name, "value_set": values}, "warning", note, only
        )


def _texts(name: str, column: pd.Series, pieces: Sequence[Places], *, wide: bool) -> Iterator[Draft]:
    held = column.dropna()
    if held.nunique() <= MOST_LEVELS:
        yield from _few_texts(name, held, pieces, column, wide=wide)
        return
    if len(held) >= _FEW and held.is_unique:
        note = "it is different in every row, as names and prose are"
        yield Draft("expect_column_values_to_be_unique", {"column": name}, "warning", note)
    else:
        yield from _common(name, column, held, pieces)
    pattern = _pattern(held)
    if pattern is not None:
        kwargs = {"column": name, "regex": pattern, "mostly": 0.99}
        note = f"codes such as {held.iloc[0]}; in another form each is new to the model"
        yield Draft("expect_column_values_to_match_regex", kwargs, "warning", note)
        return
    lengths = held.str.len()
    longest = float(lengths.quantile(0.995))
    kwargs = {"column": name, "min_value": 1, "max_value": math.ceil(2 * longest), "mostly": 0.99}
    note = f"99 % had at most {longest:,.0f} characters"
    yield Draft("expect_column_value_lengths_to_be_between", kwargs, "warning", note)


def _few_texts(
    name: str, held: pd.Series, pieces: Sequence[Places], column: pd.Series, *, wide: bool
) -> Iterator[Draft]:
    if not wide:
        yield from levels_of(name, held, pieces, column)
        return
    kwargs = {"column": name, "value_set": sorted(held.unique().tolist()), "mostly": 0.99}
    yield Draft("expect_column_values_to_be_in_set", kwargs, "warning", "another one is new to the model")


def _common(name: str, column: pd.Series, held: pd.Series, pieces: Sequence[Places]) -> Iterator[Draft]:
    """Of many levels the commonest, and how many there are at the least among 200 rows."""
    parts = [some for piece in pieces if len(some := column.iloc[piece].dropna())]
    first = {str(part.mode().iloc[0]) for part in parts}
    counts = held.value_counts()
    most = sorted(first | set(counts.head(MOST_NAMED).index))
    if len(counts) > MOST_NAMED and counts.iloc[0] >= 2 * counts.iloc[MOST_NAMED]:
        note = f"the commonest of {held.nunique():,}; new ones are life, but one of these is ahead"
        yield Draft(
            "expect_column_most_common_value_to_be_in_set", {"column": name, "value_set": most}, "warning", note
        )
    fewest = min(part.iloc[:LEAST_ROWS].nunique() for part in parts)
    if fewest >= 4:
        kwargs = {"column": name, "min_value": fewest // 2}
        note = f"it had {held.nunique():,}, and {fewest:,} or more among {LEAST_ROWS} rows; far fewer are a part of it"
        yield Draft("expect_column_unique_value_count_to_be_between", kwargs, "warning", note)


def _pattern(held: pd.Series) -> str | None:
    """A regular expression for codes: one class of characters, and their number; None for prose."""
    texts = held.unique()
    lengths = [len(text) for text in texts]
    signs = set().union(*texts)
    if max(lengths) > _LONGEST_CODE or not all(sign.isascii() and not sign.isspace() for sign in signs):
        return None
    classes = [("A-Z", str.isupper), ("a-z", str.islower), ("0-9", str.isdigit)]
    known = "".join(name for name, fits in classes if any(map(fits, signs)))
    other = sorted(sign for sign in signs if not sign.isalnum())
    if len(other) > 4:
        return None
    low, high = min(lengths), max(lengths)
    count = f"{{{low}}}" if low == high else f"{{{max(1, low)},{high}}}"
    escaped = "".join(f"\\{sign}" if sign in "\\]^-[" else sign for sign in other)
    return f"^[{known}{escaped}]{count}$"
