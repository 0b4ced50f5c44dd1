"""What the service reads and writes, as JSON; the OpenAPI page is made from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidemill.task import Task

__all__ = [
    "Column",
    "ErrorBody",
    "ErrorResponse",
    "ModelInfo",
    "ModelList",
    "PredictRequest",
    "PredictResponse",
    "RowExplanation",
    "Status",
]

Scalar = str | int | float | bool | list[float | list[float | None] | None] | None
Label = str | int | float | bool


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class PredictRequest(_Body):
    """Rows to answer, each an object of column and value. `null` is a missing value; other columns are ignored.

    A column of pixels takes a list of numbers. `explain` asks for the contribution of each column, or of so many of
    them that moved the row most.
    """

    rows: Annotated[list[dict[str, Scalar]], Field(min_length=1)]
    explain: bool | Annotated[int, Field(ge=1)] = False


class RowExplanation(_Body):
    """What each column adds to the row's score, the strongest first; `base`, these and `rest` add up to it.

    The score is in log-odds of the positive class (of several classes: of the predicted one), in the logarithm of an
    expected count, or in the target's unit. `rest` is what the columns add that are not named.
    """

    contributions: dict[str, float]
    rest: float
    base: float


class PredictResponse(_Body):
    """One answer a row, in the rows' order, all by `model_version`.

    Classification: `prediction` and one `probability_<class>` a class. Numbers: `prediction`, `lower`, `upper`.
    Ranking: `prediction` (a score) and, when rows bring the query's column, `rank` among the rows of that
    query in the request. `explanations` are there when they are asked for, one a row.
    """

    model_version: str
    predictions: list[dict[str, Label | None]]
    explanations: list[RowExplanation] | None = None


class ErrorBody(_Body):
    """What is wrong and how to mend it. `row` (counted from 0) and `column` say where, if it is in a row."""

    code: Literal[
        "not_json",
        "not_found",
        "too_large",
        "bad_request",
        "bad_row",
        "no_champion",
        "not_ready",
        "not_allowed",
        "internal",
    ]
    message: str
    row: int | None = None
    column: str | None = None


class ErrorResponse(_Body):
    """Every answer that is not a success."""

    error: ErrorBody


class Column(_Body):
    """A column that a row must bring (or may, when not `required`: then others can be derived from it)."""

    name: str
    kind: Literal["number", "category", "time", "boolean"]
    required: bool


class ModelInfo(_Body):
    """A served use case. `problem` says why its newest champion is not the one that answers."""

    name: str
    title: str
    model_version: str | None
    task: Task | None = None
    target: str | None = None
    query: str | None = None
    classes: tuple[Label, ...] = ()
    threshold: float | None = None
    columns: tuple[Column, ...] = ()
    problem: str | None = None


class ModelList(_Body):
    """Every served use case."""

    models: tuple[ModelInfo, ...]


class Status(_Body):
    """`ok`: the process lives. `ready`: every use case has a model in memory.

    `problems` says, by use case, why it is not the newest champion that answers, where it is not.
    """

    status: Literal["ok", "ready"]
    problems: dict[str, str] | None = None
