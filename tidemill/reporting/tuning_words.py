"""Every text of the report's section on tuning, in one place: what composes the section knows no words."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.learning.brought import Brought
from tidemill.learning.findings import Edge, Plateau
from tidemill.learning.scores import higher_is_better
from tidemill.learning.trials import Trial
from tidemill.reporting.wording import (
    bytes_text,
    count,
    listed,
    metric_name,
    number,
    percent,
    plural,
    seconds_text,
    signed,
)

__all__ = [
    "BEST_SO_FAR",
    "CHOSEN_HEAD",
    "EDGES_TITLE",
    "FINISHED",
    "GIVEN_UP",
    "HISTORY_TITLE",
    "IMPORTANCE_TITLE",
    "PARAMETERS",
    "SETTINGS_HEAD",
    "TIME_TITLE",
    "TITLE",
    "TRIALS_HEAD",
    "all_trials",
    "brought_words",
    "edge_words",
    "gate_words",
    "head",
    "history_alt",
    "history_words",
    "importance_words",
    "lead",
    "members_words",
    "of_best",
    "plateau_words",
    "setting_name",
    "state",
    "time_words",
]

TITLE = "How it was tuned"
HISTORY_TITLE = "Trials, and the best so far"
IMPORTANCE_TITLE = "Which settings matter"
TIME_TITLE = "What each trial took"
EDGES_TITLE = "At the end of its range"
FINISHED, GIVEN_UP, BEST_SO_FAR = "finished", "given up early", "best so far"
SETTINGS_HEAD = ("setting", "value", "searched from", "to", "what it does")
CHOSEN_HEAD = ("trial", "weight", "{metric} alone", "trees", "time", "learning rate", "depth")
TRIALS_HEAD = ("trial", "{metric}", "trees", "rows", "time", "memory", "what became of it")

PARAMETERS = {
    "learning_rate": "how much each tree corrects",
    "max_depth": "how many questions a tree may ask in a row",
    "max_leaves": "how many leaves a tree may have",
    "grow_policy": "which leaf is split next",
    "min_child_weight": "how many rows a leaf must have, roughly",
    "subsample": "the share of rows that each tree sees",
    "colsample_bytree": "the share of columns that each tree sees",
    "colsample_bylevel": "the share of columns that each level of a tree sees",
    "colsample_bynode": "the share of columns that each split sees",
    "reg_lambda": "how strongly leaves are pulled towards zero",
    "reg_alpha": "from which size on leaves count at all",
    "gamma": "how much a split must gain",
    "max_cat_to_onehot": "up to how many levels a category is split one by one",
    "max_bin": "into how many steps a column is cut",
    "half_life": "how fast old rows lose weight, as a share of the training span; 0 weighs all alike",
}
_MENDS = {
    ("learning_rate", "lowest"): "Slower learning needs more trees: a larger `tune.budget` lets it have them.",
    ("learning_rate", "highest"): "The signal is simple, or the budget too small for slower learning.",
    ("max_depth", "highest"): "Deep trees look for many columns at once: give the model what they look for as a "
    "column of its own under `derive`, such as a ratio or a difference.",
    ("max_depth", "lowest"): "Columns work one by one here: the model is simple by its nature.",
    ("max_leaves", "highest"): "Large trees look for many columns at once: columns under `derive` may say it better.",
    ("min_child_weight", "highest"): "Only large groups of rows can be trusted: more rows, or less noise in the "
    "target, would help more than more trials.",
    ("min_child_weight", "lowest"): "Single rows matter: look for copies of rows, and for columns that name them.",
    ("reg_lambda", "highest"): "The trees are held back as much as may be: more rows, or fewer useless columns "
    "(`columns.ignore`), would help more than more trials.",
    ("gamma", "highest"): "Most splits gain next to nothing: more rows, or fewer useless columns "
    "(`columns.ignore`), would help more than more trials.",
    ("colsample_bytree", "lowest"): "Few columns at a time do best: many say the same, or are noise; "
    "`columns.ignore` leaves them out.",
    ("subsample", "lowest"): "Few rows at a time do best: rows may repeat each other.",
}
_NATURAL = {
    ("subsample", "highest"): "Every tree sees all rows, and there is no more than that.",
    ("colsample_bytree", "highest"): "Every tree sees all columns, and there is no more than that.",
    ("colsample_bynode", "highest"): "Every split sees all of its tree's columns, and there is no more than that.",
    ("reg_lambda", "lowest"): "It is next to none, and there is no less than that.",
    ("reg_alpha", "lowest"): "It is next to none, and there is no less than that.",
    ("gamma", "lowest"): "It is next to none, and there is no less than that.",
}


def head(names: Sequence[str], metric: str) -> list[str]:
    """The head of a table, with the metric's name where it belongs."""
    return [name.format(metric=metric_name(metric)) for name in names]


def setting_name(name: str) -> str:
    """A setting's name as it is read."""
    return name.replace("_", " ")


def of_sample(sample: int, rows: int) -> str:
    """That tuning worked on some of the rows only."""
    return (
        f"The {count(rows)} training rows were streamed: columns were fitted and settings tried on an even sample of "
        f"{count(sample)} of them, and the model on all. The plain models beside it saw the sample."
    )


def lead(trials: Sequence[Trial], pruned: int, metric: str, best: float) -> str:
    """How many trials, how long, and how good."""
    spent = sum(trial.seconds for trial in trials)
    return (
        f"{plural(len(trials), 'trial')} in {seconds_text(spent)}, of which {count(pruned)} were given up early. "
        f"The best reached {metric_name(metric)} {number(best)} on validation rows."
    )


def state(trial: Trial) -> str:
    """What became of a trial, in words."""
    if trial.state == "pruned":
        return f"{GIVEN_UP}: {trial.reason}" if trial.reason else GIVEN_UP
    return f"{FINISHED}, cut by the clock" if trial.cut else FINISHED


def history_alt(metric: str, trials: int, best_trial: int, best: float) -> str:
    """The chart of trials, for who can't see it."""
    return f"{metric_name(metric)} of {plural(trials, 'trial')}; the best is trial {best_trial} with {number(best)}"


def history_words(metric: str, gain: float, hidden: int) -> str:
    """What the chart of trials shows."""
    words = (
        "Each dot is one setting, tried on validation rows that are cut from the training rows: the gate rows play "
        f"no part. From the first trial to the best, {metric_name(metric)} moved by **{number(gain, 2)}**."
    )
    if hidden:
        words += f" {plural(hidden, 'trial')} did much worse and {'lies' if hidden == 1 else 'lie'} beyond the chart."
    return words


def plateau_words(plateau: Plateau, metric: str) -> str:
    """Whether more time would help."""
    last, name = percent(plateau.share), metric_name(metric)
    found = f"The best came after {percent(plateau.found_at)} of the time"
    if plateau.gain == 0.0:
        return f"{found}; the last {last} of it brought nothing: a longer search would gain little."
    said = f"{found}; the last {last} of it brought {name} **{number(plateau.gain, 2)}**"
    if plateau.noise is None:
        return f"{said}. If that is worth the time, raise `tune.budget`."
    noise = f"the standard error of the best value over the folds is {number(plateau.noise, 2)}"
    if plateau.reached:
        return f"{said}, and {noise}: a longer search would gain little."
    return f"{said} ({noise}): a larger `tune.budget` may still find a better one."


def gate_words(metric: str, gate: float, validation: float) -> str:
    """The metric on the gate rows, beside what tuning saw."""
    worse = gate < validation if higher_is_better(metric) else gate > validation
    how, why = (
        ("worse than", "later rows are harder, or tuning fitted the validation rows a little")
        if worse
        else ("as good as or better than", "tuning did not fool itself")
    )
    return f"On the gate rows the model reaches {number(gate)}, {how} on validation rows: {why}."


def importance_words(shares: Sequence[tuple[str, float]]) -> str:
    """What the chart of settings shows."""
    first = listed([f"**{setting_name(name)}** ({percent(share)})" for name, share in shares[:2]])
    return (
        f"How much it hung on each setting whether a trial was among the best tenth: most on {first}. Trials that "
        "were given up early count as what they had reached. It is about these rows and these ranges (PED-ANOVA)."
    )


def time_words(trials: Sequence[Trial]) -> str:
    """What trials took, in time and memory."""
    seconds = sorted(trial.seconds for trial in trials)
    middle = seconds[len(seconds) // 2]
    words = f"Half of the trials took less than {seconds_text(middle)}, the longest {seconds_text(seconds[-1])}."
    pruned = sum(trial.seconds for trial in trials if trial.state == "pruned")
    if pruned:
        words += f" Those that were given up early took {percent(pruned / (sum(seconds) or 1.0))} of the time."
    held = [trial.memory for trial in trials if trial.memory is not None]
    risen = [trial.rise for trial in trials if trial.rise is not None]
    if held:
        most = max(trials, key=lambda trial: trial.rise or 0)
        words += f"\n\nThe process held {bytes_text(max(held))} at most"
        words += (
            f"; trials added {bytes_text(sum(risen))} to that, most of it trial {most.number}." if any(risen) else "."
        )
    rows = [trial.rows for trial in trials if trial.rows is not None]
    if rows and min(rows) < max(rows):
        words += f" Trials were fitted on {count(min(rows))} to {count(max(rows))} rows, all folds together."
    elif rows:
        words += f" Each was fitted on {count(rows[0])} rows, all folds together."
    return words


def edge_words(edge: Edge) -> str:
    """A setting at an end of its range, and what to make of it."""
    where = f"**{setting_name(edge.name)}** is {number(edge.value, 3)}, at the {edge.end} of {_range(edge)}."
    natural = _NATURAL.get((edge.name, edge.end))
    if natural is not None:
        return f"{where} {natural}"
    mend = _MENDS.get((edge.name, edge.end), "A better value may lie beyond.")
    return f"{where} {mend}"


def members_words(settings: int, boosters: int, trees: int, line: float, rows: int | None) -> str:
    """What the Model is made of: a ``line`` has that share of it; ``rows`` where it was not fitted on all of them."""
    where = (
        "all training rows" if rows is None else f"{count(rows)} of the training rows, as many as there was time for"
    )
    if boosters == 1:
        words = f"The model is one booster of {plural(trees, 'tree')}, fitted on {where}."
    else:
        words = (
            f"The model is the mean of {plural(boosters, 'booster')} with {plural(trees, 'tree')} in all, of "
            f"{plural(settings, 'setting')}, fitted again on {where}."
        )
    if settings > 1:
        words += " Together the settings did better on validation rows than the best alone."
    if line:
        words += f" A straight line through the columns has {percent(line)} of the mean, because that did better still."
    return words


def brought_words(brought: Brought, members: int) -> str:
    """What averaging and calibrating brought."""
    name = metric_name(brought.metric)
    words = []
    if members > 1 or brought.together != brought.best:
        gain = brought.together - brought.best
        words.append(
            f"On validation rows, which the boosters had not seen, the best trial alone has {name} "
            f"{number(brought.best)} and the mean of all {number(brought.together)} ({signed(gain, 2)})."
        )
    before, after = brought.uncalibrated, brought.calibrated
    if before is not None and after is not None:
        if before == after:
            words.append("Its probabilities were right as they came: no calibration did better on held-out folds.")
        else:
            words.append(
                f"Calibrating moved the log loss from {number(before)} to {number(after)} "
                f"({signed(after - before, 2)}) on the rows that it was fitted on."
            )
    return " ".join(words)


def of_best(trial: int) -> str:
    """The head of the best trial's settings."""
    return f"The settings of the best trial, number {trial}"


def all_trials(shown: int, trials: int) -> str:
    """The head of the table of trials."""
    return (
        "All trials in numbers" if shown == trials else f"The best {count(shown)} of {count(trials)} trials in numbers"
    )


def _range(edge: Edge) -> str:
    return f"{number(edge.low, 3)} to {number(edge.high, 3)}"
