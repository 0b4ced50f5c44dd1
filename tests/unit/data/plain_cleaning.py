"""Cleaning as plain pandas would do it in memory: what the stage, part by part, must give too."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tidemill.cleaning import declared_kinds, normalise
from tidemill.cleaning.inference import inferred_kinds
from tidemill.cleaning.normalising import unreadable
from tidemill.cleaning.refusing import judged, refusals
from tidemill.usecase import UseCase

__all__ = ["Plainly", "cleaned_plainly"]


@dataclass(frozen=True)
class Plainly:
    """The kept rows, the refused ones as they came, and how many repeated another."""

    kept: pd.DataFrame
    refused: pd.DataFrame
    deduplicated: int


def cleaned_plainly(use_case: UseCase, raw: pd.DataFrame) -> Plainly:
    """Clean a whole frame."""
    rules = use_case.clean
    declared = declared_kinds(use_case)
    kinds = {**declared, **inferred_kinds(normalise(raw, rules, declared), rules, declared)}
    tidy = normalise(raw, rules, kinds)
    count = len(tidy)
    if rules.deduplicate:
        compared = tidy.copy()
        for name in kinds:
            compared[f"unread {name}"] = raw[name].map(str).where(unreadable(raw[name], tidy[name], rules), None)
        once = ~compared.duplicated()
        raw, tidy = raw[once], tidy[once]
    found = judged(raw, refusals(use_case, raw, tidy, kinds))
    kept = tidy[~found.mask]
    if rules.unique_id and use_case.id:
        ordered = kept.sort_values(use_case.time, kind="stable") if use_case.time else kept
        newest = ordered.index[~ordered.duplicated(list(use_case.id), keep="last")]
        kept = kept.loc[kept.index.isin(newest)]
    return Plainly(kept.reset_index(drop=True), found.rows, count - len(kept) - len(found.rows))
