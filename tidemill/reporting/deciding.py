"""The report's last sections: what was decided and why, what to keep in mind, and where everything came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from platform import python_version

from tidemill.gate import PROOF
from tidemill.registry import LedgerEntry
from tidemill.reporting.charts import Bar, bars
from tidemill.reporting.language import in_words, say, say_plural, to_say
from tidemill.reporting.material import Material
from tidemill.reporting.page import (
    Badge,
    Block,
    Cell,
    Code,
    Figure,
    Fold,
    Notice,
    Pairs,
    Prose,
    Section,
    Table,
    Tone,
)  # fmt: skip
from tidemill.reporting.wording import (
    count,
    metric_name,
    moment,
    number,
    percent,
    rival_name,
    seconds_text,
    sentence,
    signed,
    span,
)  # fmt: skip
from tidemill.results import Baseline, Finding
from tidemill.usecase.gate import GateRules

__all__ = ["decision", "libraries", "lineage"]

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "pass": (to_say("met"), "good"),
    "fail": (to_say("not met"), "bad"),
    "undecided": (to_say("not enough evidence"), "warn"),
    "note": (to_say("for information"), "plain"),
}
_LIBRARIES = ("xgboost", "optuna", "scikit-learn", "great-expectations", "pandas", "numpy", "pyarrow")


def decision(material: Material) -> Section:
    """The gate's rules, each comparison, and the outcome."""
    evaluation, rules = material.lineage.evaluation, material.use_case.gate
    blocks: list[Block] = [Prose(_rule(material)), _comparisons(material)]
    if evaluation.findings:
        blocks.append(_findings(evaluation.findings))
    elif evaluation.reasons:
        reasons = "\n\n".join(sentence(reason) for reason in evaluation.reasons)
        title = say_plural("{count} reason against it", "{count} reasons against it", len(evaluation.reasons))
        blocks.append(Notice("bad", title, reasons))
    if evaluation.champion is None and evaluation.passed:
        blocks.append(Prose(say("There was no other champion to compare with.")))
    if material.entry is not None and not material.entry.automatic:
        blocks.append(_by_a_person(material.entry))
    if rules.approval == "manual" and material.decision.action == "wait":
        command = f"tidemill approve {material.use_case.name} {material.version.version}"
        words = say("`{command}` promotes it; `tidemill reject` does not.", command=command)
        blocks.append(Notice("warn", say("A person decides"), words))
    return Section(say("What was decided"), blocks)


def _by_a_person(entry: LedgerEntry) -> Notice:
    """Who answered, when and why."""
    title = (
        say("{who} said no", who=entry.who) if entry.action == "reject" else say("{who} put it into use", who=entry.who)
    )
    reason = say("The reason given: {why}", why=sentence(entry.why))
    return Notice("plain", title, f"{moment(entry.when.replace(second=0, microsecond=0))}. {reason}")


def _rule(material: Material) -> str:
    """When a version is promoted, in words."""
    rules = material.use_case.gate
    asked = say(
        "A version is promoted when, on rows that it was not trained on, its {metric} beats every plain baseline "
        "{margin}, "
        "and {plain} by more than chance.",
        metric=metric_name(material.lineage.evaluation.metric.name),
        margin=_by(rules.margin),
        plain=say("a random order") if material.evidence.ranking is not None else say("the constant"),
    )
    rate = say(
        "A model that is not better than the champion is promoted at most {rate} of the time.",
        rate=percent(rules.false_promotions),
    )
    return f"{asked} {_over_champion(rules)} {rate}"


def _over_champion(rules: GateRules) -> str:
    """What is asked against the champion, on rows that neither was trained on."""
    if rules.policy == "non_inferior":
        return say(
            "On rows that neither was trained on it must be worse than the champion by less than {margin:g}, beyond "
            "chance.",
            margin=rules.champion_margin,
        )
    if rules.policy == "cost":
        return say("On rows that neither was trained on a row must cost less than with the champion, beyond chance.")
    if rules.champion_margin > 0:
        return say(
            "On rows that neither was trained on it must be better than the champion by more than {margin:g}, beyond "
            "chance.",
            margin=rules.champion_margin,
        )
    return say("On rows that neither was trained on it must be better than the champion, beyond chance.")


def _findings(findings: Sequence[Finding]) -> Table:
    """What each rule of the gate made of the numbers."""
    rows: list[list[Cell]] = [
        [
            Badge(say(_VERDICTS[one.verdict][0]), _VERDICTS[one.verdict][1]),
            " ".join(sentence(in_words(said)) for said in one.clauses),
        ]
        for one in findings
    ]
    return Table([say("verdict"), say("what the rule found")], rows, say("Each rule of the gate"))


def lineage(material: Material) -> Section:
    """Ids, seeds, versions and seconds: enough to find everything again."""
    blocks: list[Block] = [Pairs([*_identity(material), *_rows(material), *_made_with(material)])]
    if material.seconds:
        blocks.append(_seconds(material))
    said = json.dumps(json.loads(material.lineage.usecase), indent=2, ensure_ascii=False)
    blocks.append(Fold(say("The use case, with every default, as it was"), [Code(said)]))
    lead = say("Everything that this version was made from, by its id in the lake.")
    return Section(say("Where it came from"), blocks, lead)


def _identity(material: Material) -> list[tuple[str, Cell]]:
    version, made_of = material.version, material.lineage
    features = say_plural("{count} feature", "{count} features", made_of.model.features)
    return [
        (say("version"), f"`{version.version}`"),
        (say("made"), moment(version.created)),
        (say("ledger entry"), f"`{material.decision.entry}`"),
        (say("owner"), material.use_case.owner or say("not named")),
        (say("model"), f"`{made_of.model.id}`, {features}"),
        (say("study"), f"`{made_of.study.id}`"),
        (say("evaluation"), f"`{made_of.evaluation.key}`"),
    ]


def _rows(material: Material) -> list[tuple[str, Cell]]:
    made_of = material.lineage
    snapshots = [
        (say("rows collected"), made_of.collected.snapshot),
        (say("rows cleaned"), made_of.cleaned.snapshot),
        (say("rows labelled"), made_of.labelled.snapshot),
        (say("rows trained on"), made_of.split.train),
        (say("gate rows"), made_of.split.gate),
    ]
    return [(name, f"`{snapshot.id}`, {count(snapshot.rows)}") for name, snapshot in snapshots]


def _made_with(material: Material) -> list[tuple[str, Cell]]:
    return [
        (say("seed"), str(material.use_case.seed)),
        (say("code"), material.lineage.code or say("not known")),
        (say("libraries"), libraries()),
    ]


def libraries() -> str:
    """The versions of what computes, for the record."""
    named = [f"Python {python_version()}"]
    for name in _LIBRARIES:
        try:
            named.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(named)


def _comparisons(material: Material) -> Table:
    """Every rival, and the lead over it; with a verdict where no rule of the gate gives one."""
    evaluation, rules = material.lineage.evaluation, material.use_case.gate
    rivals = [(rival_name(one.name), one, rules.margin, one.name in PROOF) for one in evaluation.baselines]
    if evaluation.champion is not None:
        name = say("the champion {version}", version=evaluation.champion.name)
        rivals.append((name, evaluation.champion, rules.champion_margin, True))
    metric = say("its {metric}", metric=metric_name(evaluation.metric.name))
    head = [say("against"), metric, say("this model is better by"), say("interval")]
    rows: list[list[Cell]] = []
    for name, one, margin, proof in rivals:
        lead = one.difference
        rows.append([name, number(one.value), signed(lead.value, 3), span(lead.low, lead.high, 3, sign=True)])
        if not evaluation.findings:
            rows[-1].append(_verdict(one, margin, proof))
    caption = (
        say("Paired differences on the same resamples of the same rows; more than 0 is better.")
        if material.evidence.ranking is None
        else say("Paired differences on the same resamples of the same lists; more than 0 is better.")
    )
    return Table(head if evaluation.findings else [*head, say("verdict")], rows, caption)


def _by(margin: float) -> str:
    """A margin over the baselines in words."""
    return say("by at least {margin:g}", margin=margin) if margin > 0 else say("by any margin")


def _verdict(one: Baseline, margin: float, proof: bool) -> Badge:
    """What the gate makes of a difference; with ``proof`` it must be more than chance."""
    lead = one.difference
    if lead.value < 0 and margin >= 0:
        return Badge(say("worse"), "bad")
    if lead.value < margin:
        return Badge(say("too little"), "bad")
    if lead.low <= min(margin, 0.0):
        return Badge(say("may be chance"), "bad") if proof else Badge(say("beaten, maybe by chance"), "warn")
    return Badge(say("beaten"), "good")


def _seconds(material: Material) -> Figure:
    spent = {stage: seconds for stage, seconds in material.seconds.items() if stage != "total"}
    bars_of = [
        Bar(stage, seconds, colour="sea" if stage in ("tune", "train") else "tide") for stage, seconds in spent.items()
    ]
    longest = max(spent, key=lambda stage: spent[stage])
    words = say(
        "{total} in all, most of it in `{stage}` ({longest}). A stage whose inputs did not change is not run again: "
        "then "
        "its time is what it took when it ran.",
        total=seconds_text(sum(spent.values())),
        stage=longest,
        longest=seconds_text(spent[longest]),
    )
    alt = "; ".join(f"{stage} {seconds_text(seconds)}" for stage, seconds in spent.items())
    chart = bars(bars_of, alt=say("Seconds a stage: {seconds}", seconds=alt), form="seconds")
    return Figure(chart, say("Time a stage"), words)
