"""The table: scores by set and contestant, who was better than whom, and whose seconds were kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from benchmarks.automl.results import Key, Result
from benchmarks.automl.scoring import HIGHER
from benchmarks.automl.sets import SETS

__all__ = ["Comparison", "compare", "markdown"]

Outcome = Literal["better", "equal", "worse"]
Results = Mapping[Key, Result]

OURS = "tidemill"
SAME = 0.001
ALLOWED = 1.1


@dataclass(frozen=True)
class Comparison:
    """Ours against a peer on one set: ``difference`` is how much better ours is, a mean over ``seeds`` splits."""

    outcome: Outcome
    difference: float
    noise: float
    seeds: int


def compare(ours: Sequence[Result], theirs: Sequence[Result]) -> Comparison | None:
    """Judge by the seeds that both have on the same rows; None when there are none.

    Equal is a mean difference of at most its own standard error over the seeds, or of at most 0.1 % of the
    peer's mean score: with one seed the latter alone. Who failed on a split is worse there than who did not,
    and if that happens on any, the set is lost; where both failed, that split says nothing.
    """
    pairs = [(one, other) for one in ours for other in theirs if one.seed == other.seed and one.rows == other.rows]
    pairs = [(one, other) for one, other in pairs if one.score is not None or other.score is not None]
    if not pairs:
        return None
    if any(one.score is None for one, _ in pairs):
        return Comparison("worse", -math.inf, 0.0, len(pairs))
    if any(other.score is None for _, other in pairs):
        return Comparison("better", math.inf, 0.0, len(pairs))
    sign = 1.0 if HIGHER[pairs[0][0].metric] else -1.0
    differences = [sign * (float(one.score or 0.0) - float(other.score or 0.0)) for one, other in pairs]
    mean = fmean(differences)
    error = stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    noise = max(error, SAME * abs(fmean(float(other.score or 0.0) for _, other in pairs)))
    outcome: Outcome = "equal" if abs(mean) <= noise else "better" if mean > 0 else "worse"
    return Comparison(outcome, mean, noise, len(pairs))


def markdown(results: Results, contestants: Sequence[str]) -> str:
    """One section a budget: scores, comparisons, seconds and memory."""
    parts = []
    for budget in sorted({key.budget for key in results}):
        here = [result for key, result in results.items() if key.budget == budget]
        there = [name for name in contestants if any(result.contestant == name for result in here)]
        parts += [f"## {budget:g} seconds\n", *_scores(here, there), "", *_duels(here, there), ""]
        parts += [*_clock(here, there, budget), ""]
    return "\n".join(parts)


def _scores(results: Sequence[Result], contestants: Sequence[str]) -> Iterator[str]:
    yield from _head(["set", "metric", *contestants])
    for dataset in SETS:
        cells = [_cell(_of(results, dataset.name, name)) for name in contestants]
        if any(cells):
            arrow = "↑" if HIGHER[dataset.metric] else "↓"
            yield f"| {dataset.name} | {dataset.metric} {arrow} | {' | '.join(cells)} |"


def _cell(results: Sequence[Result]) -> str:
    """``mean ± standard deviation (seeds)``, and how many failed."""
    scores = [result.score for result in results if result.score is not None]
    failed = f"{len(results) - len(scores)} failed" if len(scores) < len(results) else ""
    if not scores:
        return failed
    spread = f" ± {_number(stdev(scores), fmean(scores))}" if len(scores) > 1 else ""
    seeds = f" ({len(scores)})" if len(scores) < 3 else ""
    return f"{_number(fmean(scores), fmean(scores))}{spread}{seeds}{', ' if failed else ''}{failed}"


def _duels(results: Sequence[Result], contestants: Sequence[str]) -> Iterator[str]:
    peers = [name for name in contestants if name != OURS]
    if OURS not in contestants or not peers:
        return
    yield from _head([f"{OURS} against", "better", "equal", "worse", "of", "worse on"])
    for peer in peers:
        found = {
            dataset.name: compare(_of(results, dataset.name, OURS), _of(results, dataset.name, peer))
            for dataset in SETS
        }
        outcomes = {name: one.outcome for name, one in found.items() if one is not None}
        counts = Counter(outcomes.values())
        lost = ", ".join(name for name, outcome in outcomes.items() if outcome == "worse") or "none"
        said = " | ".join(str(counts[kind]) for kind in ("better", "equal", "worse"))
        yield f"| {peer} | {said} | {len(outcomes)} | {lost} |"


def _clock(results: Sequence[Result], contestants: Sequence[str], budget: float) -> Iterator[str]:
    """Seconds of fitting against the budget; one that was ended for its time counts with the whole of its process."""
    yield from _head(["", "runs", f"over {ALLOWED:g} x", "longest, s", "on", "failed", "most memory, MB"])
    for name in contestants:
        own = [result for result in results if result.contestant == name]
        longest = max(own, key=_seconds)
        over = sum(_seconds(result) > ALLOWED * budget for result in own)
        failed = sum(result.score is None for result in own)
        memory = max(result.memory for result in own)
        yield (
            f"| {name} | {len(own)} | {over} | {_seconds(longest):.1f} | {longest.dataset} | {failed} | {memory:,.0f} |"
        )


def _seconds(result: Result) -> float:
    return result.whole_seconds if result.seconds is None else result.seconds


def _of(results: Iterable[Result], dataset: str, contestant: str) -> list[Result]:
    return [result for result in results if result.dataset == dataset and result.contestant == contestant]


def _head(names: Sequence[str]) -> tuple[str, str]:
    return f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"


def _number(value: float, like: float) -> str:
    """As many digits as the size of ``like`` deserves."""
    return f"{value:,.0f}" if abs(like) >= 1000 else f"{value:.2f}" if abs(like) >= 10 else f"{value:.4f}"
