"""Fitting the plan on training rows: the step, the seasons, the lags and windows, and the naive forecast to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from tidemill.cleaning import Kind
from tidemill.errors import UserError, did_you_mean
from tidemill.expressions import columns_of
from tidemill.forecasting.completing import Forecaster
from tidemill.forecasting.history import History
from tidemill.forecasting.making import Doubles, season_values
from tidemill.forecasting.plan import SEASONS_BACK, Plan, Window
from tidemill.forecasting.seen import NEVER, Seen
from tidemill.said import to_say, to_tell
from tidemill.usecase.forecasting import ForecastRules, Statistic
from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import duration_text, parse_duration

__all__ = ["Fitted", "fit_forecast"]

DAY, WEEK, YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=365)
STEP_SHARE = 0.5
NEWEST_STEPS = 3
MOST_WINDOW_STEPS = 2_000
WINDOW_SHARE = 0.5
STATISTICS: tuple[Statistic, ...] = ("mean", "std")


@dataclass(frozen=True)
class Fitted:
    """What completes rows, with the training rows' history, and why other columns are not read as they are."""

    forecaster: Forecaster
    excluded: dict[str, str]


def fit_forecast(
    frame: pd.DataFrame, use_case: UseCase, kinds: Mapping[str, Kind], excluded: Mapping[str, str]
) -> Fitted:
    """The plan for the training rows ``frame``, whose columns are ``kinds``; ``excluded`` ones are not read.

    Raises UserError when a named column is not there, a series has one moment twice, steps are too uneven
    to tell their length, or the horizon is longer than what is known.
    """
    rules = use_case.forecast
    assert rules is not None
    assert use_case.time is not None  # the schema asks for it beside `forecast`
    _check_columns(rules, frame, use_case)
    lagged, reasons = _lagged(rules, frame, use_case, kinds, excluded)
    bare = Plan(
        time=use_case.time,
        series=rules.series,
        target=use_case.target_name,
        horizon=rules.horizon,
        gap=rules.horizon + use_case.maturity,
        every=rules.every or timedelta(seconds=1),
        lags=(),
        windows=(),
        seasons=(),
        lagged=lagged,
        timezone=rules.timezone,
        kinds=_kinds(use_case, rules, lagged),
        naive=None,
        naive_error=None,
    )
    seen = Seen.of_frame(frame, bare, use_case.clean)
    history = History.of(seen, bare)
    every = rules.every or _step(history)
    span = _span(seen)
    if bare.gap >= span:
        raise UserError(
            f"forecast.horizon: {duration_text(bare.gap)} is longer than what the training rows cover "
            f"({_days(span)}): nothing of the past is known for any of them. Shorten it, or bring older rows"
        )
    seasons = _seasons(rules, every, bare.gap, span)
    plan = bare.model_copy(
        update={
            "every": every,
            "seasons": seasons,
            "lags": _lags(rules, every, bare.gap, seasons, span),
            "windows": _windows(rules, every, bare.gap, seasons, span),
        }
    )
    naive, error = _naive(plan, seen, history)
    plan = plan.model_copy(update={"naive": naive, "naive_error": error})
    if plan.local_time is not None or not rules.calendar:
        reasons[plan.time] = (
            to_say("its calendar is not read")
            if not rules.calendar
            else to_tell("read as `{column}`", column=plan.local_time)
        )
    return Fitted(Forecaster(plan, history, use_case.clean), reasons)


def _check_columns(rules: ForecastRules, frame: pd.DataFrame, use_case: UseCase) -> None:
    there = [str(name) for name in frame.columns]
    for field in ("series", "known"):
        for name in getattr(rules, field):
            if name not in there:
                raise UserError(f"forecast.{field}: there is no column `{name}` in the data{did_you_mean(name, there)}")
    for name in rules.series:
        empty = int(frame[name].isna().sum())
        if empty:
            raise UserError(
                f"forecast.series: {empty:,} of {len(frame):,} training rows have nothing in `{name}`, so it is not "
                f"known which series they are of: fill it in, or refuse them with `clean: {{required: [{name}]}}`"
            )


def _kinds(use_case: UseCase, rules: ForecastRules, lagged: Mapping[str, Kind]) -> dict[str, Kind]:
    """What the columns that forecasting reads are. A series' name is a name, whatever it is written with."""
    kinds: dict[str, Kind] = {**lagged, use_case.target_name: "number", str(use_case.time): "time"}
    return kinds | dict.fromkeys(rules.series, "category")


def _lagged(
    rules: ForecastRules, frame: pd.DataFrame, use_case: UseCase, kinds: Mapping[str, Kind], excluded: Mapping[str, str]
) -> tuple[dict[str, Kind], dict[str, str]]:
    """The columns that are read only as they were before, and why each is not read as it is."""
    known = {*rules.known, *rules.series, use_case.time}
    given = {*known, *use_case.id, use_case.group, use_case.weight, use_case.target_name, *excluded}
    unread = {*use_case.columns.ignore, *use_case.columns.forbid}
    lagged: dict[str, Kind] = {}
    reasons: dict[str, str] = {}
    for name in map(str, frame.columns):
        sources = columns_of(use_case.derive[name]) if name in use_case.derive else None
        if sources is not None and sources <= known:
            known.add(name)
        if name in given or name in known or name in unread:
            continue
        reasons[name] = to_say("not known in advance (`forecast.known`)")
        if sources is None and kinds[name] != "time":
            lagged[name] = kinds[name]
            text = to_say("{told}: read as it was {duration} before")
            before = duration_text(rules.horizon + use_case.maturity)
            reasons[name] = to_tell(text, told=reasons[name], duration=before)
    return lagged, reasons


def _step(history: History) -> timedelta:
    """The usual step within a series, when most steps are that long."""
    steps = np.concatenate([np.diff(past.times) for _, past in history.items()] or [np.empty(0, dtype=np.int64)])
    if not len(steps):
        raise UserError("forecast: no series has two rows with a target, so there is no past to learn from")
    lengths, counts = np.unique(steps, return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] < STEP_SHARE * len(steps):
        low, high = (timedelta(microseconds=int(end)) for end in np.quantile(steps, [0.05, 0.95]))
        raise UserError(
            f"forecast.every: the steps within a series are uneven ({_days(low)} to {_days(high)} between two rows), "
            "so none can be called the usual one: say how far apart rows are meant to be, such as `every: 1h`"
        )
    return timedelta(microseconds=int(lengths[most]))


def _span(seen: Seen) -> timedelta:
    times = seen.times[seen.times != NEVER]
    return timedelta(microseconds=int(times.max() - times.min())) if len(times) else timedelta(0)


def _seasons(rules: ForecastRules, every: timedelta, gap: timedelta, span: timedelta) -> tuple[timedelta, ...]:
    if isinstance(rules.seasons, tuple):
        return rules.seasons
    usual = (DAY, WEEK) if every < DAY else (WEEK, YEAR) if every < WEEK else (YEAR,)
    return tuple(season for season in usual if gap + 2 * season <= span and season > every)


def _lags(
    rules: ForecastRules, every: timedelta, gap: timedelta, seasons: tuple[timedelta, ...], span: timedelta
) -> tuple[timedelta, ...]:
    if isinstance(rules.lags, tuple):
        return tuple(sorted(set(rules.lags)))
    newest = [gap + step * every for step in range(NEWEST_STEPS)]
    seasonal = [
        season * count
        for season in seasons
        for count in range(max(-(-gap // season), 1), max(-(-gap // season), 1) + SEASONS_BACK)
    ]
    return tuple(sorted({lag for lag in (*newest, *seasonal) if lag <= span * WINDOW_SHARE or lag == gap}))


def _windows(
    rules: ForecastRules, every: timedelta, gap: timedelta, seasons: tuple[timedelta, ...], span: timedelta
) -> tuple[Window, ...]:
    if isinstance(rules.rolling, dict):
        return tuple(
            Window(span=parse_duration(text), statistics=statistics) for text, statistics in rules.rolling.items()
        )
    spans = sorted({one for season in seasons or (7 * every,) for one in (season, SEASONS_BACK * season)})
    fitting = [one for one in spans if every < one <= every * MOST_WINDOW_STEPS and gap + one <= span * WINDOW_SHARE]
    return tuple(Window(span=one, statistics=STATISTICS) for one in fitting)


def _naive(plan: Plan, seen: Seen, history: History) -> tuple[timedelta | None, float | None]:
    """The season whose repetition errs least on the training rows, and its mean absolute error there."""
    best: tuple[timedelta | None, float | None] = (None, None)
    for season in plan.seasons or (plan.every,):
        error = np.abs(season_values(plan, seen, history, season) - seen.values)
        known: Doubles = error[~np.isnan(error)]
        if len(known) and (best[1] is None or float(known.mean()) < best[1]):
            best = (season, float(known.mean()))
    return best


def _days(span: timedelta) -> str:
    days = span / DAY
    return f"{days:,.0f} days" if days >= 3 else duration_text(timedelta(seconds=round(span.total_seconds())))
