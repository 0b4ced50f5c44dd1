"""The report's words and plots of a model that ranks: what stands at the top of its lists."""

from __future__ import annotations

from tidemill.evaluation.evidence import Ranking
from tidemill.reporting.charts import Colour, Line, Shape, Style, histogram, lines
from tidemill.reporting.language import say, say_plural
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Fact, Figure, Figures, Prose
from tidemill.reporting.wording import count, metric_name, number, percent, rival_name

__all__ = ["ranking_blocks", "ranking_facts", "ranking_limit", "ranking_words"]


def ranking_words(material: Material, ranking: Ranking) -> str:
    """A paragraph for somebody who decides."""
    first = ranking.first_is_best
    lists = say(
        "It puts the rows of each list in order: {lists} lists were judged, {length} rows long in the middle.",
        lists=count(ranking.queries),
        length=number(ranking.rows_of_a_query, 3),
    )
    best = say(
        "In **{model} of 100** lists the row that it puts first is one of the best in the list; {rival} manages "
        "{plain}, "
        "and a shuffled list {shuffled}.",
        model=number(100 * first["model"], 3),
        rival=rival_name(material.best_baseline.name),
        plain=number(100 * first["baseline"], 3),
        shuffled=number(100 * first["shuffled"], 3),
    )
    top = say(
        "The mean `{target}` of what stands first is **{model}**, where a shuffled list has {shuffled} and a perfect "
        "one "
        "{ideal}.",
        target=material.evidence.target,
        model=number(ranking.grades["model"][0], 3),
        shuffled=number(ranking.grades["shuffled"][0], 3),
        ideal=number(ranking.grades["ideal"][0], 3),
    )
    return f"{lists} {best} {top}"


def ranking_facts(ranking: Ranking) -> list[Fact]:
    """The tiles of this kind of prediction."""
    first = ranking.first_is_best
    return [
        Fact(
            say("first row is one of the best"),
            percent(first["model"]),
            say("of the lists; shuffled: {share}", share=percent(first["shuffled"])),
        ),
        Fact(
            say("lists judged"),
            count(ranking.queries),
            say("{length} rows long in the middle", length=number(ranking.rows_of_a_query, 3)),
        ),
    ]


def ranking_limit(ranking: Ranking) -> str:
    """What the metric leaves out, a sentence or two."""
    said = [
        say("In NDCG a row is worth 2^grade - 1, less the further down it stands.")
        if ranking.gain == "exponential"
        else say("In NDCG a row is worth its grade, less the further down it stands.")
    ]
    if ranking.undefined:
        said.append(
            say_plural(
                "{count} list without a relevant row is left out of the metrics.",
                "{count} lists without a relevant row are left out of the metrics.",
                ranking.undefined,
            )
        )
    if ranking.alike:
        said.append(
            say_plural(
                "In {count} list all rows have one grade: every order of them is right.",
                "In {count} lists all rows have one grade: every order of them is right.",
                ranking.alike,
            )
        )
    return " ".join(said)


def ranking_blocks(material: Material, ranking: Ranking) -> list[Block]:
    """The plots, and how the metric counts."""
    return [Figures([_places(material, ranking), _spread(material, ranking)]), Prose(ranking_limit(ranking))]


def _places(material: Material, ranking: Ranking) -> Figure:
    target, best = material.evidence.target, rival_name(material.best_baseline.name)
    drawn: list[tuple[str, str, Colour, Style]] = [
        ("ideal", say("perfect"), "leaf", "dashes"),
        ("model", say("this model"), "sea", "dotted line"),
        ("baseline", best, "fog", "dashes"),
        ("shuffled", say("shuffled"), "sand", "dashes"),
    ]
    series = []
    for key, name, colour, style in drawn:
        grades = ranking.grades[key]
        series.append(Line(name, list(range(1, len(grades) + 1)), list(grades), colour=colour, style=style))
    own = ranking.grades["model"]
    places = "; ".join(f"{place} {number(one, 3)}" for place, one in enumerate(own, start=1))
    chart = lines(
        series,
        alt=say("Mean grade by place: {places}", places=places),
        x_label=say("place in the list"),
        y_label=say("mean {target}", target=target),
        x_limits=(0.6, len(own) + 0.4),
        height=350,
    )
    words = say(
        "The higher the line starts and the more it falls, the better the list: what is good stands at the top. In "
        "first "
        "place the model's rows have a mean `{target}` of **{own}**, those of {rival} {plain}.",
        target=target,
        own=number(own[0], 3),
        rival=best,
        plain=number(ranking.grades["baseline"][0], 3),
    )
    return Figure(chart, say("What stands at which place"), words)


def _spread(material: Material, ranking: Ranking) -> Figure:
    name = metric_name(material.metric.name)
    counts = ranking.spread.counts["queries"]
    chart = histogram(
        ranking.spread.edges,
        [Shape(say("lists"), counts, "sea")],
        alt=say("Distribution of {metric} over the lists", metric=name),
        x_label=say("{metric} of a list", metric=name),
        y_label=say("share of the lists"),
        height=350,
    )
    low = sum(rows for edge, rows in zip(ranking.spread.edges, counts, strict=False) if edge < 0.4999)
    words = say(
        "Each list has its own {metric}; the mean is **{value}**. **{share}** of the lists are below {half}.",
        metric=name,
        value=number(material.metric.value),
        share=percent(low / max(sum(counts), 1)),
        half=number(0.5),
    )
    return Figure(chart, say("How many lists it orders well"), words)
