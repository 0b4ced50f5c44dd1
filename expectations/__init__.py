"""Great Expectations: what each use case's data must be, one suite a file, and what runs them.

The only part of the project that imports Great Expectations, and only while a suite runs: that import
alone takes seconds.
"""

from __future__ import annotations

from expectations.documents import Subject
from expectations.inferring import infer_suite
from expectations.judging import Judgement, Reads, judge, judge_input
from expectations.suites import Purpose, Suite, SuiteEntry, load_suite, suite_fingerprint, suite_path

__all__ = [
    "Judgement",
    "Purpose",
    "Reads",
    "Subject",
    "Suite",
    "SuiteEntry",
    "infer_suite",
    "judge",
    "judge_input",
    "load_suite",
    "suite_fingerprint",
    "suite_path",
]
