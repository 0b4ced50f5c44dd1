"""The rules of the gate, each applied to the numbers that an evaluation holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tidemill.gate.numbers import metric_name, rows_needed, shown, visible
from tidemill.results import Baseline, Evaluation, Finding, Lead, SliceTest
from tidemill.said import Said, to_say
from tidemill.usecase.gate import GateRules, SliceRules

__all__ = ["PROOF", "findings", "judged", "worse_slices"]

PROOF = ("constant", "random order")
"""Baselines whose lead must be more than chance: has the model learnt anything?"""

_OWN = ("baseline", "champion", "seeds", "slices", "simpler", "rows", "classes")
_MOST_SLICES = 5
Verdict = Literal["pass", "fail", "undecided", "note"]


def judged(rules: GateRules, evaluation: Evaluation) -> Evaluation:
    """The evaluation with what every rule makes of it.

    Findings of other rules, such as that the champion can't be compared, stay as they are.
    """
    others = tuple(one for one in evaluation.findings if one.rule not in _OWN)
    found = (*findings(rules, evaluation), *others)
    against = tuple("; ".join(said.english for said in one.clauses) for one in found if one.against)
    return evaluation.model_copy(update={"findings": found, "passed": not against, "reasons": against})


def findings(rules: GateRules, evaluation: Evaluation) -> tuple[Finding, ...]:
    """What the gate's own rules say, from the numbers alone."""
    rows = evaluation.rows
    found = [_over_baseline(one, rules.margin, rows) for one in evaluation.baselines]
    if evaluation.champion is not None:
        found.append(_over_champion(evaluation.champion, rules.least, rows))
        found.extend(_in_slices(rules.slices, evaluation))
        if evaluation.champion.lead is not None and evaluation.champion.lead.luck is None:
            text = to_say(
                "both models are single boosters, so how far other seeds would have moved the lead is not known"
            )
            found.append(_finding("seeds", "note", text))
    found.extend(_simpler(evaluation.baselines))
    found.extend(
        _finding(
            "rows",
            "note",
            to_say("{rows:,} of the {of:,} gate rows were left out, because {version} was trained on them"),
            rows=one.rows,
            of=one.of,
            version=one.version,
        )
        for one in evaluation.seen
        if one.left
    )
    if evaluation.absent:
        text = to_say("no gate row has the class {label}: nothing is known of how well it is told")
        found.extend(_finding("classes", "note", text, label=label) for label in evaluation.absent)
    return tuple(found)


def worse_slices(rules: SliceRules, tests: Sequence[SliceTest]) -> tuple[SliceTest, ...]:
    """The slices that are worse than with the champion, the surest first (Benjamini and Hochberg, 1995)."""
    ordered = sorted(tests, key=lambda one: one.p)
    chosen = 0
    for place, one in enumerate(ordered, start=1):
        if one.p <= rules.false_discovery_rate * place / len(ordered) and rules.false_discovery_rate > 0:
            chosen = place
    return tuple(ordered[:chosen])


def _over_baseline(baseline: Baseline, margin: float, rows: int) -> Finding:
    """The lead as measured must be the margin; over what has learnt nothing it must be more than chance too."""
    lead = lead_of(baseline)
    said = _values(lead, rival=baseline.name, margin=margin)
    if lead.value < 0:
        return _finding("baseline", "fail", to_say("it is worse than {rival} by {behind:,} {metric}"), **said)
    if lead.value < margin:
        text = to_say("it is better than {rival} by only {lead:,} {metric}, and {margin:,} is asked for")
        return _finding("baseline", "fail", text, **said)
    if baseline.name in PROOF and lead.low <= 0:
        text = to_say(
            "its lead over {rival}, {lead:+,} {metric}, may be chance on {rows:,} rows (between {low:+,} and {high:+,})"
        )
        return _undecided("baseline", text, lead, 0.0, rows, said)
    text = to_say("it is better than {rival} by {lead:,} {metric} (between {low:+,} and {high:+,})")
    return _finding("baseline", "pass", text, **said)


def _over_champion(champion: Baseline, least: float, rows: int) -> Finding:
    """The bootstrap's lower bound must be above ``least``, and so must a second opinion's, where there is one."""
    lead = lead_of(champion)
    said = _values(lead, rival=champion.name, margin=abs(least))
    if lead.low > least:
        return _opposed(lead, least, rows, said) or _passed(lead, said)
    if lead.high > least:
        if lead.value > least and least == 0:
            text = to_say(
                "its lead over the champion {rival}, {lead:+,} {metric}, may be chance on {rows:,} rows "
                "(between {low:+,} and {high:+,})"
            )
        elif least < 0:
            text = to_say(
                "whether it is at most {margin:,} {metric} worse than the champion {rival} can't be told from "
                "{rows:,} rows: its lead is {lead:+,} (between {low:+,} and {high:+,})"
            )
        elif least > 0:
            text = to_say(
                "whether it is better than the champion {rival} by more than {margin:,} {metric} can't be told from "
                "{rows:,} rows: its lead is {lead:+,} (between {low:+,} and {high:+,})"
            )
        else:
            text = to_say(
                "whether it is better than the champion {rival} can't be told from {rows:,} rows: "
                "its lead is {lead:+,} {metric} (between {low:+,} and {high:+,})"
            )
        return _undecided("champion", text, lead, least, rows, said)
    if lead.value < 0:
        text = to_say("it is worse than the champion {rival} by {behind:,} {metric} (between {low:+,} and {high:+,})")
    elif lead.value < least:
        text = to_say(
            "it is better than the champion {rival} by only {lead:,} {metric} (at most {high:,}), "
            "and more than {margin:,} is asked for"
        )
    else:
        text = to_say("it is no better than the champion {rival}: the {metric} is the same")
    return _finding("champion", "fail", text, **said)


def _opposed(lead: Lead, least: float, rows: int, said: dict[str, str | float]) -> Finding | None:
    """Where the second opinion is less sure than the bootstrap, it counts: that makes errors rarer, never likelier."""
    opinion = lead.opinion
    if opinion is None:
        return None
    surely = opinion.low > least if opinion.low is not None else least != 0 or opinion.p <= lead.rate
    if surely:
        return None
    text = to_say(
        "its lead over the champion {rival}, {lead:+,} {metric}, may be chance on {rows:,} rows by {test}'s test "
        "(p = {p:.3f}), though not by the bootstrap"
    )
    return _undecided("champion", text, lead, least, rows, {**said, "test": opinion.test, "p": opinion.p})


def _passed(lead: Lead, said: dict[str, str | float]) -> Finding:
    if lead.low > 0:
        text = to_say("it is better than the champion {rival} by {lead:,} {metric} (at least {low:,})")
        return _finding("champion", "pass", text, **said)
    text = to_say("it is at most {worst:,} {metric} worse than the champion {rival} (its lead is {lead:+,})")
    return _finding("champion", "pass", text, **{**said, "worst": shown(-lead.low)})


def _in_slices(rules: SliceRules, evaluation: Evaluation) -> Iterator[Finding]:
    """No slice may be worse than with the champion by more than its margin, beyond chance."""
    tests = evaluation.slices
    if not tests:
        return
    worse = worse_slices(rules, tests)
    if not worse:
        text = to_say("none of {tests:,} slices is worse than with the champion beyond chance")
        yield _finding("slices", "pass", text, tests=len(tests))
    for one in worse[:_MOST_SLICES]:
        if one.origin == "searched":
            text = to_say("it is worse than the champion on the {rows:,} rows where {value}, by {behind:,} {metric}")
        else:
            text = to_say(
                "it is worse than the champion on the {rows:,} rows where {column} is {value}, by {behind:,} {metric}"
            )
        said: dict[str, str | float] = {
            "column": one.column,
            "value": one.value,
            "rows": one.rows,
            "behind": shown(-one.lead),
            "metric": metric_name(evaluation.champion.lead.measure)
            if evaluation.champion and evaluation.champion.lead
            else metric_name(evaluation.metric.name),
        }
        yield _finding("slices", "fail", text, **said)
    if len(worse) > _MOST_SLICES:
        text = to_say("it is worse than the champion in {more:,} more slices")
        yield _finding("slices", "fail", text, more=len(worse) - _MOST_SLICES)


def _simpler(baselines: Sequence[Baseline]) -> Iterator[Finding]:
    """Plain models that this one can't be told from: whoever reads the decision is to know."""
    for one in baselines:
        lead = one.difference
        if one.name in PROOF or lead.low > 0:
            continue
        text = to_say(
            "a simpler model is as good: on these rows {rival} can't be told from it "
            "(its lead is {lead:+,} {metric}, between {low:+,} and {high:+,})"
        )
        yield _finding(
            "simpler",
            "note",
            text,
            rival=one.name,
            metric=metric_name(lead.name),
            lead=shown(lead.value),
            low=shown(lead.low),
            high=shown(lead.high),
        )


def lead_of(rival: Baseline) -> Lead:
    """What the gate goes by; from the plain interval in evaluations from before it was taken."""
    if rival.lead is not None:
        return rival.lead
    found = rival.difference
    return Lead(
        measure=found.name,
        value=found.value,
        low=found.low,
        high=found.high,
        error=(found.high - found.low) / (2.0 * 1.96),
        rate=0.025,
    )


def _values(lead: Lead, rival: str, margin: float) -> dict[str, str | float]:
    return {
        "rival": rival,
        "metric": metric_name(lead.measure),
        "lead": shown(lead.value),
        "behind": shown(-lead.value),
        "low": shown(lead.low),
        "high": shown(lead.high),
        "margin": margin,
    }


def _undecided(rule: str, text: str, lead: Lead, least: float, rows: int, said: dict[str, str | float]) -> Finding:
    """What is left open, with the rows that would settle it or the lead that these would show."""
    needed = rows_needed(lead, least, rows)
    found = _finding(rule, "undecided", text, **said, rows=rows)
    if needed is not None and needed > rows:
        advice = Said(text="about {needed:,} rows would show a lead of that size", values={"needed": needed})
    elif needed is None and lead.value > least:
        text = to_say("trained again from other seeds it could be as far behind, so more rows alone would not tell")
        advice = Said(text=text)
    else:
        seen = shown(visible(lead, least))
        advice = Said(text="so many rows would show a lead of {visible:+,} or more", values={"visible": seen})
    return found.model_copy(update={"advice": advice})


def _finding(rule: str, verdict: Verdict, text: str, **values: str | float) -> Finding:
    used = {name: value for name, value in values.items() if f"{{{name}" in text}
    return Finding(rule=rule, verdict=verdict, said=Said(text=text, values=used))
