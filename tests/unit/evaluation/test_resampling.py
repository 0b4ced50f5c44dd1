from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tidemill.evaluation.areas import Area, Precisions
from tidemill.evaluation.metrics import statistic
from tidemill.evaluation.ranking import Ranking
from tidemill.evaluation.resampling import Draws, interval, resample


def scored(rows: int = 2000, seed: int = 0, share: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.uniform(size=rows) < share
    scores = np.clip(random.normal(0.4 + 0.15 * truth, 0.2), 0.01, 0.99)
    return truth, scores


def test_the_area_is_sklearns_with_and_without_ties() -> None:
    truth, scores = scored()
    for given_scores in (scores, np.round(scores, 1)):
        assert Area.of(truth, given_scores).value() == pytest.approx(roc_auc_score(truth, given_scores), abs=1e-12)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40
    )
)  # fmt: skip
def test_a_weighted_area_is_the_area_of_repeated_rows(rows: list[tuple[bool, int, int]]) -> None:
    truth = np.array([one[0] for one in rows])
    scores = np.array([float(one[1]) for one in rows])
    weights = np.array([one[2] for one in rows], dtype=np.uint8)
    repeated, again = np.repeat(truth, weights), np.repeat(scores, weights)
    weighted = Area.of(truth, scores).weighted(weights)
    if repeated.all() or not repeated.any():
        assert np.isnan(weighted)
    else:
        assert weighted == pytest.approx(roc_auc_score(repeated, again), abs=1e-12)


@pytest.mark.parametrize(("rows", "share", "digits"), [(3000, 0.3, 4), (40_000, 0.02, 9)])
def test_counts_give_the_areas_of_repeated_rows_where_no_stretch_hides_any(
    rows: int, share: float, digits: int
) -> None:
    truth, scores = scored(rows, share=share)
    scores = np.round(scores, digits)
    weights = np.random.default_rng(1).poisson(1.0, (rows, 5)).astype(np.float64)
    ranking = Ranking.of(truth, scores)
    for area in (Area.by(ranking), Precisions.by(ranking)):
        assert area.counted(ranking.counts(weights)) == pytest.approx(
            [area.weighted(one) for one in weights.T], abs=1e-12
        )


def test_what_stretches_hide_of_many_rows_is_next_to_nothing_beside_chance() -> None:
    truth, scores = scored(40_000)
    one = {name: statistic(name, truth.astype(np.float64), scores) for name in ("auc", "average_precision")}
    weights = np.random.default_rng(1).poisson(1.0, (40_000, 20)).astype(np.float64)
    for name, drawn in resample(one, 40_000, resamples=100, seed=3).items():
        area = one[name]
        counted = area.counted(area.rankings[0].counts(weights)) + area.value()
        counted -= area.counted(area.rankings[0].counts(np.ones((40_000, 1))))
        gone = counted - np.array([area.weighted(own) for own in weights.T])
        assert 0 < np.abs(gone).max() < 0.02 * drawn.draws.std()


def test_intervals_are_as_wide_as_theory_says() -> None:
    truth, scores = scored(rows=4000)
    target = truth.astype(np.float64)
    drawn = resample(
        {"accuracy": statistic("accuracy", target, scores, 0.5), "auc": statistic("auc", target, scores)},
        len(target),
        resamples=600,
        seed=1,
    )
    share = drawn["accuracy"].value
    found = interval("accuracy", drawn["accuracy"], 0.95)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / 4000), rel=0.12)
    area = drawn["auc"]
    assert np.std(area.draws) == pytest.approx(hanley_mcneil(area.value, truth), rel=0.15)


def hanley_mcneil(area: float, truth: np.ndarray) -> float:
    """The standard error of an AUC (Hanley and McNeil, 1982)."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (first - area**2) + (negatives - 1) * (second - area**2)
    return float(np.sqrt(spread / (positives * negatives)))


def test_a_model_against_itself_differs_by_nothing_on_every_resample() -> None:
    truth, scores = scored(rows=300)
    target = truth.astype(np.float64)
    one = {name: statistic("auc", target, scores) for name in ("first", "second")}
    drawn = resample(one, 300, resamples=100, seed=2)
    lead = drawn["first"].minus(drawn["second"])
    assert lead.value == 0
    assert not lead.draws.any()


def test_pairing_makes_the_difference_of_like_models_narrow() -> None:
    truth, scores = scored()
    target = truth.astype(np.float64)
    worse = scores + np.random.default_rng(3).normal(scale=0.02, size=len(scores))
    drawn = resample(
        {"good": statistic("auc", target, scores), "worse": statistic("auc", target, worse)}, 2000, resamples=300, seed=4
    )  # fmt: skip
    lead = interval("auc", drawn["good"].minus(drawn["worse"]), 0.95)
    alone = interval("auc", drawn["good"], 0.95)
    assert lead.high - lead.low < 0.3 * (alone.high - alone.low)


def test_the_seed_decides_every_draw() -> None:
    truth, scores = scored(rows=200)
    one = {"auc": statistic("auc", truth.astype(np.float64), scores)}
    first, again, other = (resample(one, 200, resamples=110, seed=seed)["auc"] for seed in (5, 5, 6))
    assert np.array_equal(first.draws, again.draws)
    assert not np.array_equal(first.draws, other.draws)
    assert len(first.draws) == 110


def test_draws_without_a_value_are_left_out_of_the_interval() -> None:
    found = interval("precision", Draws(0.5, np.array([np.nan, 0.4, 0.6, np.nan])), 0.9)
    assert (found.value, round(found.low, 2), round(found.high, 2)) == (0.5, 0.41, 0.59)
    nothing = interval("precision", Draws(0.5, np.array([np.nan])), 0.9)
    assert (nothing.low, nothing.high) == (0.5, 0.5)
