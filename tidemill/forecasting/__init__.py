"""Forecasting as regression: rows completed by lags, windows and seasons of the target's own past, never ahead."""

from tidemill.forecasting.completing import Forecaster
from tidemill.forecasting.fitting import Fitted, fit_forecast
from tidemill.forecasting.history import History
from tidemill.forecasting.plan import Memory, Plan

__all__ = ["Fitted", "Forecaster", "History", "Memory", "Plan", "fit_forecast"]
