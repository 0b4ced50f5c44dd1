"""Findings as the text of a ``usecase.yaml``, commented for the person who goes on from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tidemill.scaffold.findings import Findings, Hint
from tidemill.task import METRICS, is_classification
from tidemill.usecase.document import printable
from tidemill.usecase.loading import project_folder
from tidemill.usecase.schema import UseCase
from tidemill.usecase.values import duration_text

__all__ = ["scalar", "source_title", "usecase_text"]

SCHEMA = "docs/usecase.schema.json"
MOST_HINTS = 25
_PLAIN = re.compile(r"^(?:\.{0,2}/)*[A-Za-z_][A-Za-z0-9_./:*-]*\Z")
_OTHER_THAN_TEXT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def scalar(text: str) -> str:
    """``text`` as YAML, on one line, in quotation marks where any reader of YAML could take it for something else."""
    if _PLAIN.match(text) and not text.endswith(":") and text.lower() not in _OTHER_THAN_TEXT:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in escaped) + '"'


def source_title(url: str) -> str:
    """How messages call a source: relative ones start at the use case's folder, which nobody types."""
    return re.sub(r"^(?:\.\./)+", "", url)


def usecase_text(use_case: UseCase, found: Findings, rows: int | None = None) -> str:
    """The whole file; ``rows`` is how many the source has, where not all of them were looked at."""
    blocks = (
        _head(use_case, found, rows),
        _sources(use_case),
        _target(use_case, found),
        _roles(use_case, found),
        _columns(use_case, found),
        _clean(found),
        _split(use_case, found),
        _rest(use_case, found),
    )
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def _head(use_case: UseCase, found: Findings, rows: int | None) -> Iterator[str]:
    if (project_folder() / SCHEMA).is_file():
        yield f"# yaml-language-server: $schema=../../{SCHEMA}"
    read = use_case.sources[use_case.primary]
    source = printable(f"`{read.sql.table}`" if read.sql else source_title(read.place))
    some = f" of {rows:,} rows, evenly taken," if rows and rows > found.rows else " rows"
    yield f"# Written by `tidemill init` from {found.rows:,}{some} of {source}."
    yield "# Lines that begin with `#` are guesses and defaults: read them, and say what you know better."
    yield "# Every field: docs/reference/usecase.md."
    yield ""
    yield f"name: {use_case.name} # the folder's name: tidemill train {use_case.name}"
    yield f"title: {scalar(_question(use_case, found))}"
    yield "# owner: who answers for the model"


def _question(use_case: UseCase, found: Findings) -> str:
    column = use_case.target.column
    if found.coding is None or found.coding.task == "multiclass":
        return f"What will {column} be?"
    if not is_classification(found.coding.task):
        return f"How much will {column} be?"
    return f"Will {column} be {_text(found.coding.labels[-1])}?"


def _sources(use_case: UseCase) -> Iterator[str]:
    source = use_case.sources[use_case.primary]
    if source.sql is not None:
        yield "# A table of a database. With `incremental: {column: …}` only rows that are new are fetched."
        yield from ("sources:", f"  {use_case.primary}:", "    sql:", f"      url: {scalar(source.sql.url)}")
        yield f"      table: {scalar(str(source.sql.table))}"
        return
    yield "# A file, a folder, a glob or a URL such as s3://bucket/folder. A relative one starts at this file's folder."
    yield "sources:"
    yield f"  {use_case.primary}:"
    yield f"    url: {scalar(source.place)}"
    if source.encoding != "auto":
        yield f"    encoding: {source.encoding}"
    if source.decimal != "auto":
        yield f'    decimal: "{source.decimal}"'


def _target(use_case: UseCase, found: Findings) -> Iterator[str]:
    yield f"# What is predicted. {_target_seen(found)}"
    yield "target:"
    yield f"  column: {scalar(str(use_case.target.column))}"
    if found.coding is not None and found.coding.task == "binary":
        positive = found.coding.labels[-1]
        text = scalar(positive) if isinstance(positive, str) else _text(positive)
        yield f"  positive: {text} # the class whose probability is reported"
    if found.coding is not None:
        yield f"task: {found.coding.task} # {_remark(found.coding.why)}"


def _target_seen(found: Findings) -> str:
    without = f" {found.unlabelled:,} rows have no value, and are refused." if found.unlabelled else ""
    if found.trouble:
        return f"In these rows there is nothing to learn yet: {_remark(found.trouble)}."
    if not found.classes:
        return f"A number.{without}"
    shown = ", ".join(f"{_remark(label)} {rows:,} times" for label, rows in found.classes[:8])
    more = f", and {len(found.classes) - 8:,} more" if len(found.classes) > 8 else ""
    return f"Seen: {shown}{more}.{without}"


def _roles(use_case: UseCase, found: Findings) -> Iterator[str]:
    yield "# The moment at which a prediction is asked for: the split, joins and monitoring go by it."
    if use_case.time is not None:
        yield f"time: {scalar(use_case.time)}"
    else:
        yield from _suggested("time", found.times, "no column holds times")
    yield "# What names a row: carried into predictions, and the newest row of each is kept."
    if use_case.id:
        repeated = f" # {found.repeated_ids:,} rows repeat one" if found.repeated_ids else ""
        yield f"id: [{', '.join(scalar(name) for name in use_case.id)}]{repeated}"
    else:
        yield from _suggested("id", found.ids, "no column is different in every row")
    yield "# Rows of one group (a customer, a machine) stay on the same side of the split, when split by group."
    yield f"group: {scalar(use_case.group)}" if use_case.group is not None else "# group: customer"


def _suggested(field: str, hints: Sequence[Hint], none: str) -> Iterator[str]:
    if not hints:
        yield f"# {field}: … # {none}"
    for hint in hints[:5]:
        yield f"# {field}: {scalar(hint.column)} # {_remark(hint.why)}"


def _columns(use_case: UseCase, found: Findings) -> Iterator[str]:
    yield "columns:"
    yield "  # What nobody knows yet when a prediction is asked for. Training's leak check excludes what it is sure of,"
    yield "  # but only you know how each column comes about. It suspects:"
    yield "  forbid:"
    yield from _listed((f"- {scalar(hint.column)} # {_remark(hint.why)}" for hint in found.forbid), "no column")
    yield "  # What is of no use to a model:"
    yield "  ignore:"
    yield from _listed((f"- {scalar(hint.column)} # {_remark(hint.why)}" for hint in found.ignore), "none stands out")
    if found.personal:
        yield "  # Personal data stays out of the model and is masked in reports. `allow` lets the model read a column,"
        yield "  # `not_personal` says that it is none:"
        yield "  personal:"
        yield from _listed((f"{scalar(hint.column)}: allow # {_remark(hint.why)}" for hint in found.personal), "")
    yield "  # What a column is, where its values do not say: number, category, time, boolean, text or pixels."
    yield "  types:"
    for hint in found.types:
        yield f"    {scalar(hint.column)}: {hint.value} # {_remark(hint.why)}"
    yield from _listed((f"{scalar(hint.column)}: {hint.value} # {_remark(hint.why)}" for hint in found.codes), "")


def _clean(found: Findings) -> Iterator[str]:
    yield "# Rows that can't be right are refused, and kept with the reason. As seen here; say what is possible:"
    yield "clean:"
    yield "  ranges:"
    yield from _listed((f"{scalar(hint.column)}: {hint.value}" for hint in found.ranges), "no column of numbers")
    yield "  # required: [ … ] # columns without which a row is worth nothing"


def _split(use_case: UseCase, found: Findings) -> Iterator[str]:
    if use_case.time is None:
        how = "group" if use_case.group else "chance, which flatters a model whose world changes: name a `time`"
        yield f"# Which rows judge the model: a share of them, by {how}."
    else:
        yield "# The oldest rows train, the newest judge."
    yield "split:"
    yield f"  gate_share: {use_case.split.gate_share:g}"
    if found.boundary is not None:
        yield f"  # train_until: {found.boundary:%Y-%m-%d} # or by date: these rows would be cut here"
        yield "  # gate_until: … # later rows stay unseen"


def _rest(use_case: UseCase, found: Findings) -> Iterator[str]:
    yield "tune:"
    yield f"  budget: {use_case.tune.budget:g} # seconds for tuning and the final fit"
    fitting = METRICS[found.coding.task] if found.coding else ("auc", "log_loss", "rmse", "mae")
    yield f"  # metric: auto # {', '.join(fitting)}"
    yield ""
    yield "# A model is promoted when it beats every plain baseline, and the champion, by these margins."
    yield "gate:"
    yield f"  margin: {use_case.gate.margin:g}"
    yield f"  champion_margin: {use_case.gate.champion_margin:g}"
    yield "  # approval: manual # wait for `tidemill approve`"
    yield ""
    yield "monitor:"
    yield f"  window: {duration_text(found.window or use_case.monitor.window)}"
    yield "  # label_delay: 1d # how long after its time a row's outcome is known"
    yield ""
    yield "# Cron lines (UTC) for `tidemill deploy`."
    yield "# schedule:"
    yield "#   training: 0 3 1 * *"
    yield "#   monitoring: 0 6 * * *"


def _listed(lines: Iterable[str], none: str) -> Iterator[str]:
    """Guesses, as comments below their field."""
    every = list(lines)
    for line in every[:MOST_HINTS]:
        yield f"    # {line}"
    if len(every) > MOST_HINTS:
        yield f"    # … and {len(every) - MOST_HINTS:,} more"
    if not every and none:
        yield f"    # {none}"


def _text(label: str | int | bool) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _remark(text: str) -> str:
    """``text`` as part of a comment: on one line, and not too long."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= 200 else line[:199] + "…"
