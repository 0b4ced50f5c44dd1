"""Learning: features, tuning, training, and the stored :class:`~tidemill.learning.model.Model`.

The only part of Tidemill that imports XGBoost, Optuna and scikit-learn, and each of them only where
it is used: predicting imports XGBoost alone. Nothing is imported here, so that the package costs
nothing until one of its modules is asked for.
"""

from __future__ import annotations

__all__: list[str] = []
