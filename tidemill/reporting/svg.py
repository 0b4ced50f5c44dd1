"""From a matplotlib figure to a compact inline SVG that follows the page's colours, also in the dark.

Charts are drawn in the light theme's colours; here each becomes a CSS variable of the page, with that
colour as its fallback, so that a chart also looks right where the page's style is absent.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from typing import Any
from xml.sax.saxutils import quoteattr

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ["COLOURS", "compact", "to_svg"]

COLOURS = {
    "ink": "#1b2a34",
    "muted": "#586873",
    "line": "#e2ded4",
    "card": "#fffffe",
    "sea": "#0b6b80",
    "coral": "#c9502a",
    "sand": "#d99a26",
    "leaf": "#2f855a",
    "fog": "#9aa6ad",
    "tide": "#a9d0d8",
}
_VARIABLES = {colour: f"var(--{name},{colour})" for name, colour in COLOURS.items()}
_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "tidemill", "path.simplify_threshold": 0.3}


def to_svg(figure: Figure, alt: str) -> str:
    """The figure as inline SVG, with ``alt`` as what a screen reader says."""
    file = io.StringIO()
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        # Letters that the measuring font lacks are drawn by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.set_dpi(72)  # what SVG is measured in
        FigureCanvasSVG(figure)
        layout = figure.get_layout_engine()
        if layout is not None:  # now, once: saving would draw everything twice for it
            layout.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return compact(file.getvalue(), alt)


def compact(text: str, alt: str) -> str:
    """The ``svg`` element of a file that matplotlib wrote, without what a page doesn't need.

    Only what stands inside of tags is touched: the texts are the user's.
    """
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<g[^>]*/>", "", body)
    mark = f"c{hashlib.sha256((body + alt).encode()).hexdigest()[:8]}"
    used = set(re.findall(r"#([\w-]+)\)", body)) | set(re.findall(r'href="#([\w-]+)"', body))
    body = re.sub(r"<[^>]*>", lambda tag: _tag(tag[0], mark, used), body)
    body = re.sub(r'<path d="[^"]*" style="fill:none"/>', "", body)
    body = re.sub(r">\s+<", "><", body).strip()
    box = re.search(r'viewBox="[^"]*"', body)
    head = (
        f'<svg {box[0] if box else ""} role="img" aria-label={quoteattr(alt)} stroke-linejoin="round" '
        'xmlns="http://www.w3.org/2000/svg">'
    )
    return head + body[body.index(">") + 1 :]


def _tag(tag: str, mark: str, used: set[str]) -> str:
    tag = re.sub(r"\s+", " ", tag)
    tag = re.sub(r' id="([\w.:-]+)"', lambda found: f' id="{mark}{found[1]}"' if found[1] in used else "", tag)
    tag = re.sub(r'(xlink:)?href="#([\w-]+)"', rf'href="#{mark}\2"', tag)
    tag = re.sub(r"url\(#([\w-]+)\)", rf"url(#{mark}\1)", tag)
    tag = re.sub(r"font: (?:(\d+|bold) )?([\d.]+)px [^;\"]*", _font, tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
    tag = re.sub(r"(?<![\w#])-?\d+\.\d{2,}", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), tag)
    tag = re.sub(r"#[0-9a-f]{6}\b", lambda found: _VARIABLES.get(found[0], found[0]), tag)
    return tag.replace("; ", ";").replace(": ", ":")


def _font(found: re.Match[str]) -> str:
    weight = f";font-weight:{found[1]}" if found[1] else ""
    return f"font-size:{float(found[2]):g}px{weight}"
