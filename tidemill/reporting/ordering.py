"""The report's words and plots of a model that ranks: what stands at the top of its lists."""

from __future__ import annotations

from tidemill.evaluation.evidence import Ranking
from tidemill.reporting.charts import Line, Shape, histogram, lines
from tidemill.reporting.material import Material
from tidemill.reporting.page import Block, Fact, Figure, Figures, Prose
from tidemill.reporting.wording import count, metric_name, number, percent, plural

__all__ = ["ranking_blocks", "ranking_facts", "ranking_limit", "ranking_words"]


def ranking_words(material: Material, ranking: Ranking) -> str:
    """A paragraph for somebody who decides."""
    first, best = ranking.first_is_best, material.best_baseline.name
    words = (
        f"It puts the rows of each list in order: {count(ranking.queries)} lists were judged, "
        f"{number(ranking.rows_of_a_query, 3)} rows long in the middle. In **{number(100 * first['model'], 3)} of "
        f"100** lists the row that it puts first is one of the best in the list; {best} manages "
        f"{number(100 * first['baseline'], 3)}, and a shuffled list {number(100 * first['shuffled'], 3)}."
    )
    at_top, shuffled = ranking.grades["model"][0], ranking.grades["shuffled"][0]
    return (
        f"{words} The mean `{material.evidence.target}` of what stands first is **{number(at_top, 3)}**, where a "
        f"shuffled list has {number(shuffled, 3)} and a perfect one {number(ranking.grades['ideal'][0], 3)}."
    )


def ranking_facts(ranking: Ranking) -> list[Fact]:
    """The tiles of this kind of prediction."""
    first = ranking.first_is_best
    return [
        Fact(
            "first row is one of the best",
            percent(first["model"]),
            f"of the lists; shuffled: {percent(first['shuffled'])}",
        ),
        Fact("lists judged", count(ranking.queries), f"{number(ranking.rows_of_a_query, 3)} rows long in the middle"),
    ]


def ranking_limit(ranking: Ranking) -> str:
    """What the metric leaves out, a sentence or two."""
    worth = "2^grade - 1" if ranking.gain == "exponential" else "its grade"
    words = f"In NDCG a row is worth {worth}, less the further down it stands."
    if ranking.undefined:
        words += (
            f" {plural(ranking.undefined, 'list')} without a relevant row {'is' if ranking.undefined == 1 else 'are'} "
            "left out of the metrics."
        )
    if ranking.alike:
        words += f" In {plural(ranking.alike, 'list')} all rows have one grade: every order of them is right."
    return words


def ranking_blocks(material: Material, ranking: Ranking) -> list[Block]:
    """The plots, and how the metric counts."""
    return [Figures([_places(material, ranking), _spread(material, ranking)]), Prose(ranking_limit(ranking))]


def _places(material: Material, ranking: Ranking) -> Figure:
    target, best = material.evidence.target, material.best_baseline.name
    names = {"ideal": "perfect", "model": "this model", "baseline": best, "shuffled": "shuffled"}
    styles = {"ideal": ("leaf", "dashes"), "model": ("sea", "dotted line"), "baseline": ("fog", "dashes")}
    series = []
    for key, name in names.items():
        grades = ranking.grades[key]
        colour, style = styles.get(key, ("sand", "dashes"))
        series.append(Line(name, list(range(1, len(grades) + 1)), list(grades), colour=colour, style=style))  # type: ignore[arg-type]
    own = ranking.grades["model"]
    chart = lines(
        series,
        alt="Mean grade by place: " + "; ".join(f"{place} {number(one, 3)}" for place, one in enumerate(own, start=1)),
        x_label="place in the list",
        y_label=f"mean {target}",
        x_limits=(0.6, len(own) + 0.4),
        height=350,
    )
    words = (
        "The higher the line starts and the more it falls, the better the list: what is good stands at the top. "
        f"In first place the model's rows have a mean `{target}` of **{number(own[0], 3)}**, those of {best} "
        f"{number(ranking.grades['baseline'][0], 3)}."
    )
    return Figure(chart, "What stands at which place", words)


def _spread(material: Material, ranking: Ranking) -> Figure:
    name = metric_name(material.metric.name)
    counts = ranking.spread.counts["queries"]
    chart = histogram(
        ranking.spread.edges,
        [Shape("lists", counts, "sea")],
        alt=f"Distribution of {name} over the lists",
        x_label=f"{name} of a list",
        y_label="share of the lists",
        height=350,
    )
    low = sum(count for edge, count in zip(ranking.spread.edges, counts, strict=False) if edge < 0.4999)
    words = (
        f"Each list has its own {name}; the mean is **{number(material.metric.value)}**. "
        f"**{percent(low / max(sum(counts), 1))}** of the lists are below 0.5."
    )
    return Figure(chart, "How many lists it orders well", words)
