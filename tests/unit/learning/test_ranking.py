"""Ranking from rows to ranks: lists stay whole, orders are better than plain ones, and every door gives the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lineage import made_up_balance, made_up_lineage
from tests.lists import LISTS_YAML, lists_frame
from tidemill.errors import UserError
from tidemill.evaluation import evaluate, load_evidence
from tidemill.labelling import label
from tidemill.learning.crossing import out_of_fold
from tidemill.learning.model import Model
from tidemill.learning.orders import Lists, mean_of_queries
from tidemill.learning.preparing import prepare
from tidemill.learning.queries import Queries, places
from tidemill.learning.rows import RowPredictor
from tidemill.registry import Registry
from tidemill.results import Cleaned, Labelled, ModelReference, Split, Study, Validation
from tidemill.scoring import score
from tidemill.snapshot import write_snapshot
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase import UseCase
from tidemill.usecase.loading import read_usecase


@dataclass(frozen=True)
class Shop:
    """The searches, labelled and split in a lake; ``study`` and ``model`` once they are trained."""

    store: Store
    use_case: UseCase
    labelled: Labelled
    split: Split
    study: Study | None = None
    model: ModelReference | None = None

    def trained(self) -> Shop:
        from tidemill.learning.training import train
        from tidemill.learning.tuning import tune

        study = tune(self.store, self.use_case, self.labelled, self.split, {}, budget=60, trials=3)
        model = train(self.store, self.use_case, self.labelled, self.split, study, {})
        return replace(self, study=study, model=model)

    @property
    def loaded(self) -> Model:
        assert self.model is not None
        return Model.load(self.store, self.model)

    @property
    def validation(self) -> Validation:
        kept = self.labelled.snapshot
        nothing = {"subject": kept.id, "passed": True, "reasons": (), "results": (), "leaks": (), "excluded": {}}
        return Validation.model_validate({**nothing, "snapshot": kept, "quarantine": None})


def shop(folder: Path, frame: pd.DataFrame | None = None, yaml: str = LISTS_YAML) -> Shop:
    folder.mkdir(exist_ok=True)
    (folder / "usecase.yaml").write_text(yaml)
    use_case, store = read_usecase(folder / "usecase.yaml"), Store(str(folder / "lake"))
    rows = write_snapshot(store, "shop", "cleaned", lists_frame() if frame is None else frame)
    labelled = label(store, use_case, Cleaned(snapshot=rows, quarantine=None, deduplicated=0, refused={}))
    return Shop(store, use_case, labelled, split(store, use_case, labelled, labelled.snapshot))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop(tmp_path_factory.mktemp("shop")).trained()


@pytest.mark.parametrize("by", ["query", "time", "random"])
def test_a_list_is_never_cut_apart(tmp_path: Path, by: str) -> None:
    frame = lists_frame(90)
    frame["at"] += pd.to_timedelta(np.random.default_rng(1).integers(0, 20, len(frame)), unit="h")
    found = shop(tmp_path, frame, f"{LISTS_YAML}time: at\nsplit: {{by: {by}}}\n")
    train, gate = (side.read(found.store) for side in (found.split.train, found.split.gate))
    assert set(train["search"]).isdisjoint(gate["search"])
    assert len(train) + len(gate) == len(frame)
    if by == "time":
        assert train["at"].max() < found.split.boundary
    else:
        assert found.split.by == "query"
    prepared = prepare(found.store, found.use_case, found.labelled, found.split, {})
    codes = prepared.data.lists.queries.codes
    assert (np.diff(codes) >= 0).all()
    for fold in prepared.folds:
        assert set(codes[fold.fit]).isdisjoint(codes[fold.check])
    assert "search" not in prepared.data.recipe.feature_names
    assert "which list a row is of" in prepared.data.recipe.excluded["search"]


def test_it_orders_better_than_plain_models_and_says_so(made: Shop) -> None:
    verdict = evaluate(made.store, made.use_case, made.labelled, made.validation, made.split, made.model, None)
    assert verdict.metric.name == "ndcg@10"
    plain = {one.name: one for one in verdict.baselines}
    assert set(plain) == {"random order", "linear regression", "XGBoost defaults"}
    assert plain["random order"].difference.low > 0
    gate = made.split.gate.read(made.store)
    lists = Lists(Queries.of(gate["search"]), "exponential")
    grades = gate["grade"].to_numpy(dtype=np.float64)
    own = mean_of_queries("ndcg@10", grades, made.loaded.values(gate), lists)
    assert verdict.metric.value == pytest.approx(own)
    assert plain["random order"].value == pytest.approx(mean_of_queries("ndcg@10", grades, np.zeros(len(gate)), lists))
    evidence = load_evidence(made.store, verdict.key)
    assert [one.name for one in evidence.challenger.metrics] == ["ndcg@10", "ndcg", "map", "mrr"]
    assert evidence.ranking.queries == lists.queries.count
    assert evidence.ranking.grades["ideal"][0] >= evidence.ranking.grades["model"][0]
    assert evidence.ranking.first_is_best["model"] > evidence.ranking.first_is_best["shuffled"]
    assert {one.column for one in evidence.slices} >= {"length of the list", "season"}
    assert "brand" not in {one.column for one in evidence.slices}


def test_the_interval_is_of_queries_not_of_rows(made: Shop, tmp_path: Path) -> None:
    """Every row of a list twice tells nothing new of other lists."""
    frame = lists_frame()
    twice = pd.concat([frame, frame.assign(offer=frame["offer"] + 10_000)], ignore_index=True)
    doubled = shop(tmp_path, twice)
    widths = []
    for world, target in ((made, made), (doubled, made)):
        model = target.loaded.save(world.store, "shop")
        found = evaluate(world.store, world.use_case, world.labelled, world.validation, world.split, model, None)
        widths.append(found.metric.high - found.metric.low)
    assert widths[1] > 0.7 * widths[0]


def test_training_twice_gives_the_same_bytes(made: Shop, tmp_path: Path) -> None:
    again = shop(tmp_path).trained()
    assert again.model.id == made.model.id
    frame = lists_frame(20, seed=8)
    assert again.loaded.values(frame).tobytes() == made.loaded.values(frame).tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.integers(0, 1_000))
def test_answers_stand_in_the_order_of_the_rows(made: Shop, seed: int) -> None:
    frame = lists_frame(12, seed=seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    plain, mixed = made.loaded.predict(frame), made.loaded.predict(shuffled)
    assert list(plain) == ["prediction", "rank"]
    np.testing.assert_array_equal(mixed["prediction"], plain["prediction"].to_numpy()[shuffled.index])
    for _, rows in plain.groupby(frame["search"]):
        assert sorted(rows["rank"]) == list(range(1, len(rows) + 1))
        assert rows.sort_values("rank")["prediction"].is_monotonic_decreasing


def test_batch_rest_and_python_give_the_same_ranks(made: Shop, tmp_path: Path) -> None:
    registry = Registry(made.store, "shop")
    lineage = made_up_lineage(use_case="shop").model_copy(update={"model": made.model})
    version = registry.register(lineage, made_up_balance(), {})
    frame = lists_frame(30, seed=21).drop(columns="grade")
    frame.loc[[3, 40], "search"] = None
    frame.to_parquet(tmp_path / "in.parquet")
    small = made.use_case.model_copy(update={"score": made.use_case.score.model_copy(update={"batch_rows": 7})})
    score(made.store, small, version, str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"))
    batch = pd.read_parquet(tmp_path / "out.parquet")
    assert list(batch) == ["offer", "search", "prediction", "rank", "model_version"]
    assert batch["offer"].tolist() == frame["offer"].tolist()
    python = made.loaded.predict(frame)
    np.testing.assert_array_equal(batch["prediction"], python["prediction"])
    assert batch["rank"].astype("Int64").tolist() == python["rank"].tolist()
    assert batch["rank"].isna().to_numpy().nonzero()[0].tolist() == [3, 40]
    predictor = RowPredictor(made.loaded)
    for name, rows in frame.groupby("search"):
        said = rows.assign(at=rows["at"].astype("str")).to_dict("records")
        answers = predictor.predict(said)
        assert [one["rank"] for one in answers] == batch["rank"][frame["search"] == name].tolist()
        assert [one["prediction"] for one in answers] == batch["prediction"][frame["search"] == name].tolist()


def test_without_the_querys_column_there_is_a_score_and_no_rank(made: Shop) -> None:
    frame = lists_frame(4).drop(columns=["search", "grade"])
    assert list(made.loaded.predict(frame)) == ["prediction"]
    answers = RowPredictor(made.loaded).predict(frame.assign(at=frame["at"].astype("str")).to_dict("records"))
    assert all(set(answer) == {"prediction"} for answer in answers)


def test_doubts_about_grades_come_from_lists_held_out(made: Shop) -> None:
    frame = made.labelled.snapshot.read(made.store)
    said = out_of_fold(made.store, made.use_case, frame, made.loaded, made.study, made.split)
    grades = frame["grade"].to_numpy(dtype=np.float64)
    assert np.corrcoef(said, grades)[0, 1] > 0.4
    assert said.mean() == pytest.approx(grades.mean(), abs=0.05)
    assert len(np.unique(places(Queries.of(frame["search"]).codes, said))) > 1


BAD = {
    "below 0": (lambda frame: frame.assign(grade=frame["grade"] - 1), "", r"`grade` is -1 in one of .* rows below 0"),
    "one grade": (lambda frame: frame.assign(grade=2), "", r"`grade` is 2 in all of its"),
    "words": (lambda frame: frame.assign(grade="good"), "", "there is nothing to learn"),
    "one query": (lambda frame: frame.assign(search="q"), "", r"`query: search`: the .* are of \d quer.* 5 are needed"),
    "rows alone": (
        lambda frame: frame.assign(search=frame["offer"].astype(str)),
        "",
        "each of the .* queries to train on has one row only",
    ),
    "one grade a list": (
        lambda frame: frame.assign(grade=frame.groupby("search")["grade"].transform("max")),
        "",
        "has one `grade` in all of its rows",
    ),
    "fractions": (
        lambda frame: frame.assign(grade=frame["grade"] / 2),
        "target: {column: grade, gain: exponential}",
        "target.gain: exponential is for whole grades from 0 to 31",
    ),
    "all relevant": (
        lambda frame: frame.assign(grade=frame["grade"] + 1),
        "tune: {metric: mrr}",
        "asks which rows are relevant",
    ),
    "groups across": (
        lambda frame: frame,
        "group: brand\nsplit: {by: group}",
        "queries .* have rows of several `brand`",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_can_not_be_ranked_is_said_clearly(tmp_path: Path, what: str) -> None:
    change, more, message = BAD[what]
    fields = {line.split(":")[0] for line in more.splitlines()}
    kept = [line for line in LISTS_YAML.splitlines() if line.split(":")[0] not in fields]
    with pytest.raises(UserError, match=message):
        shop(tmp_path, change(lists_frame()), "\n".join([*kept, more, ""]))


def test_halves_are_worth_what_they_say(tmp_path: Path) -> None:
    frame = lists_frame()
    found = shop(tmp_path, frame.assign(grade=frame["grade"] / 2))
    assert found.labelled.gain == "linear"
    assert shop(tmp_path / "whole").labelled.gain == "exponential"


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        ("query: search\n", "task", ".*name the column that tells lists apart as `query`"),
        ("task: ranking\n", "query", "it is for `task: ranking`"),
    ],
)
def test_ranking_and_query_go_together(tmp_path: Path, said: str, field: str, message: str) -> None:
    text = LISTS_YAML.replace(said, "task: regression\n" if said.startswith("task") else "")
    (tmp_path / "usecase.yaml").write_text(text)
    with pytest.raises(UserError, match=rf"{field}: {message}"):
        read_usecase(tmp_path / "usecase.yaml")
