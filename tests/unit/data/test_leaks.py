from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.data.cases import case
from tidemill.leaks import find_leaks

ROWS = 4_000


def honest_frame(seed: int = 0) -> pd.DataFrame:
    """Columns that help, and none that knows: a signal with noise, a busy category, an id, gaps, a constant."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "signal": signal,
            "noise": random.normal(size=ROWS),
            "city": random.choice([f"c{n}" for n in range(300)], ROWS),
            "code": [f"row {n}" for n in range(ROWS)],
            "number": np.arange(ROWS),
            "gaps": np.where(random.random(ROWS) < 0.7, np.nan, random.normal(size=ROWS)),
            "flag": pd.array(random.random(ROWS) < 0.5, dtype="boolean"),
            "constant": 1.0,
            "nothing": np.nan,
            "at": pd.date_range("2020-01-01", periods=ROWS, freq="h", tz="UTC").as_unit("us"),
            "y": (signal + random.normal(size=ROWS) > 0.7).astype("int64"),
        }
    )


def leaks(folder: Path, frame: pd.DataFrame, text: str = "", **more: object) -> dict[str, str]:
    options = {"unlabelled": None, "task": "binary", "target": "{column: y}", **more}
    use_case = case(folder, text, target=str(options["target"]))
    found = find_leaks(use_case, frame, options["unlabelled"], "y", options["task"])  # type: ignore[arg-type]
    return {leak.column: leak.evidence for leak in found}


def test_honest_columns_are_let_through(tmp_path: Path) -> None:
    assert leaks(tmp_path, honest_frame()) == {}


def test_a_renamed_copy_is_the_target_under_another_name(tmp_path: Path) -> None:
    frame = honest_frame()
    frame["outcome"] = frame["y"].map({0: "stayed", 1: "left"})
    frame["again"] = frame["y"] * 3.0
    found = leaks(tmp_path, frame)
    assert sorted(found) == ["again", "outcome"]
    assert found["outcome"].startswith("it is the target under another name: alone it gives an AUC of 1.000")


@pytest.mark.parametrize("shape", ["rising", "falling", "middle", "missing"])
def test_a_column_that_alone_tells_is_found_whatever_its_shape(tmp_path: Path, shape: str) -> None:
    frame = honest_frame()
    random = np.random.default_rng(1)
    y, near = frame["y"], random.normal(scale=0.3, size=ROWS)
    shapes: dict[str, Any] = {
        "rising": y + near,
        "falling": -y + near,
        "middle": np.where(y == 1, near, np.sign(random.normal(size=ROWS)) + near / 3),
        "missing": pd.Series(near).where(y == 1),
    }
    frame["tells"] = shapes[shape]
    assert list(leaks(tmp_path, frame)) == ["tells"]


def test_a_difference_of_two_columns_accuses_the_one_that_comes_later(tmp_path: Path) -> None:
    frame = honest_frame()
    random = np.random.default_rng(1)
    frame["planned"] = random.uniform(0, 1_000, ROWS)
    frame["actual"] = frame["planned"] + 30 * frame["y"] + random.normal(scale=5, size=ROWS)
    found = leaks(tmp_path, frame)
    assert list(found) == ["actual"]
    assert found["actual"].startswith("its difference from `planned` separates the target with an AUC of")
    frame = frame.rename(columns={"planned": "z", "actual": "a"})
    unlabelled = frame.head(100).assign(a=np.nan)
    assert "it is empty in 100%" in leaks(tmp_path, frame, unlabelled=unlabelled)["a"]


def test_times_are_compared_too(tmp_path: Path) -> None:
    frame = honest_frame()
    frame["done"] = frame["at"] + pd.to_timedelta(np.where(frame["y"] == 1, 50, 20), unit="min")
    assert list(leaks(tmp_path, frame)) == ["done"]


def test_a_column_filled_after_the_event_is_found_by_who_lacks_it(tmp_path: Path) -> None:
    frame = honest_frame()
    unlabelled = honest_frame(seed=2).head(200)
    unlabelled.loc[unlabelled.index[:150], "noise"] = np.nan
    found = leaks(tmp_path, frame, unlabelled=unlabelled)
    assert found == {
        "noise": "it is empty in 75% of the 200 rows without a target and in 0.0% of those with one, so it is filled in "
        "only after the outcome"
    }
    assert leaks(tmp_path, frame, unlabelled=unlabelled.head(20)) == {}


def test_what_the_target_is_made_of_and_what_is_made_of_that(tmp_path: Path) -> None:
    frame = honest_frame().assign(half=1.0, later=1.0, odd=1.0)
    text = "derive: {half: noise / 2, odd: half + 1, later: gaps + 1}\ncolumns: {forbid: [gaps]}\n"
    found = leaks(tmp_path, frame, text, target="{expression: noise > 0, name: y}")
    assert found == {
        "noise": "the target is made of it (noise > 0)",
        "half": "it is derived from `noise`, which is what the target is made of",
        "odd": "it is derived from `half`, which is derived from `noise`",
        "later": "it is derived from `gaps`, which is forbidden",
    }


def test_forbidden_ignored_and_id_columns_are_not_looked_at_and_allowed_ones_are_marked(tmp_path: Path) -> None:
    frame = honest_frame()
    for name in ("a", "b", "c", "d"):
        frame[name] = frame["y"] * 2.0
    use_case = case(tmp_path, "id: c\ncolumns: {forbid: [a], ignore: [b], allow: [d]}\n")
    found = find_leaks(use_case, frame, None, "y", "binary")
    assert [(leak.column, leak.allowed) for leak in found] == [("d", True)]


def test_the_limit_is_the_use_cases(tmp_path: Path) -> None:
    assert list(leaks(tmp_path, honest_frame(), "validate: {leak_auc: 0.7}")) == ["signal"]


def test_numbers_are_judged_by_r2(tmp_path: Path) -> None:
    frame = honest_frame()
    frame["y"] = frame["signal"] * 5 + np.random.default_rng(3).normal(size=ROWS)
    frame["signal"] += np.random.default_rng(4).normal(size=ROWS)
    frame["bent"] = frame["y"].abs() * 2 + 1
    frame["copy"] = frame["y"] / 7
    frame["base"] = np.random.default_rng(5).normal(scale=6, size=ROWS)
    frame["shifted"] = frame["base"] + frame["y"]
    found = leaks(tmp_path, frame, task="regression")
    assert sorted(found) == ["copy", "shifted"]
    assert "the target under another name" in found["copy"]
    assert "R²" in found["shifted"]


def test_several_classes_are_judged_one_against_the_rest(tmp_path: Path) -> None:
    frame = honest_frame()
    frame["y"] = np.random.default_rng(3).integers(0, 4, ROWS)
    frame["name"] = frame["y"].map({0: "a", 1: "b", 2: "c", 3: "d"})
    frame["near"] = frame["y"] + np.random.default_rng(4).normal(scale=0.1, size=ROWS)
    assert sorted(leaks(tmp_path, frame, task="multiclass")) == ["name", "near"]


def test_the_frame_is_not_touched_and_the_answer_is_the_same_every_time(tmp_path: Path) -> None:
    frame = honest_frame()
    frame["tells"] = frame["y"] + np.random.default_rng(1).normal(scale=0.3, size=ROWS)
    before = frame.copy()
    assert leaks(tmp_path, frame) == leaks(tmp_path, frame)
    pd.testing.assert_frame_equal(frame, before)
