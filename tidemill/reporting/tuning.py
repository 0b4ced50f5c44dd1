"""The report's section on tuning: every trial, the best so far, and what was chosen."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate

from tidemill.learning.scores import higher_is_better
from tidemill.reporting.charts import Line, lines
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Fold, Prose, Section, Table
from tidemill.reporting.wording import count, listed, metric_name, number, percent, plural, seconds_text

__all__ = ["how_it_was_tuned"]

_PARAMETERS = {
    "learning_rate": "how much each tree corrects",
    "max_depth": "how many questions a tree may ask in a row",
    "min_child_weight": "how many rows a leaf must have, roughly",
    "subsample": "the share of rows that each tree sees",
    "colsample_bytree": "the share of columns that each tree sees",
    "reg_lambda": "how strongly leaves are pulled towards zero",
    "gamma": "how much a split must gain",
    "max_cat_to_onehot": "up to how many levels a category is split one by one",
    "half_life": "how fast old rows lose weight, as a share of the training span; 0 weighs all alike",
}


def how_it_was_tuned(material: Material) -> Section:
    """The history of the trials and the settings that won."""
    study = material.lineage.study
    spent = sum(trial.seconds for trial in material.trials)
    lead = (
        f"{plural(study.trials, 'trial')} in {seconds_text(spent)}, of which {count(study.pruned)} were given up "
        "early. "
        f"The best reached {metric_name(study.metric)} {number(study.best_value)} on validation rows."
    )
    blocks: list[Block] = []
    if any(trial.state == "finished" for trial in material.trials):
        blocks.append(_history(material))
    blocks.append(Prose(_members(material)))
    rows: list[list[Cell]] = [
        [name.replace("_", " "), number(value) if isinstance(value, float) else str(value), _PARAMETERS.get(name, "")]
        for name, value in study.best_parameters.items()
    ]
    blocks.append(Fold(f"The settings of the best trial, number {study.best_trial}", [
        Table(["setting", "value", "what it does"], rows)
    ]))  # fmt: skip
    return Section("How it was tuned", blocks, lead)


def _history(material: Material) -> Figure:
    study = material.lineage.study
    better = max if higher_is_better(study.metric) else min
    trials = material.trials
    finished = [trial for trial in trials if trial.state == "finished"]
    pruned = [trial for trial in trials if trial.state == "pruned"]
    best = list(accumulate((trial.value for trial in finished), better))
    name = metric_name(study.metric)
    series = [
        Line("finished", [trial.number for trial in finished], [trial.value for trial in finished], style="dots"),
        Line("best so far", [trial.number for trial in finished], best, colour="ink", style="step"),
    ]
    limits = _limits([trial.value for trial in trials], best[-1])
    if pruned:
        given_up = [trial.number for trial in pruned], [trial.value for trial in pruned]
        series.insert(1, Line("given up early", *given_up, colour="coral", style="dots"))
    chart = lines(
        series,
        alt=f"{name} of {len(trials)} trials; the best is trial {study.best_trial} with {number(best[-1])}",
        x_label="trial",
        y_label=f"{name} on validation rows",
        x_format="count",
        y_limits=limits,
    )
    gain = abs(best[-1] - best[0])
    last = next(trial.number for trial, value in zip(finished, best, strict=True) if value == best[-1])
    quiet = trials[-1].number - last
    words = (
        "Each dot is one setting, tried on validation rows that are cut from the training rows: the gate rows play "
        f"no part. From the first trial to the best, {name} moved by **{number(gain, 2)}**."
    )
    hidden = sum(not limits[0] <= trial.value <= limits[1] for trial in trials)
    if hidden:
        words += f" {plural(hidden, 'trial')} did much worse and {'lies' if hidden == 1 else 'lie'} beyond the chart."
    if quiet >= 5:
        words += f" The last {quiet} trials brought nothing better: a longer search would gain little."
    elif len(trials) > 3:
        words += " The best came late, so a larger budget (`tune.budget`) may still find a better one."
    gate = material.metric
    if gate.name == study.metric:
        drop = gate.value - study.best_value if material.more_is_better else study.best_value - gate.value
        how, why = (
            ("lower than", "later rows are harder, or tuning fitted the validation rows a little")
            if drop < 0
            else ("as good as or better than", "tuning did not fool itself")
        )
        words += f"\n\nOn the gate rows the model reaches {number(gate.value)}, {how} on validation rows: {why}."
    return Figure(chart, "Trials, and the best so far", words)


def _limits(values: list[float], best: float) -> tuple[float, float]:
    """Of the y axis: from the best to twice as far as the middle trial, so that a bad one doesn't flatten the rest."""
    worst = max(values, key=lambda value: abs(value - best))
    middle = sorted(abs(value - best) for value in values)[len(values) // 2]
    far = min(abs(worst - best), max(3.0 * middle, 1e-9 + 0.3 * abs(worst - best)))
    other = best + far if worst > best else best - far
    pad = 0.08 * far or 0.01 * (abs(best) or 1.0)
    return min(best, other) - pad, max(best, other) + pad


def _members(material: Material) -> str:
    weights = Counter(material.lineage.study.members)
    rounds = [f"{plural(member.rounds, 'tree')} of trial {member.trial}" for member in material.description.members]
    if len(weights) == 1:
        return f"The model is one booster: {rounds[0]}, fitted again on all training rows."
    shares = [f"trial {trial} ({percent(weight / weights.total())})" for trial, weight in weights.items()]
    return (
        f"The model is the mean of {len(weights)} boosters, by weight {listed(shares)}: together they did better on "
        f"validation rows than the best alone. They have {listed(rounds)}, fitted again on all training rows."
    )
