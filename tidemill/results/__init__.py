"""What each stage hands to the next: small frozen records, JSON both ways.

A record holds references and counts, never rows. Stage results are stored in the lake
(:mod:`tidemill.stages`), so changing a field here means a new ``STAGE_FORMAT`` there.
"""

from __future__ import annotations

from tidemill.results.checks import ExpectationResult, InputValidation, Leak, PersonalColumn, Trap, Validation
from tidemill.results.judged import Baseline, Decision, Evaluation, Lineage, Proof, Report, Stated, TrainingRun
from tidemill.results.labels import ClassCount, FunctionVotes, LabelArrivals, Labelled, StoredLabelModel, Voting
from tidemill.results.learned import Contribution, Fit, Line, ModelReference, Study
from tidemill.results.record import Interval, Record
from tidemill.results.rows import Cleaned, Collected, RowBalance, SourceRead, Split, TrainedRows
from tidemill.results.verdicts import Finding, Lead, Opinion, Seen, SliceTest

__all__ = [
    "Baseline",
    "ClassCount",
    "Cleaned",
    "Collected",
    "Contribution",
    "Decision",
    "Evaluation",
    "ExpectationResult",
    "Finding",
    "Fit",
    "FunctionVotes",
    "InputValidation",
    "Interval",
    "LabelArrivals",
    "Labelled",
    "Lead",
    "Leak",
    "Line",
    "Lineage",
    "ModelReference",
    "Opinion",
    "PersonalColumn",
    "Proof",
    "Record",
    "Report",
    "RowBalance",
    "Seen",
    "SliceTest",
    "SourceRead",
    "Split",
    "Stated",
    "StoredLabelModel",
    "Study",
    "TrainedRows",
    "TrainingRun",
    "Trap",
    "Validation",
    "Voting",
]
