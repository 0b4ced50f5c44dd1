"""The report's last sections: what was decided and why, what to keep in mind, and where everything came from."""

from __future__ import annotations

import json
from importlib import metadata
from platform import python_version

from tidemill.gate import PROOF
from tidemill.reporting.charts import Bar, bars
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_limit
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
)  # fmt: skip
from tidemill.reporting.wording import count, day, listed, metric_name, moment, number, plural, seconds_text, signed
from tidemill.results import Baseline

__all__ = ["decision", "libraries", "limits", "limits_of", "lineage"]

_LIBRARIES = ("xgboost", "optuna", "scikit-learn", "great-expectations", "pandas", "numpy", "pyarrow")


def decision(material: Material) -> Section:
    """The gate's rules, each comparison, and the outcome."""
    evaluation, rules = material.lineage.evaluation, material.use_case.gate
    name = metric_name(evaluation.metric.name)
    asked, champion = _by(rules.margin), _by(rules.champion_margin)
    plain = "a random order" if material.evidence.ranking is not None else "the constant"
    blocks: list[Block] = [
        Prose(
            f"A version is promoted when, on rows that neither has seen, its {name} beats every plain baseline "
            f"{asked}, "
            f"and the champion {champion}. Over {plain} (has it learnt anything?) and over the champion (is it "
            "worth "
            "replacing what is live?) the lead must also be more than chance: the whole interval of the difference "
            "lies "
            "on the right side."
        ),
        _comparisons(material),
    ]
    if evaluation.reasons:
        reasons = "\n\n".join(f"{reason[:1].upper()}{reason[1:]}." for reason in evaluation.reasons)
        blocks.append(Notice("bad", f"{plural(len(evaluation.reasons), 'reason')} against it", reasons))
    if evaluation.champion is None and not evaluation.reasons:
        blocks.append(Prose("There was no other champion to compare with."))
    if rules.approval == "manual" and material.decision.action == "wait":
        say = f"tidemill approve {material.use_case.name} {material.version.version}"
        blocks.append(Notice("warn", "A person decides", f"`{say}` promotes it; `tidemill reject` does not."))
    return Section("What was decided", blocks)


def limits(material: Material) -> Section:
    """What the numbers above do not say."""
    return Section("What to keep in mind", [Prose("\n\n".join(limits_of(material)))])


def limits_of(material: Material) -> list[str]:
    """The limits that hold for this very model, a sentence or two each."""
    evidence, split = material.evidence, material.lineage.split
    found = []
    if split.by == "time" and evidence.since and evidence.until:
        found.append(
            f"It was judged on {day(evidence.since)} to {day(evidence.until)} alone. Other seasons and a changed "
            "world can be harder; monitoring is there to notice."
        )
    else:
        unseen = {"group": "groups that it had not seen", "query": "lists (queries) that it had not seen"}
        how = unseen.get(split.by, "rows drawn at random")
        found.append(f"It was judged on {how}, not on later ones: what changes with time was not put to the test.")
    drawn = plural(evidence.rows, "gate row")
    if evidence.ranking is not None:
        drawn = plural(evidence.ranking.queries, "list")
    found.append(
        f"Intervals tell how far chance in {drawn} may move a value. They know nothing "
        "of data "
        "that is wrong, or of rows unlike these."
    )
    if evidence.ranking is not None:
        found.append(
            "A score has no unit: it puts rows of one list in order, and says nothing of rows of different lists. "
            f"{ranking_limit(evidence.ranking)}"
        )
    if evidence.binary is not None:
        found.append(
            f"The threshold of {number(evidence.binary.threshold, 3)} was chosen on validation rows "
            f"({_threshold(material)}). What a miss and a false alarm cost is for the owner to say."
        )
    thin = [f"`{one.column}` = {one.value}" for one in evidence.slices if one.metric is None]
    if thin:
        more = f" and {len(thin) - 5} more" if len(thin) > 5 else ""
        found.append(
            f"Too few gate rows to say anything of {listed(thin[:5]) if not more else ', '.join(thin[:5])}{more}."
        )
    allowed = [leak.column for leak in material.lineage.validation.leaks if leak.allowed]
    if allowed:
        names = listed([f"`{name}`" for name in allowed])
        found.append(f"{names} may give the answer away, and the use case allows it: the numbers above may flatter.")
    for trap in (*material.lineage.validation.traps, *material.lineage.split.traps):
        if trap.severity == "critical" and trap.allowed:
            found.append(f"The use case allows what would have stopped the run (`{trap.kind}`): {trap.evidence}.")
    personal = [one.column for one in material.lineage.validation.personal if one.allowed]
    if personal:
        names = listed([f"`{name}`" for name in personal])
        found.append(f"The model reads personal data, as the use case allows: {names}. Its levels are in the model.")
    found.append("What drives the model is what it goes by. That is no proof of cause.")
    return found


def lineage(material: Material) -> Section:
    """Ids, seeds, versions and seconds: enough to find everything again."""
    version, made_of = material.version, material.lineage
    pairs: list[tuple[str, Cell]] = [
        ("version", f"`{version.version}`"),
        ("made", moment(version.created)),
        ("ledger entry", f"`{material.decision.entry}`"),
        ("owner", material.use_case.owner or "not named"),
        ("model", f"`{made_of.model.id}`, {plural(made_of.model.features, 'feature')}"),
        ("study", f"`{made_of.study.id}`"),
        ("evaluation", f"`{made_of.evaluation.key}`"),
        ("rows collected", f"`{made_of.collected.snapshot.id}`, {count(made_of.collected.snapshot.rows)}"),
        ("rows cleaned", f"`{made_of.cleaned.snapshot.id}`, {count(made_of.cleaned.snapshot.rows)}"),
        ("rows labelled", f"`{made_of.labelled.snapshot.id}`, {count(made_of.labelled.snapshot.rows)}"),
        ("rows trained on", f"`{made_of.split.train.id}`, {count(made_of.split.train.rows)}"),
        ("gate rows", f"`{made_of.split.gate.id}`, {count(made_of.split.gate.rows)}"),
        ("seed", str(material.use_case.seed)),
        ("code", made_of.code or "not known"),
        ("libraries", libraries()),
    ]
    blocks: list[Block] = [Pairs(pairs)]
    if material.seconds:
        blocks.append(_seconds(material))
    said = json.dumps(json.loads(made_of.usecase), indent=2, ensure_ascii=False)
    blocks.append(Fold("The use case, with every default, as it was", [Code(said)]))
    return Section("Where it came from", blocks, "Everything that this version was made from, by its id in the lake.")


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
    evaluation, rules = material.lineage.evaluation, material.use_case.gate
    drawn = "rows" if material.evidence.ranking is None else "queries"
    rivals = [(one.name, one, rules.margin, one.name in PROOF) for one in evaluation.baselines]
    if evaluation.champion is not None:
        champion = evaluation.champion
        rivals.append((f"the champion {champion.name}", champion, rules.champion_margin, True))
    rows: list[list[Cell]] = [
        [
            name,
            number(one.value),
            signed(one.difference.value, 3),
            f"{signed(one.difference.low, 3)} to {signed(one.difference.high, 3)}",
            _verdict(one, margin, proof),
        ]
        for name, one, margin, proof in rivals
    ]
    head = ["against", f"its {metric_name(evaluation.metric.name)}", "this model is better by", "interval", "verdict"]
    return Table(head, rows, f"Paired differences on the same resamples of the same {drawn}; more than 0 is better.")


def _by(margin: float) -> str:
    """A rule's margin in words."""
    return (
        f"by at least {margin:g}"
        if margin > 0
        else "by any margin"
        if margin == 0
        else f"or is at most {-margin:g} behind"
    )


def _verdict(one: Baseline, margin: float, proof: bool) -> Badge:
    """What the gate makes of a difference; with ``proof`` it must be more than chance."""
    lead = one.difference
    if lead.value < 0 and margin >= 0:
        return Badge("worse", "bad")
    if lead.value < margin:
        return Badge("too little", "bad")
    if lead.low <= min(margin, 0.0):
        return Badge("may be chance", "bad") if proof else Badge("beaten, maybe by chance", "warn")
    return Badge("beaten", "good")


def _threshold(material: Material) -> str:
    rule = material.use_case.tune.threshold
    if rule == "f1":
        return "where F1, the balance of precision and recall, was highest"
    return "where accuracy was highest" if rule == "accuracy" else "as the use case sets it"


def _seconds(material: Material) -> Figure:
    rows = [Bar(stage, spent, note="") for stage, spent in material.seconds.items() if stage != "total"]
    labelled = [Bar(row.label, row.value, colour="sea" if row.label in ("tune", "train") else "tide") for row in rows]
    whole = sum(row.value for row in rows)
    longest = max(rows, key=lambda row: row.value)
    words = (
        f"{seconds_text(whole)} in all, most of it in `{longest.label}` ({seconds_text(longest.value)}). A stage whose "
        "inputs did not change is not run again: then its time is what it took when it ran."
    )
    alt = "; ".join(f"{row.label} {seconds_text(row.value)}" for row in rows)
    return Figure(bars(labelled, alt=f"Seconds a stage: {alt}", form="seconds"), "Time a stage", words)
