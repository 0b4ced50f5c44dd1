"""What the numbers of a report do not say: the limits that hold for this very model."""

from __future__ import annotations

from collections.abc import Iterator

from tidemill.reporting.language import retold, say, say_plural
from tidemill.reporting.material import Material
from tidemill.reporting.ordering import ranking_limit
from tidemill.reporting.page import Prose, Section
from tidemill.reporting.wording import count, day, listed, number, value_name

__all__ = ["limits", "limits_of"]


def limits(material: Material) -> Section:
    """What the numbers above do not say."""
    return Section(say("What to keep in mind"), [Prose("\n\n".join(limits_of(material)))])


def limits_of(material: Material) -> list[str]:
    """The limits that hold for this very model, a sentence or two each."""
    return [
        _window(material),
        _chance(material),
        *_task(material),
        *_thin(material),
        *_allowed(material),
        say("What drives the model is what it goes by. That is no proof of cause."),
    ]


def _window(material: Material) -> str:
    evidence, split = material.evidence, material.lineage.split
    if split.by == "time" and evidence.since and evidence.until:
        return say(
            "It was judged on {since} to {until} alone. Other seasons and a changed world can be harder; monitoring is "
            "there to notice.",
            since=day(evidence.since),
            until=day(evidence.until),
        )
    if split.by == "group":
        how = say("It was judged on groups that it had not seen, not on later ones.")
    elif split.by == "query":
        how = say("It was judged on lists (queries) that it had not seen, not on later ones.")
    else:
        how = say("It was judged on rows drawn at random, not on later ones.")
    return f"{how} " + say("What changes with time was not put to the test.")


def _chance(material: Material) -> str:
    ranking = material.evidence.ranking
    if ranking is not None:
        return say(
            "Intervals tell how far chance in {lists} lists may move a value. They know nothing of data that is "
            "wrong, or "
            "of rows unlike these.",
            lists=count(ranking.queries),
        )
    return say(
        "Intervals tell how far chance in {rows} gate rows may move a value. They know nothing of data that is "
        "wrong, or "
        "of rows unlike these.",
        rows=count(material.evidence.rows),
    )


def _task(material: Material) -> Iterator[str]:
    evidence = material.evidence
    if evidence.ranking is not None:
        order = say(
            "A score has no unit: it puts rows of one list in order, and says nothing of rows of different lists."
        )
        yield f"{order} {ranking_limit(evidence.ranking)}"
    if evidence.binary is not None:
        chosen = say(
            "The threshold of {threshold} was chosen on validation rows ({rule}).",
            threshold=number(evidence.binary.threshold, 3),
            rule=_threshold(material),
        )
        yield f"{chosen} " + say("What a miss and a false alarm cost is for the owner to say.")


def _thin(material: Material) -> Iterator[str]:
    thin = [f"`{one.column}` = {value_name(one.value)}" for one in material.evidence.slices if one.metric is None]
    if len(thin) > 5:
        thin = [*thin[:5], say_plural("{count} more", "{count} more", len(thin) - 5)]
    if thin:
        yield say("Too few gate rows to say anything of {parts}.", parts=listed(thin))


def _allowed(material: Material) -> Iterator[str]:
    """What the use case allows although it speaks against it."""
    validation = material.lineage.validation
    leaks = [f"`{leak.column}`" for leak in validation.leaks if leak.allowed]
    if leaks:
        yield say(
            "{columns} may give the answer away, and the use case allows it: the numbers above may flatter.",
            columns=listed(leaks),
        )
    for trap in (*validation.traps, *material.lineage.split.traps):
        if trap.severity == "critical" and trap.allowed:
            yield say(
                "The use case allows what would have stopped the run (`{kind}`): {evidence}.",
                kind=trap.kind,
                evidence=retold(trap.evidence),
            )
    personal = [f"`{one.column}`" for one in validation.personal if one.allowed]
    if personal:
        yield say(
            "The model reads personal data, as the use case allows: {columns}. Its levels are in the model.",
            columns=listed(personal),
        )


def _threshold(material: Material) -> str:
    rule = material.use_case.tune.threshold
    if rule == "f1":
        return say("where F1, the balance of precision and recall, was highest")
    return say("where accuracy was highest") if rule == "accuracy" else say("as the use case sets it")
