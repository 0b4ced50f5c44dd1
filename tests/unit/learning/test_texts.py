"""Free text is read by its words, alike in a frame and in a request."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.unit.learning.world import make_use_case
from tidemill.learning.features import Recipe
from tidemill.learning.fitting import fit_recipe
from tidemill.learning.folds import Fold
from tidemill.learning.matrices import TrainingRows
from tidemill.learning.rows import RowReader
from tidemill.learning.texts import common_words

GOOD = ["great", "tasty", "love", "perfect"]
BAD = ["stale", "awful", "refund", "bland"]
PLAIN = [f"word{number}" for number in range(200)]
ROWS = 1_500


def reviews(seed: int = 3) -> pd.DataFrame:
    """Ten words a review, of which one or none says whether it is a good one; `not great` is bad."""
    random = np.random.default_rng(seed)
    bought = random.integers(0, 2, ROWS)
    texts = []
    for good in bought:
        words = list(random.choice(PLAIN, 9))
        if random.uniform() < 0.8:
            said = random.choice(GOOD if good else [*BAD, "not great"])
            words.insert(int(random.integers(9)), str(said))
        texts.append(" ".join(words))
    return pd.DataFrame({"review": texts, "amount": random.normal(size=ROWS), "bought": bought})


def recipe_of(frame: pd.DataFrame, **sections: object) -> tuple[Recipe, np.ndarray]:
    return fit_recipe(frame, make_use_case(time=None, id=[], derive={}, **sections), {})


FRAME = reviews()
RECIPE, CODED = recipe_of(FRAME)
READER = RowReader(RECIPE)


def test_sentences_are_text_without_being_declared() -> None:
    assert RECIPE.feature_names == ["review: words", "review: mean target", "amount"]
    assert len(RECIPE.encodings["review"].levels) < 20_000


def test_few_different_texts_are_levels_unless_declared() -> None:
    frame = FRAME.assign(review=[f"this is one of {number % 9} texts" for number in range(ROWS)])
    assert recipe_of(frame)[0].feature_names == ["review", "amount"]
    declared, _ = recipe_of(frame, columns={"types": {"review": "text"}})
    assert "review: mean target" in declared.feature_names


def test_words_tell_the_target_of_rows_not_fitted_on() -> None:
    target = FRAME["bought"].to_numpy(float)
    fold = Fold(np.arange(1_000), np.arange(1_000, ROWS))
    rows = TrainingRows(RECIPE, CODED, target, None, None, RECIPE.words(FRAME))
    fit, check = rows.of(fold)
    assert roc_auc_score(target[fold.check], check[:, 1]) > 0.85
    assert abs(roc_auc_score(target[fold.fit], fit[:, 1]) - roc_auc_score(target[fold.check], check[:, 1])) < 0.05
    other = target.copy()
    other[fold.check] = 1 - other[fold.check]
    again = TrainingRows(RECIPE, CODED, other, None, None, RECIPE.words(FRAME)).of(fold)
    np.testing.assert_array_equal(again[0], fit)
    np.testing.assert_array_equal(again[1], check)


def test_later_texts_are_read_as_all_training_rows_say() -> None:
    later = reviews(seed=9)
    assert roc_auc_score(later["bought"], RECIPE.transform(later)[:, 1]) > 0.85


def test_a_text_without_known_words_is_read_as_the_prior_and_none_as_missing() -> None:
    matrix = RECIPE.transform(pd.DataFrame({"review": ["unheard of", "!!!", None], "amount": 0.0}))
    np.testing.assert_allclose(matrix[:2, 1], RECIPE.encodings["review"].prior[0], rtol=1e-6)
    assert np.isnan(matrix[2, :2]).all()
    np.testing.assert_array_equal(matrix[:2, 0], [2, 0])


def test_words_of_fewer_than_three_texts_are_not_kept() -> None:
    often = common_words(["a b", "a b", "a c", None])
    assert len(often) == 1


def test_json_gives_the_same_recipe_back() -> None:
    again = Recipe.model_validate_json(RECIPE.model_dump_json())
    np.testing.assert_array_equal(again.transform(FRAME), RECIPE.transform(FRAME))


words = st.sampled_from([*GOOD, *BAD, *PLAIN[:9], "not", "GREAT", "", "é", "\u0130", "\U0001f600", "7", "_"])
texts = st.one_of(
    st.none(),
    st.lists(words, max_size=30).map(" ".join),
    st.text(st.characters(exclude_characters="\0"), max_size=9),
    st.integers(0, 9),
    st.booleans(),
    st.floats(),
)


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries({"review": texts, "amount": st.floats()}), min_size=1, max_size=4))
def test_a_text_over_rest_is_read_as_in_a_frame_and_alone_as_among_others(found: list[dict[str, object]]) -> None:
    alone = np.vstack([RECIPE.transform(pd.DataFrame([row])) for row in found])
    np.testing.assert_array_equal(READER.matrix(found), alone)


@pytest.mark.parametrize("column", ["review", "amount"])
def test_a_text_may_be_missing_but_not_its_column(column: str) -> None:
    row = {"review": None, "amount": None}
    assert np.isnan(READER.matrix([row])).all()
    del row[column]
    with pytest.raises(Exception, match=f"no column `{column}`"):
        READER.matrix([row])
