"""A lake to erase from, without training: orders of customers, with predictions, answers and mended rows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit.data.cases import case
from tidemill.collecting import collect
from tidemill.collecting.replays import Replay, Replays
from tidemill.results import Collected
from tidemill.reviewing.answers import Answer, AnswerLog
from tidemill.snapshot import write_snapshot
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["PERSON", "cells", "orders", "orders_case", "places", "shop_lake"]

PERSON = "c17@shop.example"


def orders(rows: int = 60) -> pd.DataFrame:
    """Each customer has three orders; ``PERSON`` is the fourth of them: orders 9, 10 and 11."""
    names = [f"c{14 + number // 3}@shop.example" for number in range(rows)]
    return pd.DataFrame(
        {"order": range(rows), "customer": names, "amount": [float(one) for one in range(rows)], "y": 1}
    )


def orders_case(folder: Path, more: str = "", frame: pd.DataFrame | None = None) -> UseCase:
    """A use case of them: `order` is the id, and names nobody."""
    made = case(folder, f"id: order\ncolumns: {{ignore: [customer]}}\n{more}")
    (orders() if frame is None else frame).to_csv(folder / "data.csv", index=False)
    return made


def shop_lake(store: Store, use_case: UseCase) -> Collected:
    """Collect the orders, predict for them, answer some and bring some back."""
    collected = collect(store, use_case)
    rows = orders()
    answers = pa.table({"order": pa.array(rows["order"]), "prediction": pa.array(rows["amount"])})
    sink = io.BytesIO()
    pq.write_table(answers, sink, row_group_size=25)
    store.write_bytes("small/predictions/v1.parquet", sink.getvalue())
    log = AnswerLog(store, "small")
    for order in (10, 20):
        log.add(_answer(order))
    back = write_snapshot(store, "small", "mended", rows[["order", "customer", "amount", "y"]].iloc[8:13])
    names = tuple(f"row {order}" for order in range(8, 13))
    when = datetime(2024, 1, 1, tzinfo=UTC)
    Replays(store, "small").add(Replay(use_case="small", snapshot=back, rows=names, who="ana", when=when, why=""))
    store.write_json("small/profiles/p.json", {"columns": [{"name": "customer", "levels": ["a", PERSON]}]})
    store.write_bytes("small/reports/v1/report.html", f"<p>Most: {PERSON}</p>".encode())
    return collected


def _answer(order: int) -> Answer:
    return Answer(
        row=json.dumps([str(order)]),
        named={"order": str(order)},
        action="answer",
        value=0,
        old=1,
        who="ana",
        when=datetime(2024, 1, 1, tzinfo=UTC),
        version="v1",
        why="suspect",
    )


def cells(store: Store, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Every cell of every table as text: key, column, value."""
    for key in store.list(prefix):
        if key.endswith(".parquet"):
            table = pq.read_table(pa.BufferReader(store.read_bytes(key)))
            for name in table.column_names:
                for value in table.column(name).to_pylist():
                    yield key, name, str(value)


def places(store: Store, value: str) -> set[str]:
    """The keys of everything that holds ``value``: as a cell of a table, or as bytes anywhere else."""
    found = {key for key, _, cell in cells(store) if value in cell}
    return found | {key for key in store.list() if value.encode() in store.read_bytes(key)}
