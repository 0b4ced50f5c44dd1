"""Personal data: found by a scan, masked wherever values are printed."""

from tidemill.personal.finding import KIND_WORDS, find_personal
from tidemill.personal.masking import PersonalKind, mask, redact

__all__ = ["KIND_WORDS", "PersonalKind", "find_personal", "mask", "redact"]
