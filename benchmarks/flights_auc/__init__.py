"""How well flights are judged: XGBoost's defaults, FLAML, AutoGluon and Tidemill on the same rows."""
