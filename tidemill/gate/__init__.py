"""The model gate: what a version must show on the gate rows before it may become the champion.

:func:`judged` applies each rule to the numbers of an evaluation, :func:`decide` comes to the decision and says why.
Both are pure: the same use case and the same stored evaluation give the same answer, at any later time.
"""

from tidemill.gate.answering import answered
from tidemill.gate.deciding import Ruling, decide, rule
from tidemill.gate.findings import PROOF, findings, judged

__all__ = ["PROOF", "Ruling", "answered", "decide", "findings", "judged", "rule"]
