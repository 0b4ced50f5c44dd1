"""Reviewing: the rows whose label is most worth a look, people's answers, and the page that asks for them.

Nothing is imported here: the label stage reads answers without the page, and the page starts without training.
"""

from __future__ import annotations

__all__: list[str] = []
