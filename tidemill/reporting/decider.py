"""The page for those who decide: one sheet of paper in plain words, without the trade's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidemill.evaluation.evidence import Contender, Slice
from tidemill.gate import PROOF
from tidemill.registry import LedgerEntry
from tidemill.reporting.cases import cost_words, how_often_right
from tidemill.reporting.fairness import treated_differently
from tidemill.reporting.language import in_words, say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import Badge, Block, Cell, Headline, Notice, Points, Prose, Section, Table, Tone
from tidemill.reporting.plainly import Measure, measure_of, plain_name, value_of
from tidemill.reporting.summary import question
from tidemill.reporting.wording import count, day, listed, moment, sentence, short, value_name
from tidemill.results import Finding, Interval

__all__ = ["decider_headline", "decider_sections"]

_SHOWN = 3
_VERDICTS: dict[str, tuple[str, Tone]] = {
    "promote": (to_say("In use"), "good"),
    "wait": (to_say("Waits for you"), "warn"),
    "refuse": (to_say("Not in use"), "bad"),
}


def decider_headline(material: Material) -> Headline:
    """The decision in a sentence that everybody understands."""
    verdict, tone = _VERDICTS[material.decision.action]
    return Headline(say(verdict), " ".join(_outcome(material)), tone)


def decider_sections(material: Material) -> list[Section]:
    """Everything that a decision needs, each in a few sentences."""
    return [
        Section(say("How often is it right?"), [Prose(_asked(material)), *how_often_right(material)]),
        Section(say("What do its errors cost?"), [Prose(cost_words(material))]),
        Section(say("Is it better than what there is?"), list(_compared(material))),
        Section(say("Who may be served worse?"), [Points(list(_unequal(material)))]),
        Section(say("What could go wrong?"), [Points(list(_risks(material)))]),
        Section(say("What was decided, and what is asked of you?"), list(_decided(material))),
    ]


def _asked(material: Material) -> str:
    asked = say("The model answers: **{question}**", question=question(material))
    evidence = material.evidence
    told = {"train": count(material.lineage.split.train.rows), "gate": count(evidence.rows)}
    if evidence.since and evidence.until:
        tested = say(
            "It learned from {train} past cases, and was tested on {gate} others of {since} to {until}.",
            since=day(evidence.since),
            until=day(evidence.until),
            **told,
        )
    else:
        tested = say("It learned from {train} past cases, and was tested on {gate} others.", **told)
    return f"{asked} {tested}"


def _compared(material: Material) -> Iterator[Block]:
    """A row a model: what is in use today, and the simplest there is."""
    measure, evaluation = measure_of(material), material.lineage.evaluation
    leads = {one.name: one.difference for one in evaluation.baselines}
    if evaluation.champion is not None:
        leads[evaluation.champion.name] = evaluation.champion.difference
    own = value_of(material.evidence.challenger, measure.metric)
    rows: list[list[Cell]] = [[say("this model"), measure.told(own.value), None]]
    rows += [
        _row(one, measure, leads.get(one.name))
        for one in sorted(material.rivals, key=lambda one: one.role != "champion")
    ]
    yield Table([say("model"), measure.title, say("compared with this model")], rows)
    if measure.metric != material.metric.name:
        yield Prose(
            say("Better and worse go by the measure that the owner chose, which also counts how sure answers were.")
        )
    if evaluation.champion is None:
        yield Prose(say("No model is in use yet to compare with."))


def _row(one: Contender, measure: Measure, lead: Interval | None) -> list[Cell]:
    name = say("the model in use today") if one.role == "champion" else sentence_case(plain_name(one.name))
    verdict = _against(lead)
    return [name, measure.told(value_of(one, measure.metric).value), verdict]


def _against(lead: Interval | None) -> Badge | None:
    """Whether the other model is better or worse than this one, seen from the other."""
    if lead is None:
        return None
    if lead.low > 0:
        return Badge(say("worse"), "good")
    return Badge(say("better"), "bad") if lead.high < 0 else Badge(say("no clear difference"), "warn")


def sentence_case(text: str) -> str:
    """With a capital at the start."""
    return text[:1].upper() + text[1:]


def _unequal(material: Material) -> Iterator[str]:
    """The groups of cases for which it does less well, and those of which nothing can be said."""
    slices = material.evidence.slices
    yield from treated_differently(material.evidence)[:_SHOWN]
    worse = [_group(one) for one in slices if one.verdict == "worse"]
    thin = [_group(one) for one in slices if one.metric is None]
    if not slices:
        yield say("Nobody has looked at groups of cases one by one: the owner can name columns to look at.")
    elif worse:
        yield say("It does clearly less well than on the whole for {groups}.", groups=_some(worse))
    else:
        yield say("In none of the groups that were looked at does it do clearly less well than on the whole.")
    if thin:
        yield say("There are too few cases to judge it for {groups}.", groups=_some(thin))


def _group(one: Slice) -> str:
    """A group by its column and value, cut where they are too long for a sheet of paper."""
    return f"`{short(one.column, 30)}` = {short(value_name(one.value), 30)}"


def _some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    rest = len(names) - _SHOWN
    shown = names[:_SHOWN]
    return listed([*shown, say_plural("{count} more", "{count} more", rest)] if rest > 0 else shown)


def _risks(material: Material) -> Iterator[str]:
    evidence, split, validation = material.evidence, material.lineage.split, material.lineage.validation
    if split.by == "time" and evidence.since and evidence.until:
        yield say(
            "It was tested on {since} to {until} alone. In another season, or when the world changes, it may be "
            "wrong more "
            "often.",
            since=day(evidence.since),
            until=day(evidence.until),
        )
    else:
        yield say("It was not tested on later cases: when the world changes, it may be wrong more often.")
    measure = measure_of(material)
    own = value_of(evidence.challenger, measure.metric)
    yield say(
        "The numbers are from a sample. With other cases of the same kind, the {value} in the table above could as "
        "well be "
        "{low} or {high}.",
        value=measure.told(own.value),
        low=measure.told(own.low),
        high=measure.told(own.high),
    )
    flattering = [f"`{short(one.column, 30)}`" for one in validation.leaks if one.allowed]
    if flattering:
        yield say(
            "It reads {columns}, which may know the answer beforehand: it may do worse in use.",
            columns=_some(flattering),
        )
    personal = [f"`{short(one.column, 30)}`" for one in validation.personal if one.allowed]
    if personal:
        yield say("It reads personal data: {columns}.", columns=_some(personal))
    yield say("It goes by what came together in the past. That one thing causes the other is not shown.")


def _decided(material: Material) -> Iterator[Block]:
    name, version = material.use_case.name, material.version.version
    action = material.decision.action
    yield Prose(_by_whom(material))
    if action == "wait":
        words = say(
            "You are asked to approve or to reject it: `tidemill approve {name} {version}` puts it into use, "
            "`tidemill reject {name} {version}` does not.",
            name=name,
            version=version,
        )
        yield Notice("warn", say("Please decide"), words)
    elif action == "promote":
        first = material.entry is not None and material.entry.previous is None
        words = (
            say("Nothing is asked of you. It is the first: there is no model before it to go back to.")
            if first
            else say(
                "Nothing is asked of you. If you do not agree, `tidemill rollback {name}` brings the model before it "
                "back.",
                name=name,
            )
        )
        yield Notice("good", say("Nothing to do"), words)
    else:
        words = say(
            "Nothing is asked of you. If you want it in use all the same, `tidemill promote {name} {version}` does "
            "that, in "
            "your name.",
            name=name,
            version=version,
        )
        yield Notice("plain", say("Nothing to do"), words)


def _by_whom(material: Material) -> str:
    """Who decided, when, by which rules."""
    entry = material.entry
    owner = material.use_case.owner or say("not named")
    if entry is not None and _answered(entry):
        decided = say("Decided by {who} on {moment}.", who=entry.who, moment=_minute(entry))
        reason = say("The reason given: {why}", why=sentence(entry.why))
        return f"{decided} {reason} {say('Who answers for the model: {owner}.', owner=owner)}"
    rules = say("It was decided by the fixed rules of the use case; who answers for the model: {owner}.", owner=owner)
    if entry is None:
        return rules
    started = say(
        "The training was started by {who}, and ended on {moment}.", who=_short(entry.who), moment=_minute(entry)
    )
    return f"{rules} {started}"


def _short(who: str) -> str:
    """Who it was, without the run's id in brackets, which engineers find in the ledger."""
    return re.sub(r" \([0-9a-f-]{36}\)$", "", who)


def _minute(entry: LedgerEntry) -> str:
    return moment(entry.when.replace(second=0, microsecond=0))


def _answered(entry: LedgerEntry) -> bool:
    """Whether it is an answer to a version that waited, or overruled the gate: not the gate's own."""
    return not entry.automatic or entry.action == "reject"


def _outcome(material: Material) -> Iterator[str]:
    action, entry = material.decision.action, material.entry
    if entry is not None and action != "wait" and _answered(entry):
        yield from _answer(material, entry)
    elif action == "wait":
        yield say("The model meets the rules that were set for it. A person must now say yes or no.")
    elif action == "promote":
        yield say("The model meets the rules that were set for it, and answers from now on.")
    else:
        stays = entry is not None and entry.champion is not None
        yield (
            say("The model does not meet the rules that were set for it. The model in use stays.")
            if stays
            else say("The model does not meet the rules that were set for it.")
        )
        yield from _reasons(material)


def _answer(material: Material, entry: LedgerEntry) -> Iterator[str]:
    """What a person made of it, or that nobody answered."""
    if entry.action == "reject" and entry.automatic:
        yield say("The model meets the rules that were set for it, but nobody said yes in time.")
    elif entry.action == "reject":
        yield say("The model meets the rules that were set for it, but {who} said no.", who=entry.who)
    elif entry.action == "approve" or material.lineage.evaluation.passed:
        yield say("The model meets the rules that were set for it, and {who} said yes: it is in use.", who=entry.who)
    else:
        yield say(
            "The model does not meet the rules that were set for it. {who} put it into use all the same.", who=entry.who
        )
        yield from _reasons(material)


def _reasons(material: Material) -> Iterator[str]:
    """Why it was refused: the models that it does not clearly beat, and what else speaks against it."""
    evaluation = material.lineage.evaluation
    against = [one for one in evaluation.findings if one.against]
    failed = [_rival(material, one) for one in against if one.rule in ("baseline", "champion")]
    if not evaluation.findings:
        failed = _beaten_by(material)
    better = [name for name, lead in failed if lead is not None and lead.high < 0]
    close = [name for name, lead in failed if lead is None or lead.high >= 0]
    if better:
        yield say("Better than this model: {rivals}.", rivals=listed(better))
    if close:
        yield say("As good as this model, or nearly: {rivals}.", rivals=listed(close))
    worse = [f"`{one.said.values['value']}`" for one in against if one.rule == "slices" and "value" in one.said.values]
    if worse:
        yield say("The model in use does better for {groups}.", groups=_some(worse))
    for one in against:
        if one.rule not in ("baseline", "champion", "slices"):
            yield from (sentence(in_words(said)) for said in one.clauses)


def _rival(material: Material, one: Finding) -> tuple[str, Interval | None]:
    """Whom a finding is about, and how far the model is ahead of it."""
    evaluation = material.lineage.evaluation
    if one.rule == "champion":
        return say("the model in use today"), evaluation.champion.difference if evaluation.champion else None
    name = str(one.said.values.get("rival", ""))
    return plain_name(name), next((each.difference for each in evaluation.baselines if each.name == name), None)


def _beaten_by(material: Material) -> list[tuple[str, Interval | None]]:
    """The same from the numbers, for evaluations from before the gate's findings were kept."""
    evaluation, rules = material.lineage.evaluation, material.use_case.gate
    rivals = [(plain_name(one.name), one, rules.margin, one.name in PROOF) for one in evaluation.baselines]
    if evaluation.champion is not None:
        rivals.append((say("the model in use today"), evaluation.champion, rules.champion_margin, True))
    return [
        (name, one.difference)
        for name, one, margin, proof in rivals
        if one.difference.value < margin or (proof and one.difference.low <= min(margin, 0.0))
    ]
