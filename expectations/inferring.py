"""A first suite from the data: what holds for it, with margins, in a file that a person then edits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd

from expectations.drafting import Draft
from expectations.relations import relations
from expectations.suites import Purpose
from expectations.traits import LEAST_ROWS, Places, about, drafts_of, levels_of
from tidemill.cleaning import declared_kinds, normalise
from tidemill.cleaning.inference import inferred_kinds
from tidemill.errors import UserError
from tidemill.labelling.classes import coding_of
from tidemill.personal import KIND_WORDS, find_personal
from tidemill.usecase.document import printable
from tidemill.usecase.schema import UseCase

__all__ = ["infer_suite"]

WIDE = 60
MOST_PIECES = 12
_OF_NO_VALUES = (
    "expect_column_type_to_be",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_unique",
)


def infer_suite(use_case: UseCase, frame: pd.DataFrame, *, rows: int | None = None, later: Collection[str] = ()) -> str:
    """The text of ``expectations/<name>.yaml`` for data like ``frame`` (raw rows of the use case).

    ``frame`` may be an even sample of ``rows`` rows. ``later`` are columns that seem to be filled only after the
    event: with the target and the forbidden columns, they are asked for in training only.

    Judged by it, the rows that it was written from pass. Bounds have margins; everything that a guess can get
    wrong is a warning; only what a model can't do without is critical.
    """
    tidy = _tidy(use_case, frame)
    pieces = _pieces(use_case, tidy)
    targets = _targets(use_case)
    skipped = {*use_case.columns.ignore, *use_case.id, *targets, use_case.time}
    features = [name for name in tidy.columns if name not in skipped]
    wide = len(features) > WIDE
    personal = {one.column: one.kind for one in find_personal(tidy, use_case.columns.personal)}
    whole = len(tidy) if rows is None else round(rows * len(tidy) / max(len(frame), 1))
    blocks = [_head(use_case, len(frame), rows, wide=wide), "  # The table and what names, dates and labels a row"]
    blocks += [draft.text() for draft in (*_table(use_case, tidy, whole), *_keys(use_case, tidy, pieces))]
    for name in features:
        only: Purpose | None = "training" if name in later or name in use_case.columns.forbid else None
        marked = ", known only later, it seems: asked for in training only" if only else ""
        if name in personal:
            blocks.append(
                f"\n  # {printable(name)}: {KIND_WORDS[personal[name]]}, of which nothing is written here{marked}"
            )
        else:
            blocks.append(f"\n  # {printable(name)}: {about(tidy[name])}{marked}")
        drafts = drafts_of(name, tidy[name], pieces, wide=wide, only=only)
        blocks += [draft.text() for draft in drafts if name not in personal or draft.type in _OF_NO_VALUES]
    known = [name for name in features if name not in later and name not in use_case.columns.forbid]
    pairs = [] if wide else list(relations(tidy[known], use_case.seed))
    if pairs:
        blocks += ["\n  # Pairs of columns", *(draft.text() for draft in pairs)]
    return "\n".join(blocks) + "\n"


def _tidy(use_case: UseCase, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows as training would see them: tidied, each once, with a time and a target."""
    raw = frame.set_axis([str(name) for name in frame.columns], axis="columns").reset_index(drop=True)
    declared = declared_kinds(use_case)
    tidy = normalise(raw, use_case.clean, declared)
    tidy = normalise(tidy, use_case.clean, inferred_kinds(tidy, use_case.clean, declared))
    needed = [name for name in (use_case.time, *use_case.id, *_targets(use_case)) if name in tidy]
    usable = tidy.dropna(subset=needed)
    if use_case.clean.deduplicate:
        usable = usable.drop_duplicates()
    if use_case.clean.unique_id and use_case.id:
        usable = usable.drop_duplicates(list(use_case.id), keep="last")
    return (usable if len(usable) else tidy).reset_index(drop=True)


def _pieces(use_case: UseCase, frame: pd.DataFrame) -> list[Places]:
    """The places of the rows in up to twelve stretches of time (else of the file), of 200 rows or more each."""
    order: Places = np.arange(len(frame), dtype=np.intp)
    if use_case.time in frame:
        order = np.asarray(frame[use_case.time].argsort(kind="stable"), dtype=np.intp)
    return np.array_split(order, max(1, min(MOST_PIECES, len(frame) // LEAST_ROWS)))


def _head(use_case: UseCase, seen: int, rows: int | None, *, wide: bool) -> str:
    of = f"{seen:,} of its {rows:,} rows, evenly taken" if rows is not None and rows > seen else f"{seen:,} rows"
    remark = "# There are many columns: what is asked of a distribution is left to you.\n" if wide else ""
    return (
        f"# What the data of {use_case.name} must be, in Great Expectations' own terms. Written by `tidemill init`\n"
        f"# from {of}: read it, and say what you know better. `critical` stops a run before anything is\n"
        "# trained or scored, `warning` is reported, and `rows: refuse` sends the rows that fail to Quarantine.\n"
        f"{remark}"
        f"name: {use_case.name}\n"
        f"least_rows: {LEAST_ROWS} # what is asked of distributions is not asked of fewer rows than that\n"
        "expectations:"
    )


def _table(use_case: UseCase, frame: pd.DataFrame, rows: int) -> Iterator[Draft]:
    count = "expect_table_row_count_to_be_between"
    least = max(rows // 2, min(rows, 2 * use_case.split.minimum_rows))
    note = f"it had {rows:,}; far fewer means that a source is not whole"
    yield Draft(count, {"min_value": least}, "critical", note, "training")
    windows = _windows(use_case, frame, rows)
    if windows is not None:
        low, high = windows
        note = f"a window had {low:,} to {high:,}; half or twice that is a source that broke, or was read twice"
        yield Draft(count, {"min_value": low // 2, "max_value": 2 * high}, "warning", note, "monitoring")


def _windows(use_case: UseCase, frame: pd.DataFrame, rows: int) -> tuple[int, int] | None:
    """The fewest and the most rows in a whole window of monitoring; None for too few windows to tell."""
    if use_case.time not in frame or frame[use_case.time].dtype.kind != "M":
        return None
    times = frame[use_case.time]
    places = ((times - times.min()) // use_case.monitor.window).value_counts()
    inner = places[places.index < places.index.max()] * (rows / max(len(frame), 1))
    return (round(inner.min()), round(inner.max())) if len(inner) >= 6 else None


def _keys(use_case: UseCase, frame: pd.DataFrame, pieces: Sequence[Places]) -> Iterator[Draft]:
    """What names, dates and labels a row."""
    if use_case.id:
        one = len(use_case.id) == 1
        kind = "expect_column_values_to_be_unique" if one else "expect_compound_columns_to_be_unique"
        kwargs = {"column": use_case.id[0]} if one else {"column_list": list(use_case.id)}
        yield Draft(kind, kwargs, "critical", "it names a row, and a row that counts twice proves nothing")
        for name in use_case.id:
            yield Draft("expect_column_values_to_not_be_null", {"column": name}, "critical", "it names a row")
    if use_case.time is not None and use_case.time not in use_case.id:
        note = "rows are split and watched by it"
        yield Draft("expect_column_values_to_not_be_null", {"column": use_case.time}, "critical", note)
    if use_case.time in frame and frame[use_case.time].notna().any():
        for draft in drafts_of(str(use_case.time), frame[use_case.time], pieces, wide=False):
            if draft.type != "expect_column_values_to_not_be_null":
                yield draft
    for name in _targets(use_case):
        if name in frame:
            note = "the target is read from it"
            yield Draft("expect_column_to_exist", {"column": name}, "critical", note, "training")
    yield from _labels(use_case, frame, pieces)


def _labels(use_case: UseCase, frame: pd.DataFrame, pieces: Sequence[Places]) -> Iterator[Draft]:
    """How the target is distributed: by its classes' codes, which are their places, or by its values."""
    name = use_case.target.column
    if name is None or use_case.target.expression or name not in frame:
        return
    column = frame[name]
    try:
        coding = coding_of(use_case, column.dropna())
    except (UserError, IndexError):  # nothing to learn yet: training says so
        return
    if coding.labels:
        codes = pd.Series(coding.codes(column))
        if len(coding.labels) <= 20:
            yield from levels_of(name, codes, pieces, codes, listed=False, only="training")
        return
    for draft in drafts_of(name, column.astype("float64"), pieces, wide=False, only="training"):
        if draft.type.endswith("_between"):
            yield draft


def _targets(use_case: UseCase) -> list[str]:
    return sorted(use_case.target.inputs)
