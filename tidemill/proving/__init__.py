"""Proof of parity: the Model answers alike wherever it is asked, shown on real rows and on odd ones."""

from __future__ import annotations

from tidemill.proving.proof import prove
from tidemill.proving.trained import PROBES

__all__ = ["PROBES", "prove"]
