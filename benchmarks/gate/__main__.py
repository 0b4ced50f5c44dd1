"""How often the gate promotes what is no better (A/A), and what truly is (power), with everything as it comes.

    python -m benchmarks.gate [--comparisons 200] [--power 100] [--output results.json]

Real rows: flights of October to December, 20,000 of them a comparison, judged by boosters that were trained on 40,000
flights from before. A model is the mean of five boosters. In A/A both models are of one recipe, other seeds. For the
power, the champion's boosters lack the temperature, and are mixed with some that lack the humidity, so much that the
challenger's AUC is better by 0.01 on all 82,609 rows, on average over seeds. ``rows_alone`` is what a gate does that
goes by the rows' paired bootstrap at the stated rate, without seeds and slices.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.gate.pairs import KINDS, Doubles, Pool, boosters, flights, use_case
from benchmarks.gate.simulating import compared
from tidemill.evaluation.areas import Area
from tidemill.results import Evaluation

HERE = Path(__file__).parent
ROWS = 20_000
OF_A_MODEL = 5
BOOSTERS = 40
LEAD = 0.01
STATED = 0.05


def area(pool: Pool, scores: Doubles) -> float:
    """The AUC of boosters' mean on all of the pool's rows: the truth that samples of them are drawn from."""
    return Area.of(pool.target == 1, scores.mean(axis=0)).value()


def drawn(
    pool: Pool, ours: Doubles, theirs: Doubles, count: int, seed: int
) -> Iterator[tuple[Evaluation, float, float]]:
    """So many comparisons: the evaluation, the challenger's true lead, and how alike the two models' scores are."""
    random = np.random.default_rng(seed)
    for place in range(count):
        seeds = random.permutation(len(ours))
        first, second = ours[seeds[:OF_A_MODEL]], theirs[seeds[OF_A_MODEL : 2 * OF_A_MODEL]]
        rows = np.sort(random.choice(len(pool.target), ROWS, replace=False))
        frame = pool.frame.iloc[rows].reset_index(drop=True)
        found = compared(use_case(place), KINDS, frame, pool.target[rows], first[:, rows], second[:, rows])
        alike = float(np.corrcoef(first.mean(axis=0), second.mean(axis=0))[0, 1])
        yield found, area(pool, first) - area(pool, second), alike


def summed(found: list[tuple[Evaluation, float, float]]) -> dict[str, Any]:
    """What came of the comparisons."""
    leads = [one.champion.lead for one, _, _ in found if one.champion and one.champion.lead]
    slices = [any(rule.rule == "slices" and rule.against for rule in one.findings) for one, _, _ in found]
    bound = [any(rule.rule == "champion" and rule.verdict == "pass" for rule in one.findings) for one, _, _ in found]
    return {
        "comparisons": len(found),
        "promoted": sum(one.passed for one, _, _ in found),
        "passed_the_bound": sum(bound),
        "refused_for_a_slice": sum(slices),
        "rows_alone": sum(lead.value > 1.645 * lead.error for lead in leads),
        "true_lead": round(fmean(truth for _, truth, _ in found), 5),
        "true_lead_spread": round(float(np.std([truth for _, truth, _ in found])), 5),
        "error_of_rows": round(fmean(lead.error for lead in leads), 5),
        "luck_of_seeds": round(fmean(lead.luck or 0.0 for lead in leads), 5),
        "correlation_of_scores": round(fmean(alike for _, _, alike in found), 3),
        "slices": round(fmean(len(one.slices) for one, _, _ in found), 1),
    }


def weaker(pool: Pool, ours: Doubles) -> Doubles:
    """Boosters that are worse than ``ours`` by the lead that is to be found, on average over seeds."""
    some, worse = boosters(pool, BOOSTERS, without="temp"), boosters(pool, BOOSTERS, without="humid")
    groups = np.random.default_rng(0).permuted(np.tile(np.arange(BOOSTERS), (20, 1)), axis=1)[:, :OF_A_MODEL]
    wanted = fmean(area(pool, ours[group]) for group in groups) - LEAD
    low, high = 0.0, 1.0
    for _ in range(12):
        share = (low + high) / 2.0
        mixed = (1.0 - share) * some + share * worse
        low, high = (share, high) if fmean(area(pool, mixed[group]) for group in groups) > wanted else (low, share)
    return (1.0 - low) * some + low * worse


def main() -> None:
    """Train the boosters, compare, write what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument("--power", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    asked = parser.parse_args()
    pool = flights(40_000, asked.seed)
    ours = boosters(pool, BOOSTERS)
    same = summed(list(drawn(pool, ours, ours, asked.comparisons, asked.seed)))
    print("the same recipe, other seeds:", json.dumps(same))
    better = summed(list(drawn(pool, ours, weaker(pool, ours), asked.power, asked.seed + 1)))
    print(f"better by {LEAD:g}:", json.dumps(better))
    results = {"rows": ROWS, "stated_rate": STATED, "seed": asked.seed, "same": same, "better": better}
    asked.output.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
