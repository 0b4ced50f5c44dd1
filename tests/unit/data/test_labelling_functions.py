"""Labelling functions: what they say, how it becomes one label, and what is told about each of them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.data.cases import case, cleaned_of
from tidemill.errors import UserError
from tidemill.labelling import label, label_inputs
from tidemill.results import Labelled, Voting
from tidemill.reviewing.rows import row_keys
from tidemill.store import Store

REVIEWS = pd.DataFrame(
    {
        "review": ["love it", "a waste", "love, but a waste", "nothing", "best, love", "waste, stale, love", None],
        "stars": [5.0, 1.0, 2.0, 3.0, 5.0, 1.0, 2.0],
    }
)
FUNCTIONS = """
  functions:
    praise: {when: 'matches(review, "love|best")', label: good}
    waste: {when: 'contains(review, "waste")', label: bad}
    stale: {when: 'contains(review, "stale")', label: bad}
"""


def labelled(
    store: Store, folder: Path, frame: pd.DataFrame, said: str = FUNCTIONS, text: str = "", **more: Any
) -> Labelled:
    return label(store, case(folder, text, target=said), cleaned_of(store, frame), **more)


def values(store: Store, result: Labelled) -> dict[int, object]:
    """What each row, by its `place`, was labelled."""
    frame = result.snapshot.read(store)
    names = [one.label for one in result.classes]
    target = next(name for name in ("y", "opinion", "target") if name in frame)
    return {int(place): names[code] for place, code in zip(frame["place"], frame[target], strict=True)}


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=range(len(frame)))


def voting(result: Labelled) -> Voting:
    assert result.voting is not None
    return result.voting


def test_votes_are_counted_and_ties_are_nobody_s(tmp_path: Path, memory: Store) -> None:
    result = labelled(memory, tmp_path, placed(REVIEWS), FUNCTIONS + "  combine: vote\n  name: opinion\n")
    assert values(memory, result) == {0: "good", 1: "bad", 4: "good", 5: "bad"}
    assert result.refused == {
        "no labelling function says anything of it": 2,
        "labelling functions disagree, and none outweighs the others": 1,
    }
    assert result.quarantine is not None
    refused = result.quarantine.read(memory)
    assert dict(zip(refused["place"], refused["_rule"], strict=True)) == {
        2: "label:tie",
        3: "label:none",
        6: "label:none",
    }
    told = {one.name: (one.coverage, one.overlaps, one.conflicts, one.accuracy) for one in voting(result).functions}
    assert told["praise"] == (pytest.approx(4 / 7), pytest.approx(2 / 7), pytest.approx(2 / 7), None)
    assert told["stale"] == (pytest.approx(1 / 7), pytest.approx(1 / 7), pytest.approx(1 / 7), None)
    assert voting(result).functions[0].says == 'good where matches(review, "love|best")'
    assert sum(voting(result).confidence) == 4


def test_what_each_function_said_of_each_row_is_kept(tmp_path: Path, memory: Store) -> None:
    frame = placed(REVIEWS).assign(key=list("abcdefg"))
    result = labelled(memory, tmp_path, frame, FUNCTIONS + "  combine: vote\n", "id: key")
    assert voting(result).votes.kind == "label_votes"
    votes = voting(result).votes.read(memory)
    assert list(votes.columns) == ["_row", "key", "_vote_praise", "_vote_stale", "_vote_waste", "_label", "_confidence"]
    assert votes["key"].tolist() == ["a", "b", "c", "e", "f"]
    assert votes["_row"].tolist() == [0, 1, 2, 4, 5]
    sixth = votes.iloc[-1]
    assert sixth[["_vote_praise", "_vote_stale", "_vote_waste", "_label"]].tolist() == ["good", "bad", "bad", "bad"]
    assert sixth["_confidence"] == pytest.approx(2 / 3, abs=1e-6)
    assert votes["_label"].isna().tolist() == [False, False, True, False, False]
    assert not {"_vote_praise", "_confidence"} & set(result.snapshot.read(memory).columns)


def test_rows_that_the_functions_are_not_sure_of_wait_for_a_person(tmp_path: Path, memory: Store) -> None:
    said = FUNCTIONS + "  combine: vote\n  minimum_confidence: 0.7\n"
    result = labelled(memory, tmp_path, placed(REVIEWS), said)
    assert result.refused["labelling functions are less than 70% sure of its label"] == 1
    assert voting(result).unsure == 1
    told = voting(result)
    assert told.rows == told.gold + told.labelled + told.silent + told.tied + told.unsure == len(REVIEWS)


def test_a_target_that_is_there_wins_and_tells_how_right_the_functions_are(tmp_path: Path, memory: Store) -> None:
    frame = placed(REVIEWS).assign(opinion=["bad", None, "bad", "good", None, None, None])
    result = labelled(memory, tmp_path, frame, "\n  column: opinion" + FUNCTIONS + "  combine: vote\n")
    assert values(memory, result) == {0: "bad", 1: "bad", 2: "bad", 3: "good", 4: "good", 5: "bad"}
    told = {one.name: (one.gold_rows, one.gold_accuracy) for one in voting(result).functions}
    assert told == {"praise": (2, 0.0), "waste": (1, 1.0), "stale": (0, None)}
    assert (voting(result).gold, voting(result).gold_voted, voting(result).gold_accuracy) == (3, 1, 0.0)


@pytest.mark.parametrize(
    ("target", "labels", "wanted"),
    [
        ([True, None, False, None], ("yes", "no"), {0: True, 1: False, 2: False, 3: True}),
        ([1, None, 0, None], ("true", "false"), None),
        ([1, None, 0, None], ("1", "0"), {0: 1, 1: 0, 2: 0, 3: 1}),
        (["1", None, "0", None], ("1", "0"), {0: "1", 1: "0", 2: "0", 3: "1"}),
    ],
)
def test_labels_are_read_as_the_target_holds_them(
    tmp_path: Path, memory: Store, target: list[object], labels: tuple[str, str], wanted: dict[int, object] | None
) -> None:
    dtype = {bool: "boolean", int: "float64", str: "str"}[type(target[0])]
    frame = placed(pd.DataFrame({"x": [1, 2, 2, 1], "y": pd.Series(target, dtype=dtype)}))
    said = (
        f"\n  column: y\n  combine: vote\n  functions:\n    one: {{when: x == 1, label: '{labels[0]}'}}"
        f"\n    two: {{when: x == 2, label: '{labels[1]}'}}\n"
    )
    if wanted is None:
        with pytest.raises(UserError, match=r"give the label `true`, and the target holds values such as `1`"):
            labelled(memory, tmp_path, frame, said)
    else:
        assert values(memory, labelled(memory, tmp_path, frame, said)) == wanted


def planted(rows: int, seed: int = 1) -> tuple[pd.DataFrame, dict[str, float]]:
    """Three classes and six functions' votes, with how often each function is right where it votes."""
    random = np.random.default_rng(seed)
    truth = random.choice(3, rows, p=[0.5, 0.3, 0.2])
    quality = {"a": 0.95, "b": 0.85, "c": 0.7, "d": 0.55, "e": 0.5, "f": 0.45}
    frame = pd.DataFrame({"truth": truth})
    for place, (name, right) in enumerate(quality.items()):
        said = np.where(random.random(rows) < right, truth, (truth + random.integers(1, 3, rows)) % 3)
        frame[name] = np.where(random.random(rows) < 0.4 + 0.1 * place, said, np.nan)
    return placed(frame), quality


def python_functions(folder: Path, names: str) -> str:
    """Labelling functions that read a column each, and give what stands in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "votes.py").write_text("".join(f"def {name}(frame):\n    return frame['{name}']\n" for name in names))
    lines = "".join(f"    {name}: {{python: 'votes:{name}'}}\n" for name in names)
    return f"\n  functions:\n{lines}"


def test_the_label_model_finds_the_planted_accuracies_and_beats_the_vote(tmp_path: Path, memory: Store) -> None:
    frame, quality = planted(20_000)
    said = python_functions(tmp_path, "abcdef")
    model = labelled(memory, tmp_path, frame, said)
    for one in voting(model).functions:
        assert one.accuracy == pytest.approx(quality[one.name], abs=0.02)
    truth = frame["truth"].to_dict()

    def right(result: Labelled, rows: set[int]) -> float:
        given = values(memory, result)
        return float(np.mean([given.get(row) == truth[row] for row in rows]))

    vote = labelled(memory, tmp_path, frame, said + "  combine: vote\n")
    decided = set(values(memory, vote))
    assert right(model, decided) > right(vote, decided) + 0.02
    votes = voting(model).votes.read(memory)
    sure = votes["_confidence"].mean()
    correct = (votes["_label"] == votes["_row"].map(truth).astype(str)).mean()
    assert sure == pytest.approx(correct, abs=0.01)


def test_neither_the_order_of_rows_nor_of_functions_counts(tmp_path: Path, memory: Store) -> None:
    frame, _ = planted(2_000)
    first = labelled(memory, tmp_path / "one", frame, python_functions(tmp_path / "one", "abcdef"))
    shuffled = frame.sample(frac=1.0, random_state=3).reset_index(drop=True)
    second = labelled(memory, tmp_path / "two", shuffled, python_functions(tmp_path / "two", "fcebda"))
    assert values(memory, first) == values(memory, second)
    assert voting(first).model == voting(second).model
    assert [one.accuracy for one in voting(first).functions] == [one.accuracy for one in voting(second).functions]


def test_some_known_targets_name_the_classes_where_most_functions_are_wrong(tmp_path: Path, memory: Store) -> None:
    """Two functions alone tell nothing of each other; with some truth, the worse than useless one is seen for it."""
    random = np.random.default_rng(4)
    truth = random.random(4_000) < 0.5
    frame = pd.DataFrame({"place": range(4_000)})
    for name, share in (("a", 0.1), ("b", 0.9)):
        frame[name] = np.where(random.random(4_000) < share, truth, ~truth)
    frame["y"] = pd.Series(np.where(frame.index < 200, truth, None), dtype="boolean")
    said = "\n  column: y" + python_functions(tmp_path, "ab")
    result = labelled(memory, tmp_path, frame, said)
    assert [one.accuracy for one in voting(result).functions] == pytest.approx([0.1, 0.9], abs=0.05)
    given = values(memory, result)
    assert np.mean([given[row] == truth[row] for row in given]) > 0.88
    alone = labelled(memory, tmp_path, frame.drop(columns="y"), said.replace("\n  column: y", ""))
    assert voting(alone).model is None
    assert voting(alone).tied > 2_000


def test_functions_that_agree_in_everything_are_believed(tmp_path: Path, memory: Store) -> None:
    frame = placed(pd.DataFrame({name: ["x", "y", "x", None] * 50 for name in "abc"}))
    result = labelled(memory, tmp_path, frame, python_functions(tmp_path, "abc"))
    assert list(values(memory, result).values()) == ["x", "y", "x"] * 50
    assert all(one.accuracy == pytest.approx(1.0, abs=1e-3) for one in voting(result).functions)
    assert voting(result).silent == 50


def test_one_function_alone_is_taken_at_its_word(
    tmp_path: Path, memory: Store, caplog: pytest.LogCaptureFixture
) -> None:
    frame = placed(pd.DataFrame({"a": ["x", "y", "x", None] * 5}))
    with caplog.at_level(logging.INFO, logger="tidemill.progress"):
        result = labelled(memory, tmp_path, frame, python_functions(tmp_path, "a"))
    assert list(values(memory, result).values()) == ["x", "y", "x"] * 5
    assert "fewer than three labelling functions vote" in caplog.text


def test_functions_that_all_abstain_leave_nothing_to_learn(tmp_path: Path, memory: Store) -> None:
    frame = placed(pd.DataFrame({name: [None] * 9 for name in "abc"}).astype("float64"))
    with pytest.raises(UserError, match="no labelling function says anything of it in any of 9 rows"):
        labelled(memory, tmp_path, frame, python_functions(tmp_path, "abc"))


def test_later_rows_are_labelled_by_what_was_learned_before(tmp_path: Path, memory: Store) -> None:
    frame, _ = planted(6_000)
    said = python_functions(tmp_path, "abcdef")
    like = labelled(memory, tmp_path, frame, said)
    few = frame.tail(40).reset_index(drop=True)
    later = labelled(memory, tmp_path, few, said, like=like)
    assert voting(later).model == voting(like).model
    before = values(memory, like)
    assert values(memory, later) == {row: before[row] for row in values(memory, later)}


def test_what_a_person_answers_is_known_and_stands(tmp_path: Path, memory: Store) -> None:
    frame = placed(REVIEWS).assign(key=list("abcdefg"))
    said = FUNCTIONS + "  combine: vote\n"
    use_case = case(tmp_path, "id: key", target=said)
    keys = row_keys(use_case, frame[["key"]])
    answers: dict[str, str | int | float | bool] = {keys[0]: "bad", keys[2]: "good"}
    result = labelled(memory, tmp_path, frame, said, "id: key", answers=answers)
    assert values(memory, result) == {0: "bad", 1: "bad", 2: "good", 4: "good", 5: "bad"}
    assert (result.corrected, voting(result).gold, voting(result).gold_voted) == (2, 2, 1)


def test_rows_that_wait_are_not_asked_about(tmp_path: Path, memory: Store) -> None:
    frame = placed(REVIEWS).assign(at=pd.date_range("2024-01-01", periods=7, tz="UTC").as_unit("us"))
    frame["y"] = [None, None, None, None, None, None, "good"]
    text = "time: at\nmonitor: {label_delay: 2d}\n"
    said = "\n  column: y" + FUNCTIONS + "  combine: vote\n"
    result = labelled(memory, tmp_path, frame, said, text, now=datetime(2024, 1, 7, tzinfo=UTC))
    assert values(memory, result) == {0: "good", 1: "bad", 4: "good"}
    assert (result.waiting, voting(result).rows, sum(result.refused.values())) == (2, 5, 2)


PYTHON = "\n  functions:\n    mine: {python: 'mine:label'}\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return frame['nothing']", r"`mine:label` failed \(.*mine\.py, line 2\): KeyError: 'nothing'"),
        ("return frame['stars'].head(3)", r"gave 3 labels for 7 rows: it gives one a row, in order"),
        ("return 'good'", r"gave str: it gives a Series or an array"),
        ("return [[1]] * len(frame)", "gave a list as a label: give a text, a number, true or false"),
        ("return range(len(frame))", "gave range: it gives"),
        ("return [f'n{n}' for n in range(len(frame))]", None),
    ],
)
def test_python_functions_that_fail_are_blamed(tmp_path: Path, memory: Store, code: str, said: str | None) -> None:
    (tmp_path / "mine.py").write_text(f"def label(frame):\n    {code}\n")
    frame = placed(REVIEWS)
    if said is None:
        frame = placed(pd.concat([REVIEWS] * 20, ignore_index=True))
        said = "give more than 100 different labels"
    before = memory.list()
    with pytest.raises(UserError, match=said):
        labelled(memory, tmp_path, frame, PYTHON)
    assert [key for key in memory.list() if key not in before and "cleaned" not in key and "parts" not in key][1:] == []


def test_python_functions_do_not_see_the_target_and_can_not_change_the_rows(tmp_path: Path, memory: Store) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def label(frame):\n"
        "    assert 'opinion' not in frame\n"
        "    frame['stars'] = 0\n"
        "    return np.where(frame['review'].str.contains('love'), 'good', 'bad')\n"
        "def other(frame):\n"
        "    return frame['stars'].map({5.0: 'good', 1.0: 'bad'})\n"
    )
    frame = placed(REVIEWS).assign(opinion=["good", *[None] * 6]).dropna(subset="review").reset_index(drop=True)
    said = "\n  column: opinion\n  combine: vote" + PYTHON + "    other: {python: 'mine:other'}\n"
    result = labelled(memory, tmp_path, frame, said)
    assert values(memory, result) == {0: "good", 1: "bad", 2: "good", 3: "bad", 4: "good"}
    assert result.snapshot.read(memory)["stars"].tolist() == [5, 1, 2, 3, 5]


def test_changed_code_is_another_key(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def label(frame):\n    return frame['stars']\n")
    use_case = case(tmp_path, target=PYTHON)
    before = label_inputs(use_case, None)
    assert label_inputs(use_case, None) == before
    (tmp_path / "mine.py").write_text("def label(frame):\n    return frame['stars'] + 1\n")
    assert label_inputs(use_case, None) != before


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{combine: vote, column: y}", r"target\.combine: it is about labelling `functions`, and there are none"),
        ("{functions: {a: {when: x > 1}}}", r"target\.functions\.a: `when` and `label` go together"),
        ("{functions: {a: {label: x}}}", r"functions\.a: give `when` and a `label`, or `python`"),
        ("{functions: {a: {python: 'mine'}}}", r"functions\.a\.python"),
        ("{functions: {a: {when: 'x >', label: b}}}", r"functions\.a\.when: .*it is built like"),
        ("{}", "name the target's `column`, or give an `expression` or `functions`"),
    ],
)
def test_what_can_not_be_said_is_refused_where_it_is_said(tmp_path: Path, target: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        case(tmp_path, target=target)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("revue == 'x'", r"target\.functions\.a: there is no column `revue` in the data"),
        ("stars + 1", r"target\.functions\.a\.when: .*is not true or false: compare it"),
        ("review > 3", r"target\.functions\.a: the expression"),
        ("opinion == 'good'", r"target\.functions\.a: it reads the target itself"),
    ],
)
def test_expressions_that_do_not_fit_are_explained(tmp_path: Path, memory: Store, when: str, said: str) -> None:
    frame = placed(REVIEWS).assign(opinion=["good", *[None] * 6])
    target = f'{{column: opinion, functions: {{a: {{when: "{when}", label: good}}}}}}'
    with pytest.raises(UserError, match=said):
        labelled(memory, tmp_path, frame, target)


def test_classes_are_not_numbers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task: labelling functions .* give classes"):
        case(tmp_path, "task: regression", target=FUNCTIONS)
