"""YAML with line numbers: plain values, and where in the file each of them stands.

The values follow YAML 1.2's core schema, as editors do: `yes`, `no`, `on` and `off` are texts, `012`
is twelve, `12:30` and dates are texts. Keys are texts exactly as they are written, so that
`on:` is a field's name and `{true: late}` names the class `true`. A key that is there twice, a tag,
a merge or a second document is refused rather than guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from tidemill.errors import UserError

__all__ = ["Document", "Path", "Plain", "printable", "read_document"]

Plain = None | bool | int | float | str | tuple["Plain", ...] | dict[str, "Plain"]
Path = tuple[str | int, ...]

MOST_BYTES = 1_000_000
MOST_VALUES = 100_000
DEEPEST = 50

_UNTAGGED = "untagged"
_NULL = re.compile(r"^(~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"^(true|True|TRUE)\Z")
_FALSE = re.compile(r"^(false|False|FALSE)\Z")
_INT = re.compile(r"^[-+]?[0-9]{1,30}\Z", re.ASCII)
_BASED = re.compile(r"^0(?:o[0-7]{1,20}|x[0-9a-fA-F]{1,20})\Z", re.ASCII)
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII)
_NOT_FINITE = re.compile(r"^([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)\Z")


class _Loader(yaml.BaseLoader):
    """Leaves every value as it is written, and tells values with a tag from those without."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: object) -> str:
        """The tag of a value that has none in the file."""
        return _UNTAGGED


@dataclass(frozen=True)
class Document:
    """What a YAML file says. Mappings are dicts and sequences tuples; ``lines`` counts from 1."""

    where: str
    value: Plain
    lines: dict[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """The line of the value at ``path``, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def printable(text: str) -> str:
    """``text`` on one line that any terminal can show: control characters are written as escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def read_document(data: bytes, where: str) -> Document:
    """Read the bytes of one YAML file; ``where`` names it in errors. Raises only :exc:`UserError`."""
    if len(data) > MOST_BYTES:
        raise UserError(f"{where} has {len(data):,} bytes, more than {MOST_BYTES:,}: it can't be a file of this kind")
    node = _compose(_decode(data, where), where)
    if node is None:
        raise UserError(f"{where} is empty: `tidemill init` writes one to start from")
    reading = _Reading(where)
    return Document(where, reading.value(node, ()), reading.lines)


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise UserError(f"{where}, line {line}: this is not UTF-8 text: save the file as UTF-8") from None


def _compose(text: str, where: str) -> yaml.Node | None:
    loader: yaml.BaseLoader | None = None
    try:
        loader = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as problem:
        line = text[: problem.position].count("\n") + 1
        raise UserError(
            f"{where}, line {line}: the character U+{problem.character:04X} can't be in YAML: remove it"
        ) from None
    except yaml.MarkedYAMLError as problem:
        raise UserError(_syntax(problem, text, where)) from None
    except (RecursionError, ValueError, OverflowError):
        raise UserError(f"{where} can't be read as YAML: it is nested too deeply or has a broken escape") from None
    finally:
        if loader is not None:
            loader.dispose()
    return node


def _syntax(problem: yaml.MarkedYAMLError, text: str, where: str) -> str:
    mark = problem.problem_mark or problem.context_mark
    number = mark.line + 1 if mark else 1
    lines = text.splitlines() or [""]
    shown = lines[min(number, len(lines)) - 1]
    said = problem.problem or "it can't be read"
    if re.match(r"^ *\t", shown) or "'\\t'" in said:
        return f"{where}, line {number}: there is a tab: YAML indents with spaces only"
    if "single document" in (problem.context or "") or "another document" in said:
        return f"{where}, line {number}: a second document starts here: keep one, without `---` between"
    if problem.context == "while parsing a block mapping" and said.startswith("expected <block end>"):
        return f"{where}, line {number}: the YAML is broken here{_quoted(shown)}: line the fields up under each other"
    for sign, mend in _MENDS.items():
        if sign in said:
            return f"{where}, line {number}: the YAML is broken here{_quoted(shown)}: {mend}"
    start = problem.context_mark
    since = f", started on line {start.line + 1}" if start and start.line + 1 != number else ""
    return f"{where}, line {number}: the YAML is broken here{_quoted(shown)}: {said}{since}"


_MENDS = {
    "mapping values are not allowed here": "put a text that has `: ` in it in quotation marks, or mend the indentation",
    "could not find expected ':'": "a field is written `name: value`",
    "cannot start any token": "put a text that begins with this character in quotation marks",
    "unexpected end of stream": "a quotation mark is not closed",
    "found '<stream end>'": "a `[` or a `{` is not closed",
    "expected ',' or '}'": "a `{` is not closed, or a comma is missing",
    "expected ',' or ']'": "a `[` is not closed, or a comma is missing",
    "expected alphabetic or numeric character": "put a text that begins with `*` or `&` in quotation marks",
    "found undefined alias": "put a text that begins with `*` in quotation marks",
}


def _quoted(line: str) -> str:
    text = printable(line.strip())
    return f" (`{text[:60]}{'…' if len(text) > 60 else ''}`)" if text else ""


class _Reading:
    """One walk over a file's nodes."""

    def __init__(self, where: str) -> None:
        self.lines: dict[Path, int] = {}
        self._where = where

    def value(self, node: yaml.Node, path: Path) -> Plain:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES or len(path) > DEEPEST:
            raise UserError(f"{self._at(node)}: the file is nested too deeply, or holds too much, for one of its kind")
        if isinstance(node, yaml.MappingNode):
            self._refuse_tag(node)
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node)
            return tuple(self.value(item, (*path, place)) for place, item in enumerate(node.value))
        self._refuse_tag(node)
        text = self._whole(node)
        return _plain(text) if isinstance(node, yaml.ScalarNode) and not node.style else text

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Plain]:
        said: dict[str, Plain] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{self._at(key)}: a list or a section can't be a name: write `name: value`")
            self._refuse_tag(key)
            name = self._whole(key)
            if name == "<<" and not key.style:
                raise UserError(f"{self._at(key)}: `<<` (merging) is not understood here: write the fields out")
            if name in said:
                first = self.lines[(*path, name)]
                raise UserError(
                    f"{self._at(key)}: `{printable(name)}` is there twice, on line {first} too: keep one of them"
                )
            self.lines[(*path, name)] = key.start_mark.line + 1
            said[name] = self.value(value, (*path, name))
        return said

    def _whole(self, node: yaml.Node) -> str:
        """A text with pairs of surrogates (as JSON escapes them) made the characters that they stand for."""
        text = str(node.value)
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise UserError(f"{self._at(node)}: half of an escaped character is missing in this text") from None

    def _refuse_tag(self, node: yaml.Node) -> None:
        if node.tag != _UNTAGGED:
            raise UserError(
                f"{self._at(node)}: tags such as `{printable(node.tag)}` are not understood here: leave it out"
            )

    def _at(self, node: yaml.Node) -> str:
        return f"{self._where}, line {node.start_mark.line + 1}"


def _plain(text: str) -> Plain:
    """A text without quotation marks, by YAML 1.2's core schema."""
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return bool(_TRUE.match(text))
    if _INT.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        return float(text)
    unbounded = _NOT_FINITE.match(text)
    return float(unbounded[1] + unbounded[2].lower()) if unbounded else text
