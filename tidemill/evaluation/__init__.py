"""The judging of Models on the gate rows: metrics with intervals, baselines, slices, explanations.

:func:`evaluate` makes the verdict and stores the evidence; :func:`load_evidence` reads it back.
"""

from tidemill.evaluation.evidence import Evidence, load_evidence
from tidemill.evaluation.judging import evaluate

__all__ = ["Evidence", "evaluate", "load_evidence"]
