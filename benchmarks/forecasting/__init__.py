"""What forecasting features are worth on hourly counts."""
