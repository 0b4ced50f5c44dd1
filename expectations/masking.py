"""Results about columns with personal data, with the values of persons masked before anybody sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from expectations.suites import SuiteEntry
from tidemill.personal import mask

__all__ = ["masked_entry", "masked_result"]

_LISTS = ("partial_unexpected_list", "partial_unexpected_counts", "details")
_SAFE = ("count", "proportion", "type")


def masked_entry(entry: SuiteEntry, masked: Mapping[str, str]) -> SuiteEntry:
    """The entry with the values of its ``value_set`` masked: whoever wrote them there need not publish them."""
    values = entry.kwargs.get("value_set")
    if not isinstance(values, list | tuple):
        return entry
    kind = _kind(entry, masked)
    return replace(entry, kwargs={**entry.kwargs, "value_set": [mask(value, kind) for value in values]})


def masked_result(entry: SuiteEntry, result: Mapping[str, Any], masked: Mapping[str, str]) -> dict[str, Any]:
    """Great Expectations' result with every value of a masked column made unreadable; counts and shares stay."""
    kind = _kind(entry, masked)
    shown = dict(result)
    for name in _LISTS:
        if name in shown:
            shown[name] = _masked(shown[name], kind, masked, counts=name.endswith("counts"))
    if "observed_value" in shown and not any(word in entry.type for word in _SAFE):
        shown["observed_value"] = _masked(shown["observed_value"], kind, masked)
    return shown


def _kind(entry: SuiteEntry, masked: Mapping[str, str]) -> str:
    """The kind by which the entry's values are masked; one that shows nothing where it is about several columns."""
    columns = entry.columns()
    return masked[columns[0]] if len(columns) == 1 else "declared"


def _masked(value: Any, kind: str, masked: Mapping[str, str], *, counts: bool = False) -> Any:
    if isinstance(value, Mapping):
        if counts:
            return {name: one if name == "count" else _masked(one, kind, masked) for name, one in value.items()}
        return {name: _masked(one, masked.get(str(name), kind), masked) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one, kind, masked, counts=counts) for one in value]
    return value if value is None or isinstance(value, bool) else mask(value, kind)
