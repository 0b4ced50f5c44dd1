"""The report's section on tuning: every trial, what was found about the settings, and what the model is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from tidemill.learning.findings import Findings, find
from tidemill.learning.scores import higher_is_better
from tidemill.learning.trials import Trial
from tidemill.reporting import tuning_words as words
from tidemill.reporting.charts import Bar, Colour, Line, bars, lines
from tidemill.reporting.language import say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Cell, Figure, Figures, Fold, Notice, Prose, Section, Table
from tidemill.reporting.settings import edge_words, purpose, setting_name
from tidemill.reporting.wording import bytes_text, metric_name, number, percent, seconds_text

__all__ = ["how_it_was_tuned"]

MOST_IN_TABLE = 200


def how_it_was_tuned(material: Material) -> Section:
    """The history of the trials, what they tell, and the settings that won."""
    study, trials = material.lineage.study, material.trials
    blocks: list[Block] = []
    found = find(trials, study.metric)
    if any(trial.state == "finished" for trial in trials):
        blocks.append(_history(material, found))
    figures = [figure for figure in (_importance(found), _times(trials)) if figure is not None]
    blocks += [Figures(figures, packed=True)] if figures else []
    blocks += (
        [Notice("plain", say("At the end of its range"), " ".join(map(edge_words, found.edges)))] if found.edges else []
    )
    blocks += _members(material)
    blocks.append(Fold(words.of_best(study.best_trial), [_settings(material, found)]))
    if trials:
        blocks.append(_all_trials(trials, study.metric))
    if study.sample is not None:
        blocks.insert(0, Prose(words.of_sample(study.sample, material.lineage.split.train.rows)))
    return Section(say("How it was tuned"), blocks, words.lead(trials, study.pruned, study.metric, study.best_value))


def _history(material: Material, found: Findings) -> Figure:
    study, trials = material.lineage.study, material.trials
    better = max if higher_is_better(study.metric) else min
    finished = [trial for trial in trials if trial.state == "finished"]
    pruned = [trial for trial in trials if trial.state == "pruned"]
    best = list(accumulate((trial.value for trial in finished), better))
    series = [
        Line(say("finished"), [trial.number for trial in finished], [trial.value for trial in finished], style="dots"),
        Line(say("best so far"), [trial.number for trial in finished], best, colour="ink", style="step"),
    ]
    limits = _limits([trial.value for trial in trials], best[-1])
    if pruned:
        given_up = [trial.number for trial in pruned], [trial.value for trial in pruned]
        series.insert(1, Line(say("given up early"), *given_up, colour="coral", style="dots"))
    chart = lines(
        series,
        alt=words.history_alt(study.metric, len(trials), study.best_trial, best[-1]),
        x_label=say("trial"),
        y_label=say("{metric} on validation rows", metric=metric_name(study.metric)),
        x_format="count",
        y_limits=limits,
    )
    hidden = sum(not limits[0] <= trial.value <= limits[1] for trial in trials)
    said = [words.history_words(study.metric, abs(best[-1] - best[0]), hidden)]
    if any(len(trial.folds) < len(finished[0].folds) for trial in pruned):
        said.append(
            say("A trial that was given up early stands where the first fold had it; the others were not grown for it.")
        )
    if found.plateau is not None:
        said.append(words.plateau_words(found.plateau, study.metric))
    if material.metric.name == study.metric:
        said.append(words.gate_words(study.metric, material.metric.value, study.best_value))
    return Figure(chart, say("Trials, and the best so far"), "\n\n".join(said))


def _importance(found: Findings) -> Figure | None:
    if not found.importance:
        return None
    shares = list(found.importance.items())
    rows = [Bar(setting_name(name), share) for name, share in shares]
    alt = "; ".join(f"{row.label} {percent(row.value)}" for row in rows)
    return Figure(bars(rows, alt=alt, form="percent"), say("Which settings matter"), words.importance_words(shares))


def _times(trials: Sequence[Trial]) -> Figure | None:
    if len(trials) < 2:
        return None
    series = []
    kinds: tuple[tuple[str, str, Colour], ...] = (
        (say("finished"), "finished", "sea"),
        (say("given up early"), "pruned", "coral"),
    )
    for name, state, colour in kinds:
        some = [trial for trial in trials if trial.state == state]
        if some:
            x, y = [trial.number for trial in some], [trial.seconds for trial in some]
            series.append(Line(name, x, y, colour=colour, style="dots"))
    said = words.time_words(trials)
    chart = lines(
        series,
        alt=said.replace("\n\n", " "),
        x_label=say("trial"),
        y_label=say("seconds"),
        x_format="count",
        y_limits=(0.0, 1.08 * max(trial.seconds for trial in trials) or 1.0),
    )
    return Figure(chart, say("What each trial took"), said)


def _members(material: Material) -> list[Block]:
    weights = Counter(material.lineage.study.members)
    by_number = {trial.number: trial for trial in material.trials}
    trees = sum(member.rounds for member in material.description.members)
    study, members = material.lineage.study, material.description.members
    line = 0.0 if study.line is None else study.line.tenths / 10
    rows_of_fit = study.fits[0].rows if study.fits else None
    said = [words.members_words(len(weights), len(members), trees, line, rows_of_fit)]
    if material.brought is not None:
        said.append(words.brought_words(material.brought, len(weights)))
    blocks: list[Block] = [Prose("\n\n".join(text for text in said if text))]
    rows: list[list[Cell]] = [
        [
            str(number_of),
            percent(weight / weights.total()),
            number(by_number[number_of].value),
            by_number[number_of].rounds,
            seconds_text(by_number[number_of].seconds),
            _value(by_number[number_of].parameters.get("learning_rate")),
            _value(by_number[number_of].parameters.get("max_depth")),
        ]
        for number_of, weight in weights.items()
        if number_of in by_number
    ]
    return [*blocks, Table(_chosen_head(study.metric), rows)] if rows else blocks


def _chosen_head(metric: str) -> list[str]:
    alone = say("{metric} alone", metric=metric_name(metric))
    return [say("trial"), say("weight"), alone, say("trees"), say("time"), say("learning rate"), say("depth")]


def _settings(material: Material, found: Findings) -> Table:
    rows: list[list[Cell]] = []
    for name, value in material.lineage.study.best_parameters.items():
        low, high = (number(end, 3) for end in found.space[name]) if name in found.space else (None, None)
        rows.append([setting_name(name), _value(value), low, high, purpose(name)])
    head = [say("setting"), say("value"), say("searched from"), say("to"), say("what it does")]
    return Table(head, rows)


def _all_trials(trials: Sequence[Trial], metric: str) -> Fold:
    sign = -1.0 if higher_is_better(metric) else 1.0
    ranked = sorted(trials, key=lambda trial: (trial.state == "pruned", sign * trial.value, trial.number))
    rows: list[list[Cell]] = [
        [
            str(trial.number),
            number(trial.value),
            trial.rounds,
            trial.rows,
            seconds_text(trial.seconds),
            None if trial.memory is None else bytes_text(trial.memory),
            words.state(trial),
        ]
        for trial in ranked[:MOST_IN_TABLE]
    ]
    head = [
        say("trial"),
        metric_name(metric),
        say("trees"),
        say("rows"),
        say("time"),
        say("memory"),
        say("what became of it"),
    ]
    return Fold(words.all_trials(len(rows), len(trials)), [Table(head, rows)])


def _value(value: float | int | str | bool | None) -> Cell:
    return number(value) if isinstance(value, float) else None if value is None else str(value)


def _limits(values: list[float], best: float) -> tuple[float, float]:
    """Of the y axis: from the best to twice as far as the middle trial, so that a bad one doesn't flatten the rest."""
    worst = max(values, key=lambda value: abs(value - best))
    middle = sorted(abs(value - best) for value in values)[len(values) // 2]
    far = min(abs(worst - best), max(3.0 * middle, 1e-9 + 0.3 * abs(worst - best)))
    other = best + far if worst > best else best - far
    pad = 0.08 * far or 0.01 * (abs(best) or 1.0)
    return min(best, other) - pad, max(best, other) + pad
