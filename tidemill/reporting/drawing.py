"""The house's style for charts: sheets, scales, marks and names, for :mod:`tidemill.reporting.charts`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import Formatter, MaxNLocator

from tidemill.reporting.language import say_number
from tidemill.reporting.svg import COLOURS
from tidemill.reporting.wording import count, month, number, percent, percent_of, seconds_text, short, signed

__all__ = [
    "WIDTH", "Bar", "Colour", "Format", "Mark", "block", "draw_marks", "height_of", "legend", "make_room",
    "name_columns", "name_rows", "name_times", "plain", "said", "scale", "sheet", "write_column", "write_value",
]  # fmt: skip

Colour = Literal["ink", "muted", "line", "sea", "coral", "sand", "leaf", "fog", "tide"]
Format = Literal["number", "percent", "count", "signed", "seconds"]
WIDTH = 380.0
_FORMATS: dict[Format, Callable[[float], str]] = {
    "number": lambda value: number(value, 3),
    "percent": percent,
    "count": count,
    "signed": signed,
    "seconds": seconds_text,
}


@dataclass(frozen=True)
class Mark:
    """A straight line across the chart at a value of one axis, such as a threshold, with a word on it."""

    value: float
    label: str
    axis: Literal["x", "y"] = "y"
    colour: Colour = "muted"


@dataclass(frozen=True)
class Bar:
    """A row of a chart of bars or intervals. ``note`` stands behind the value; ``beside`` is another value, as a "
    "stroke."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    colour: Colour = "sea"
    beside: float | None = None


def sheet(height: float) -> tuple[Figure, Axes]:
    """An empty chart in the house's style: no frame, light lines behind, muted letters."""
    figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained", facecolor="none")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.06)  # type: ignore[union-attr, call-arg]
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(COLOURS["fog"])
    axes.tick_params(length=0, labelsize=11, labelcolor=COLOURS["muted"], pad=5)
    axes.yaxis.grid(True, color=COLOURS["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def scale(axes: Axes, which: Literal["x", "y"], label: str, form: Format, limits: tuple[float, float] | None) -> None:
    """Ticks with as many decimals as they need, a muted label, and limits where they are given."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=form == "count"))
    axis.set_major_formatter(_Ticks(axes, which, form))
    if limits is not None:
        (axes.set_xlim if which == "x" else axes.set_ylim)(limits)
    if not label:
        return
    if which == "x":
        axes.set_xlabel(plain(label, 70), color=COLOURS["muted"], fontsize=11, labelpad=6)
    else:
        axes.set_title(plain(label, 70), color=COLOURS["muted"], fontsize=11, loc="left", pad=8)


class _Ticks(Formatter):
    """Ticks' texts, with as many decimals as the ticks need, all of them alike."""

    def __init__(self, axes: Axes, which: Literal["x", "y"], form: Format) -> None:
        self._axes, self._which, self._form = axes, which, form

    def __call__(self, value: float, pos: int | None = None) -> str:
        """The text of a tick alone."""
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The texts of all ticks; those beyond the axis do not count for the decimals."""
        factor = 100.0 if self._form == "percent" else 1.0
        low, high = sorted(self._axes.get_xlim() if self._which == "x" else self._axes.get_ylim())
        ticks = [factor * float(one) for one in values if low - 1e-12 <= one <= high + 1e-12]
        close = 1e-6 * factor * (high - low)
        decimals = next((few for few in range(7) if all(abs(round(one, few) - one) <= close for one in ticks)), 7)
        comma = "," if max((abs(one) for one in ticks), default=0.0) >= 10_000 else ""
        texts = [say_number(f"{value * factor:{comma}.{decimals}f}".replace("-", "−")) for value in values]
        return [percent_of(text) for text in texts] if self._form == "percent" else texts


def name_columns(axes: Axes, names: Sequence[str]) -> None:
    """Names under the columns of a chart, tilted where they would touch each other."""
    most = 8 if len(names) > 5 else 14
    tilted = len(names) > 4 and max((len(name) for name in names), default=0) > 36 / len(names)
    axes.set_xticks(
        range(len(names)),
        [plain(name, 16 if tilted else most) for name in names],
        rotation=40 if tilted else 0,
        ha="right" if tilted else "center",
        rotation_mode="anchor" if tilted else "default",
    )


def name_times(axes: Axes) -> None:
    """Moments under a chart, as short as they can be."""
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_Times(locator, show_offset=False))  # type: ignore[no-untyped-call]


class _Times(ConciseDateFormatter):
    """Months by the names that they have in the language that is spoken."""

    def format_ticks(self, values: Any) -> list[str]:
        """Texts for the ticks."""
        spoken = {f"{at:%b}": month(at) for at in (datetime(2001, place, 1, tzinfo=UTC) for place in range(1, 13))}
        ticks = super().format_ticks(values)  # type: ignore[no-untyped-call]
        return [re.sub(r"[A-Z][a-z]{2}", lambda found: spoken.get(found[0], found[0]), tick) for tick in ticks]


def name_rows(axes: Axes, rows: Sequence[Bar]) -> None:
    """Names beside the rows of a chart, the first row on top."""
    axes.set_yticks(range(len(rows)), [plain(row.label, 24) for row in rows])
    axes.tick_params(axis="y", labelcolor=COLOURS["ink"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.yaxis.grid(False)
    axes.spines["bottom"].set_visible(False)


def height_of(rows: Sequence[Bar], x_label: str) -> float:
    """How tall a chart of these rows is."""
    return 24.0 * max(len(rows), 1) + (44.0 if x_label else 14.0)


def said(row: Bar, form: Format) -> str:
    """What stands behind a row: its value and its note."""
    return f"{_FORMATS[form](row.value)}{' · ' + row.note if row.note else ''}"


def write_value(axes: Axes, at: float, place: float, said: str, *, side: str = "left", colour: str = "muted") -> None:
    """A text beside a point: to its right, or with ``side="right"`` ending at its left."""
    axes.annotate(
        plain(said, 48),
        (at, place),
        xytext=(5 if side == "left" else -5, 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=10.5,
        color=COLOURS[colour],
        annotation_clip=False,
    )


def write_column(axes: Axes, place: float, text: str) -> None:
    """A text to the right of the chart, in line with its row."""
    axes.annotate(
        plain(text, 48),
        (1.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=11,
        color=COLOURS["muted"],
        annotation_clip=False,
    )


def make_room(axes: Axes, texts: Sequence[str]) -> None:
    """Widen the x axis so that the longest value's text fits to the right of the widest bar."""
    low, high = axes.get_xlim()
    letters = max((len(text) for text in texts), default=0) * 5.8 + 8
    drawn = WIDTH * 0.68
    axes.set_xlim(low, low + (high - low) * drawn / max(drawn - letters, drawn * 0.3))


def draw_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    """Dashed lines across the chart, each with its word."""
    title = axes.get_title(loc="left")
    if title and any(mark.axis == "x" and mark.label for mark in marks):
        axes.set_title(title, color=COLOURS["muted"], fontsize=10.5, loc="left", pad=22)
    for mark in marks:
        colour = COLOURS[mark.colour]
        if mark.axis == "x":
            axes.axvline(mark.value, color=colour, linewidth=1.1, linestyle=(0, (4, 3)))
            low, high = axes.get_xlim()
            right = mark.value > low + 0.6 * (high - low)
            axes.annotate(
                plain(mark.label, 40), (mark.value, 1.0), xycoords=("data", "axes fraction"),
                xytext=(-4 if right else 4, 1), textcoords="offset points", ha="right" if right else "left",
                va="bottom", fontsize=10.5, color=colour,
            )  # fmt: skip
        else:
            axes.axhline(mark.value, color=colour, linewidth=1.1, linestyle=(0, (4, 3)))
            axes.annotate(
                plain(mark.label, 40), (1.0, mark.value), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", va="bottom", fontsize=10.5, color=colour,
            )  # fmt: skip


def legend(figure: Figure, axes: Axes, entries: Sequence[tuple[str, Colour, str]]) -> None:
    """Names of the series above the chart, when there is more than one to tell apart."""
    named = [entry for entry in entries if entry[0]]
    if len(named) < 2:
        return
    handles = [_handle(colour, style) for _, colour, style in named]
    figure.legend(
        handles,
        [plain(name, 30) for name, _, _ in named],
        loc="outside upper left",
        ncols=2 if sum(len(name) for name, _, _ in named) > 34 else len(named),
        frameon=False,
        fontsize=11,
        labelcolor=COLOURS["ink"],
        handlelength=1.3,
        handletextpad=0.5,
        columnspacing=1.3,
        borderaxespad=0.0,
        borderpad=0.1,
    )


def _handle(colour: Colour, style: str) -> Any:
    if style == "block":
        return block((0, 0), 1, 1, COLOURS[colour], 0.75)
    if style == "dots":
        return Line2D([], [], marker="o", linestyle="", markersize=5, color=COLOURS[colour])
    return Line2D([], [], color=COLOURS[colour], linewidth=2, linestyle=(0, (3, 2)) if style == "dashes" else "-")


def block(corner: tuple[float, float], wide: float, tall: float, colour: str, alpha: float) -> Any:
    """A filled rectangle."""
    return Rectangle(corner, wide, tall, facecolor=colour, alpha=alpha, linewidth=0)


def plain(text: str, most: int) -> str:
    """A text that matplotlib shows as it is: one line, cut to ``most`` letters, no mathematics in dollars."""
    return short(text, most).replace("$", r"\$")
