"""Quarantine as one table that a person can mend: the primary source's columns, with why each row was refused."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tidemill.cleaning.normalising import text_of
from tidemill.errors import UserError
from tidemill.quarantine.holding import Held, Holding
from tidemill.store import Store, create_url, shown
from tidemill.usecase.schema import UseCase

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REFERENCE", "export", "quarantined"]

REFERENCE = "_quarantine"
_WHY = ("_rule", "_reason", "_file", "_row", "_raw")
_WRITERS = ("csv", "parquet", "jsonl")


def quarantined(store: Store, use_case: UseCase, found: Holding) -> Iterator[pd.DataFrame]:
    """Every quarantined row, a frame a part: `_quarantine`, `_stage`, why it was refused, the primary source's columns.

    `_quarantine` names a row by what it holds, so that it is the same in every run that refuses the row; of equal
    rows the second has a number behind it.
    """
    seen: Counter[str] = Counter()
    names = _labels(use_case, found)
    for held in found.held:
        for frame in held.snapshot.frames(store):
            yield _told(use_case, found, held, frame, names, seen)


def export(store: Store, use_case: UseCase, found: Holding, url: str, skip: set[str]) -> int:
    """Write the quarantined rows to ``url`` (CSV, Parquet or JSON Lines, by its ending); gives their number.

    Columns: `_quarantine` (what names the row, needed to bring it back), `_stage`, `_rule`, `_reason`, for rows that
    could not be read also `_file`, `_row` and `_raw`, then the primary source's columns as they came. Rows that
    ``skip`` names are left out. The file appears whole or not at all. Raises UserError for another ending.
    """
    ending = url.rpartition(".")[2].lower()
    if ending not in _WRITERS:
        raise UserError(f"{shown(url)} should end in .csv, .parquet or .jsonl: that says how the rows are written")
    import pandas as pd

    frames = [frame[~frame[REFERENCE].isin(skip)] for frame in quarantined(store, use_case, found)]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({REFERENCE: []})
    columns = [REFERENCE, "_stage", *(name for name in _WHY if name in table), *found.collected.sources[0].columns]
    table = table.reindex(columns=list(dict.fromkeys(columns)))
    with create_url(url) as file:
        if ending == "csv":
            table.to_csv(file, index=False)
        elif ending == "parquet":
            table.to_parquet(file, index=False)
        else:
            table.to_json(file, orient="records", lines=True, date_format="iso", force_ascii=False)
    return len(table)


def _told(
    use_case: UseCase, found: Holding, held: Held, frame: pd.DataFrame, names: Mapping[int, object], seen: Counter[str]
) -> pd.DataFrame:
    """One part of one stage's refused rows, as the primary source has them."""
    if held.stage == "validate" and names and use_case.target_name in frame:
        frame = frame.assign(**{use_case.target_name: frame[use_case.target_name].map(names)})
    wanted = [*_WHY, *found.collected.sources[0].columns]
    told = frame[[name for name in wanted if name in frame.columns]]
    content = told[[name for name in told.columns if name == "_raw" or name not in _WHY]]
    told.insert(0, REFERENCE, [_reference(row, seen) for row in content.itertuples(index=False, name=None)])
    told.insert(1, "_stage", held.stage)
    whole = [name for name in told.columns if told[name].dtype.kind in "iu"]
    return told.astype(dict.fromkeys(whole, "Int64"))  # whole numbers stay so beside rows that have none


def _reference(row: tuple[object, ...], seen: Counter[str]) -> str:
    """A row's name: a hash of its values as text, where 7 and 7.0 are one, and how many equal ones came before it."""
    import pandas as pd

    text = "\x1f".join("" if pd.isna(value) else text_of(value) for value in row)  # type: ignore[call-overload]
    name = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"


def _labels(use_case: UseCase, found: Holding) -> dict[int, object]:
    """The target's values behind the codes of a labelled row; empty where the row holds the value itself."""
    if found.labelled is None or use_case.target.column is None or not found.labelled.classes:
        return {}
    raw = {label: value for value, label in use_case.target.labels.items()}
    labels: Sequence[object] = [one.label for one in found.labelled.classes]
    return {code: raw.get(str(label), label) for code, label in enumerate(labels)}
