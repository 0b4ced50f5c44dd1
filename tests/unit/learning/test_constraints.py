"""What the use case says of a column's effect holds for every booster, whatever the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.world import World, make_world, rows
from tidemill.errors import UserError
from tidemill.learning.model import Model
from tidemill.learning.preparing import prepare
from tidemill.learning.training import train
from tidemill.store import Store


@pytest.fixture(scope="module")
def monotone(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model whose target rises with `age` for large amounts, and falls with it for small ones."""
    world = make_world(
        Store(f"memory://{tmp_path_factory.mktemp('monotone')}"),
        "regression",
        count=600,
        by="random",
        columns={"monotone": {"age": "increasing"}},
        tune={"threads": 1, "intervals": "quantile"},
    )
    return Model.load(world.store, train(world.store, world.use_case, world.labelled, world.split, world.tune(), {}))


def refused(store: Store, wanted: str, **columns: object) -> None:
    world = make_world(store, count=300, by="random", columns=columns)
    with pytest.raises(UserError, match=wanted):
        prepare(store, world.use_case, world.labelled, world.split, {})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 100_000))
def test_predictions_go_one_way_with_a_monotone_column(monotone: Model, seed: int) -> None:
    row = rows(5, seed=seed).iloc[[seed % 5]]
    predicted = monotone.predict(aged(row))["prediction"]
    assert (np.diff(predicted) >= -1e-6).all()


def test_a_monotone_column_still_moves_predictions(monotone: Model) -> None:
    assert any(np.ptp(monotone.predict(aged(rows(20).iloc[[place]]))["prediction"]) > 0.1 for place in range(20))


def aged(row: pd.DataFrame) -> pd.DataFrame:
    """The same row at every age."""
    return pd.concat([row] * 36, ignore_index=True).assign(age=np.linspace(10, 90, 36))


def test_what_is_derived_from_a_monotone_column_needs_a_direction(monotone: Model) -> None:
    assert "per_year" not in monotone.features
    assert "it is made from `age`" in monotone.excluded["per_year"]


def test_columns_of_different_groups_never_share_a_path(memory: Store) -> None:
    world = make_world(
        memory, count=600, by="random", columns={"interactions": [["age", "region"], ["amount", "noise"]]}
    )
    model = Model.load(memory, train(memory, world.use_case, world.labelled, world.split, world.tune(), {}))
    groups = [{"age", "region"}, {"amount", "noise"}]
    seen = 0
    for path in paths(model, world):
        columns = {feature.column for feature in model.description.recipe.features if feature.name in path}
        seen += len(columns) > 1
        assert len(columns) < 2 or any(columns <= group for group in groups)
    assert seen


def paths(model: Model, world: World) -> set[frozenset[str]]:
    """The features on the way to the leaves of the trees; each set once."""
    found = set()
    for booster in model.ensemble.boosters:
        booster.feature_names = [f"f{number}" for number in range(len(model.features))]
        for _, tree in booster.trees_to_dataframe().groupby("Tree"):
            feature = dict(zip(tree["ID"], tree["Feature"], strict=True))
            parents = {
                child: node
                for side in ("Yes", "No")
                for node, child in zip(tree["ID"], tree[side], strict=True)
                if feature[node] != "Leaf"
            }
            for leaf in (node for node, name in feature.items() if name == "Leaf"):
                path, node = set(), leaf
                while node in parents:
                    node = parents[node]
                    path.add(model.features[int(feature[node][1:])])
                found.add(frozenset(path))
    return found


def test_a_constraint_that_means_nothing_is_the_users_error(memory: Store) -> None:
    refused(memory, r"columns.monotone: `region` is a category, which has no more", monotone={"region": "increasing"})
    refused(
        memory, r"columns.monotone: there is no column `agee` .*did you mean `age`", monotone={"agee": "increasing"}
    )
    refused(memory, r"columns.interactions: there is no column `wealth`", interactions=[["age", "wealth"]])
