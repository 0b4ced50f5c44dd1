"""Tables of many kinds, the same seconds, the same rows: XGBoost's defaults, plain Optuna, FLAML, AutoGluon, Tidemill.

    python -m benchmarks.automl [--sets adult,elec2] [--contestants tidemill,flaml] [--seeds 1,2,3]
                                [--budget 60] [--cores 1] [--again] [--results FOLDER]
    python -m benchmarks.automl --table

Results are stored as they come, and what is stored is not run again. See README.md beside this file.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from benchmarks.automl.environments import CACHE, HERE
from benchmarks.automl.results import Key, append, load
from benchmarks.automl.running import CONTESTANTS, available_cores, run
from benchmarks.automl.sets import SETS
from benchmarks.automl.table import markdown

Thing = TypeVar("Thing")


def main() -> int:
    """Run what is asked for and not there yet, or print the table of what there is."""
    asked = _arguments()
    if asked.table:
        return _print_table(asked.results)
    cores = available_cores()[: asked.cores]
    done = load(asked.results)
    for seed in asked.seeds:
        for dataset in asked.sets:
            for contestant in asked.contestants:
                key = Key(dataset.name, seed, asked.budget, contestant)
                if key in done and not asked.again:
                    continue
                result = run(dataset, key, CACHE, cores)
                append(asked.results, result)
                said = "failed" if result.score is None else f"{result.metric} {result.score:.5f}"
                took = f"{result.seconds or result.whole_seconds:7.1f} s {result.memory:6.0f} MB"
                print(
                    f"{dataset.name:14s} seed {seed}  {contestant:14s} {said:18s} {took}  {result.detail}", flush=True
                )
    return 0


def _print_table(folder: Path) -> int:
    results = load(folder)
    if not results:
        raise SystemExit(f"there are no results in {folder}: run some first")
    text = markdown(results, CONTESTANTS)
    (folder / "table.md").write_text(text)
    print(text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sets = {one.name: one for one in SETS}
    parser.add_argument("--sets", type=_some_of(sets), default=[*SETS])
    parser.add_argument("--contestants", type=_some_of({one: one for one in CONTESTANTS}), default=[*CONTESTANTS])
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for each contestant")
    parser.add_argument("--cores", type=int, default=len(available_cores()), help="for each contestant")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--table", action="store_true", help="print what is stored as a table, and run nothing")
    parser.add_argument("--again", action="store_true", help="run what is stored again, too")
    return parser.parse_args()


def _some_of(known: Mapping[str, Thing]) -> Callable[[str], list[Thing]]:
    def chosen(text: str) -> list[Thing]:
        unknown = [name for name in text.split(",") if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}, but {', '.join(known)}")
        return [known[name] for name in text.split(",")]

    return chosen


if __name__ == "__main__":
    raise SystemExit(main())
