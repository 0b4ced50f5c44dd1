"""Every sentence of the report's section on tuning, in one place: what composes the section knows no words."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.learning.brought import Brought
from tidemill.learning.findings import Plateau
from tidemill.learning.scores import higher_is_better
from tidemill.learning.trials import Trial
from tidemill.reporting.language import say, say_plural
from tidemill.reporting.settings import setting_name
from tidemill.reporting.wording import bytes_text, count, listed, metric_name, number, percent, seconds_text, signed

__all__ = [
    "all_trials",
    "brought_words",
    "gate_words",
    "history_alt",
    "history_words",
    "importance_words",
    "lead",
    "members_words",
    "of_best",
    "of_sample",
    "plateau_words",
    "state",
    "time_words",
]


def of_sample(sample: int, rows: int) -> str:
    """That tuning worked on some of the rows only."""
    return say(
        "The {rows} training rows were streamed: columns were fitted and settings tried on an even sample of "
        "{sample} of "
        "them, and the model on all. The plain models beside it saw the sample.",
        rows=count(rows),
        sample=count(sample),
    )


def lead(trials: Sequence[Trial], pruned: int, metric: str, best: float) -> str:
    """How many trials, how long, and how good."""
    tried = say_plural(
        "{count} trial in {time}, of which {pruned} were given up early.",
        "{count} trials in {time}, of which {pruned} were given up early.",
        len(trials),
        time=seconds_text(sum(trial.seconds for trial in trials)),
        pruned=count(pruned),
    )
    reached = say(
        "The best reached {metric} {value} on validation rows.", metric=metric_name(metric), value=number(best)
    )
    return f"{tried} {reached}"


def state(trial: Trial) -> str:
    """What became of a trial, in words."""
    if trial.state == "pruned":
        return f"{say('given up early')}: {trial.reason}" if trial.reason else say("given up early")
    return say("finished, cut by the clock") if trial.cut else say("finished")


def history_alt(metric: str, trials: int, best_trial: int, best: float) -> str:
    """The chart of trials, for who can't see it."""
    return say_plural(
        "{metric} of {count} trial; the best is trial {best} with {value}",
        "{metric} of {count} trials; the best is trial {best} with {value}",
        trials,
        metric=metric_name(metric),
        best=best_trial,
        value=number(best),
    )


def history_words(metric: str, gain: float, hidden: int) -> str:
    """What the chart of trials shows."""
    words = say(
        "Each dot is one setting, tried on validation rows that are cut from the training rows: the gate rows play no "
        "part. From the first trial to the best, {metric} moved by **{gain}**.",
        metric=metric_name(metric),
        gain=number(gain, 2),
    )
    if hidden:
        words += " " + say_plural(
            "{count} trial did much worse and lies beyond the chart.",
            "{count} trials did much worse and lie beyond the chart.",
            hidden,
        )
    return words


def plateau_words(plateau: Plateau, metric: str) -> str:
    """Whether more time would help."""
    found = say("The best came after {share} of the time.", share=percent(plateau.found_at))
    last = percent(plateau.share)
    if plateau.gain == 0.0:
        return f"{found} " + say(
            "The last {share} of it brought nothing: a longer search would gain little.", share=last
        )
    said = say(
        "The last {share} of it brought {metric} **{gain}**.",
        share=last,
        metric=metric_name(metric),
        gain=number(plateau.gain, 2),
    )
    if plateau.noise is None:
        return f"{found} {said} " + say("If that is worth the time, raise `tune.budget`.")
    noise = say("The standard error of the best value over the folds is {noise}:", noise=number(plateau.noise, 2))
    end = (
        say("a longer search would gain little.")
        if plateau.reached
        else say("a larger `tune.budget` may still find a better one.")
    )
    return f"{found} {said} {noise} {end}"


def gate_words(metric: str, gate: float, validation: float) -> str:
    """The metric on the gate rows, beside what tuning saw."""
    worse = gate < validation if higher_is_better(metric) else gate > validation
    if worse:
        return say(
            "On the gate rows the model reaches {value}, worse than on validation rows: later rows are harder, or "
            "tuning "
            "fitted the validation rows a little.",
            value=number(gate),
        )
    return say(
        "On the gate rows the model reaches {value}, as good as or better than on validation rows: tuning did not fool "
        "itself.",
        value=number(gate),
    )


def importance_words(shares: Sequence[tuple[str, float]]) -> str:
    """What the chart of settings shows."""
    return say(
        "How much it hung on each setting whether a trial was among the best tenth: most on {settings}. Trials that "
        "were "
        "given up early count as what they had reached. It is about these rows and these ranges (PED-ANOVA).",
        settings=listed([f"**{setting_name(name)}** ({percent(share)})" for name, share in shares[:2]]),
    )


def time_words(trials: Sequence[Trial]) -> str:
    """What trials took, in time and memory."""
    seconds = sorted(trial.seconds for trial in trials)
    words = say(
        "Half of the trials took less than {middle}, the longest {longest}.",
        middle=seconds_text(seconds[len(seconds) // 2]),
        longest=seconds_text(seconds[-1]),
    )
    pruned = sum(trial.seconds for trial in trials if trial.state == "pruned")
    if pruned:
        share = percent(pruned / (sum(seconds) or 1.0))
        words += " " + say("Those that were given up early took {share} of the time.", share=share)
    memory = _memory_words(trials)
    return " ".join(part for part in (f"{words}\n\n{memory}" if memory else words, _rows_words(trials)) if part)


def _memory_words(trials: Sequence[Trial]) -> str:
    held = [trial.memory for trial in trials if trial.memory is not None]
    if not held:
        return ""
    words = say("The process held {size} at most.", size=bytes_text(max(held)))
    risen = sum(trial.rise for trial in trials if trial.rise is not None)
    if not risen:
        return words
    most = max(trials, key=lambda trial: trial.rise or 0)
    added = say("Trials added {size} to that, most of it trial {trial}.", size=bytes_text(risen), trial=most.number)
    return f"{words} {added}"


def _rows_words(trials: Sequence[Trial]) -> str:
    rows = [trial.rows for trial in trials if trial.rows is not None]
    if not rows:
        return ""
    if min(rows) < max(rows):
        return say(
            "Trials were fitted on {least} to {most} rows, all folds together.",
            least=count(min(rows)),
            most=count(max(rows)),
        )
    return say("Each was fitted on {rows} rows, all folds together.", rows=count(rows[0]))


def members_words(settings: int, boosters: int, trees: int, line: float, rows: int | None) -> str:
    """What the Model is made of: a ``line`` has that share of it; ``rows`` where it was not fitted on all of them."""
    where = (
        say("all training rows")
        if rows is None
        else say("{rows} of the training rows, as many as there was time for", rows=count(rows))
    )
    grown = say_plural("{count} tree", "{count} trees", trees)
    if boosters == 1:
        words = say("The model is one booster of {trees}, fitted on {where}.", trees=grown, where=where)
    else:
        words = say(
            "The model is the mean of {boosters} boosters with {trees} in all, of {settings}, fitted again on {where}.",
            boosters=count(boosters),
            trees=grown,
            settings=say_plural("{count} setting", "{count} settings", settings),
            where=where,
        )
    if settings > 1:
        words += " " + say("Together the settings did better on validation rows than the best alone.")
    if line:
        words += " " + say(
            "A straight line through the columns has {share} of the mean, because that did better still.",
            share=percent(line),
        )
    return words


def brought_words(brought: Brought, members: int) -> str:
    """What averaging and calibrating brought."""
    words = []
    if members > 1 or brought.together != brought.best:
        words.append(
            say(
                "On validation rows, which the boosters had not seen, the best trial alone has {metric} {best} and the "
                "mean of all {together} ({gain}).",
                metric=metric_name(brought.metric),
                best=number(brought.best),
                together=number(brought.together),
                gain=signed(brought.together - brought.best, 2),
            )
        )
    before, after = brought.uncalibrated, brought.calibrated
    if before is not None and after is not None:
        words.append(_calibrating_words(before, after))
    return " ".join(words)


def _calibrating_words(before: float, after: float) -> str:
    if before == after:
        return say("Its probabilities were right as they came: no calibration did better on held-out folds.")
    return say(
        "Calibrating moved the log loss from {before} to {after} ({change}) on the rows that it was fitted on.",
        before=number(before),
        after=number(after),
        change=signed(after - before, 2),
    )


def of_best(trial: int) -> str:
    """The head of the best trial's settings."""
    return say("The settings of the best trial, number {trial}", trial=trial)


def all_trials(shown: int, trials: int) -> str:
    """The head of the table of trials."""
    if shown == trials:
        return say("All trials in numbers")
    return say("The best {shown} of {trials} trials in numbers", shown=count(shown), trials=count(trials))
