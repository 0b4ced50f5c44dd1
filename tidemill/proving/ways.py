"""The ways in which rows reach a Model: Python, batch scoring of each kind of file, and a REST service."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pandas as pd

from tidemill.errors import UserError
from tidemill.learning.model import Model
from tidemill.learning.queries import RANK
from tidemill.proving.comparing import Answers
from tidemill.proving.probes import Part, Probes
from tidemill.proving.spelling import as_csv, as_frame, as_json, as_lines, as_parquet
from tidemill.results import ModelReference
from tidemill.scoring import score
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["Proven", "by_batch", "by_python", "by_rest"]

ALONE = 16
SECONDS = 60.0
FILES: dict[str, Callable[[Part], bytes]] = {"parquet": as_parquet, "jsonl": as_lines, "csv": as_csv}
NAMES = {"parquet": "Parquet", "jsonl": "JSON lines", "csv": "CSV"}


@dataclass(frozen=True)
class Proven:
    """The Model that is proved, by the name that its answers go by until it is a version."""

    model: ModelReference

    @property
    def version(self) -> str:
        """What answers are stamped with."""
        return f"proof-{self.model.id}"


def by_python(store: Store, proven: Proven, probes: Probes) -> Answers:
    """The stored Model, loaded anew and asked for frames."""
    model = Model.load(store, proven.model)
    return _joined("the reloaded artefact", [model.predict(as_frame(part)) for part in probes.parts])


def by_batch(store: Store, use_case: UseCase, proven: Proven, probes: Probes) -> Iterator[Answers]:
    """Batch scoring from a file of each kind to a Parquet file, of rows that bring all that would be joined to them."""
    alone = _with_rows_alone(use_case, probes)
    with tempfile.TemporaryDirectory(prefix="tidemill-proof-") as folder:
        for kind, write in FILES.items():
            way = f"batch scoring of {NAMES[kind]}"
            given: list[pd.DataFrame] = []
            for number, part in enumerate(probes.parts):
                source = Path(folder) / f"{number}.{kind}"
                source.write_bytes(write(part))
                output = Path(folder) / f"{number}-{kind}-answers.parquet"
                try:
                    score(store, alone, proven, str(source), str(output), recorded=False)
                except UserError as error:
                    before = sum(len(one) for one in given)
                    yield Answers(way, _stacked(given), {before + (error.row or 0): _why(error)})
                    break
                given.append(pd.read_parquet(output).drop(columns="model_version"))
            else:
                yield _joined(way, given)


def by_rest(store: Store, use_case: UseCase, proven: Proven, probes: Probes) -> Iterator[Answers]:
    """A REST service, started for this on the loopback interface and asked over HTTP: many rows at once, and one."""
    from tidemill.serving import Pinned, app_of, beside

    app = app_of([Pinned(use_case, proven.version, Model.load(store, proven.model, threads=1))])
    most = use_case.serve.max_rows
    with beside(app) as address, httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as client:
        path = f"/v1/models/{use_case.name}/predict"
        rows = [row for part in probes.parts for row in as_json(part)]
        starts = [0, len(probes.parts[0].rows)] if len(probes.parts) > 1 else [0]
        ends = [*starts[1:], len(rows)]
        whole = all(end - start <= most for start, end in zip(starts, ends, strict=True))
        requests = [
            range(first, min(first + most, end))
            for start, end in zip(starts, ends, strict=True)
            for first in range(start, end, most)
        ]
        yield _asked(client, path, "the REST service", rows, requests, ranked=whole)
        every = max(1, len(rows) // ALONE)
        single = [range(row, row + 1) for row in range(0, len(rows), every)]
        yield _asked(client, path, "the REST service, asked for one row,", rows, single, ranked=False)


def _asked(
    client: httpx.Client, path: str, way: str, rows: Sequence[object], requests: Sequence[range], *, ranked: bool
) -> Answers:
    """One request for each range of rows. Ranks are left out where a request does not hold all rows of its part."""
    given: dict[int, dict[str, object]] = {}
    refused: dict[int, str] = {}
    for asked in requests:
        response = client.post(path, content=json.dumps({"rows": [rows[row] for row in asked]}))
        if response.status_code != 200:
            error = response.json()["error"]
            refused[asked.start + (error["row"] or 0)] = f"{response.status_code} {_of_column(error['column'])}"
            continue
        given.update(zip(asked, response.json()["predictions"], strict=True))
    return Answers(way, pd.DataFrame.from_dict(given, orient="index"), refused, () if ranked else (RANK,))


def _with_rows_alone(use_case: UseCase, probes: Probes) -> UseCase:
    """The use case for rows that come with what its side sources would give, under the names that it knows.

    What the probes bring or derive is all that is derived; their files are plain UTF-8.
    """
    plain = {"rename": {}, "encoding": "auto", "decimal": "auto"}
    primary = use_case.sources[use_case.primary].model_copy(update=plain)
    names = {column.name for column in probes.parts[0].columns}
    derive = {name: said for name, said in use_case.derive.items() if name in names}
    return use_case.model_copy(update={"sources": {use_case.primary: primary}, "derive": derive})


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _joined(way: str, tables: Sequence[pd.DataFrame]) -> Answers:
    return Answers(way, _stacked(tables), {})


def _why(error: UserError) -> str:
    return _of_column(error.column)


def _of_column(column: str | None) -> str:
    return f"for column `{column}`" if column else "for the whole row"
