"""The label source: the rows that the target comes from, kept as they came in a Snapshot of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from tidemill.cleaning.normalising import parse_times
from tidemill.collecting.landed import Landed
from tidemill.collecting.rows import Readable, open_source, unread_of
from tidemill.erasing.tombstones import Sieve, Tombstones
from tidemill.errors import UserError, did_you_mean
from tidemill.provenance import code_version
from tidemill.results import SourceRead
from tidemill.snapshot import Snapshot, SnapshotWriter
from tidemill.store import Store, shown
from tidemill.usecase.schema import LabelJoin, UseCase

__all__ = ["keep_labels", "open_labels"]

_ROWS = 100_000


def open_labels(
    use_case: UseCase, known: Iterable[str], url: str, landed: Mapping[str, Landed] | None = None
) -> Readable | None:
    """The use case's label source, looked through; None when it has none.

    ``known`` are the columns of the rows at ``url``, ``landed`` the sources that were fetched. Raises
    :exc:`UserError` for a source that can't be read, a column that is missing on either side, and one that both
    sides have, so that nobody can say which of the two the target is made from.
    """
    name = use_case.label_source
    if name is None:
        return None
    labels = _join(use_case, name)
    rows = list(known)
    _check_present(labels.on, rows, f"sources.{name}.labels.on", url)
    data = open_source(use_case, name, landed)
    _check_present(labels.on, data.columns, f"sources.{name}.labels.on", data.url)
    _check_present([labels.known_at], data.columns, f"sources.{name}.labels.known_at", data.url)
    asked = use_case.target.inputs
    twice = sorted((asked & set(data.columns) & set(rows)) - set(labels.on))
    if twice:
        raise UserError(
            f"target: the rows and the label source `{name}` both have a column `{twice[0]}`. Give one of them another "
            f"name under `sources.{name}.rename`"
        )
    if not asked & (set(data.columns) - set(labels.on)):
        if not asked:
            raise UserError(
                f"target: the label source `{name}` is there, and the target has neither `column` nor `expression`"
            )
        spoken = ", ".join(f"`{column}`" for column in sorted(asked))
        close = did_you_mean(min(asked), data.columns)
        raise UserError(
            f"target: the label source `{name}` has no column {spoken}{close}, and nothing else is asked of it"
        )
    return data


def keep_labels(store: Store, use_case: UseCase, data: Readable, erased: Tombstones) -> tuple[Snapshot, SourceRead]:
    """Write every row of the label source, as it came, with the newest moment in it as the watermark.

    Rows of erased people are left out. Which of the others count at a given moment is decided when rows are labelled,
    not here.
    Raises :exc:`UserError` when no row says when its label became known.
    """
    name = str(use_case.label_source)
    labels = _join(use_case, name)
    writer = SnapshotWriter(store, use_case.name, "labels", code=code_version())
    newest = pd.NaT
    rows = 0
    sieve = Sieve(erased)
    for frame in map(sieve.frame, data.frames(_ROWS)):
        writer.add(frame)
        rows += len(frame)
        latest = parse_times(frame[labels.known_at], use_case.clean).max()
        newest = latest if pd.isna(newest) or latest > newest else newest
    if pd.isna(newest):
        raise UserError(
            f"sources.{name}.labels.known_at: `{labels.known_at}` holds no times that can be read. "
            f"Write them as 2013-10-01T06:00:00Z"
        )
    unread = unread_of(store, use_case, data, erased)
    read = SourceRead(
        name=name,
        url=shown(use_case.sources[name].place),
        files=len(data.files),
        rows=rows,
        notes=data.notes,
        refused=sum(unread.refused.values()),
        quarantine=unread.snapshot,
    )
    return writer.close(watermark=newest.to_pydatetime()), read


def _join(use_case: UseCase, name: str) -> LabelJoin:
    labels = use_case.sources[name].labels
    assert labels is not None
    return labels


def _check_present(names: Iterable[str], known: Iterable[str], where: str, url: str) -> None:
    columns = list(known)
    for name in names:
        if name not in columns:
            raise UserError(f"{where}: there is no column `{name}` in {url}{did_you_mean(name, columns)}")
