"""The stage: a raw Snapshot in, tidy rows and Quarantine out, every row accounted for."""

from __future__ import annotations

import pandas as pd

from tidemill.cleaning.inference import inferred_kinds
from tidemill.cleaning.normalising import Kind, declared_kinds, normalise, unreadable
from tidemill.cleaning.refusing import judged, refusals
from tidemill.errors import TidemillError, UserError
from tidemill.provenance import code_version
from tidemill.results import Cleaned, Collected
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase.schema import CleanRules, UseCase

__all__ = ["clean", "repeated"]

_PLURALS: dict[Kind, str] = {"number": "numbers", "time": "times"}


def clean(store: Store, use_case: UseCase, collected: Collected) -> Cleaned:
    """Tidy the values, keep one of equal rows, refuse what can't be right, keep the newest row of each id.

    In that order: equal rows are those that are equal once tidied, and a broken row never displaces a
    good one of the same id. Refused rows go to Quarantine as they came, with `_rule` and `_reason`.
    Rows in = rows out + quarantined + deduplicated, always.

    The table is held in memory; duplicates are found by 64-bit row hashes and then compared in full.
    Raises :exc:`UserError` when no row is left, and for rules about columns that are not there.
    """
    raw = collected.snapshot.read(store)
    declared = declared_kinds(use_case)
    tidy = normalise(raw, use_case.clean, declared)
    inferred = inferred_kinds(tidy, use_case.clean, declared)
    if inferred:
        tidy = normalise(tidy, use_case.clean, inferred)
    changes = _changes(raw, tidy, inferred, use_case.clean)
    deduplicated = 0
    if use_case.clean.deduplicate:
        once = ~repeated(tidy)
        deduplicated += len(tidy) - int(once.sum())
        raw, tidy = raw[once], tidy[once]
    refused = judged(raw, refusals(use_case, raw, tidy, {**declared, **inferred}))
    tidy = tidy[~refused.mask]
    if use_case.clean.unique_id and use_case.id:
        newest = ~_superseded(tidy, use_case)
        deduplicated += len(tidy) - int(newest.sum())
        tidy = tidy[newest]
    _check_balance(collected.snapshot.rows, len(tidy), len(refused.rows), deduplicated, refused.counts)
    parents = (collected.snapshot.id,)
    code = code_version()
    quarantine = (
        write_snapshot(store, use_case.name, "quarantine", refused.rows, parents=parents, code=code)
        if len(refused.rows)
        else None
    )
    newest_time = tidy[use_case.time].max().to_pydatetime() if use_case.time else None
    return Cleaned(
        snapshot=write_snapshot(
            store, use_case.name, "cleaned", tidy, parents=parents, watermark=newest_time, code=code
        ),
        quarantine=quarantine,
        deduplicated=deduplicated,
        refused=refused.counts,
        changes=changes,
    )


def repeated(frame: pd.DataFrame) -> pd.Series:
    """Rows that are equal to an earlier one in every column, nulls being equal to nulls (bool, same index).

    Rows of one hash are compared in full, so that an unlucky hash never loses a row.
    """
    hashes = pd.util.hash_pandas_object(frame, index=False)
    suspects = hashes.duplicated(keep=False)
    result = pd.Series(False, index=frame.index)
    if suspects.any():
        result[suspects] = frame[suspects].duplicated()
    return result


def _superseded(frame: pd.DataFrame, use_case: UseCase) -> pd.Series:
    """Rows of which there is a newer one with the same id: by time, else by place."""
    names = list(use_case.id)
    several = frame.duplicated(names, keep=False)
    result = pd.Series(False, index=frame.index)
    if several.any():
        some = frame.loc[several, names + ([use_case.time] if use_case.time and use_case.time not in names else [])]
        ordered = some.sort_values(use_case.time, kind="stable") if use_case.time else some
        result[ordered.index] = ordered.duplicated(names, keep="last")
    return result


def _changes(raw: pd.DataFrame, tidy: pd.DataFrame, inferred: dict[str, Kind], rules: CleanRules) -> tuple[str, ...]:
    """What tidying did to the values, a sentence a column."""
    said = [f"`{name}` came as text and is read as {_PLURALS[kind]}" for name, kind in inferred.items()]
    for name, column in tidy.items():
        before = raw[name]
        if before is column or before.dtype.kind in "iu":
            continue
        emptied = int((column.isna() & before.notna() & ~unreadable(before, column, rules)).sum())
        if emptied:
            said.append(f"{_values(emptied)} of `{name}` became null")
        if isinstance(column.dtype, pd.StringDtype) and isinstance(before.dtype, pd.StringDtype):
            trimmed = int((column.notna() & (before != column)).sum())
            if trimmed:
                said.append(f"{_values(trimmed)} of `{name}` trimmed of white space")
    return tuple(said)


def _values(count: int) -> str:
    return f"{count:,} value{'' if count == 1 else 's'}"


def _check_balance(collected: int, kept: int, refused: int, deduplicated: int, counts: dict[str, int]) -> None:
    if collected != kept + refused + deduplicated:
        raise TidemillError(
            f"rows do not balance in cleaning: {collected} in, {kept} kept, {refused} refused, {deduplicated} repeats"
        )
    if not kept:
        worst = max(counts, key=lambda reason: counts[reason])
        raise UserError(
            f"no row is left after cleaning: {refused:,} of {collected:,} were refused, most because {worst} "
            f"({counts[worst]:,}). Mend the data, or the rules under `clean`"
        )
