"""Keeps the translations whole: ``python -m tidemill.reporting.extract`` writes every file of them anew.

It reads the code for what :func:`~tidemill.reporting.language.say`, ``say_plural``, ``to_say`` and ``to_tell`` are
given, and for each :class:`~tidemill.said.Said`. New texts get an empty translation, those that nobody says any
more leave, and the order is that of the alphabet. With the code of a language (``extract nl``) it starts a new file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from io import BytesIO
from pathlib import Path

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po, write_po

__all__ = ["brought_up", "forms", "messages", "spoken", "written"]

Message = str | tuple[str, str]
_WIDTH = 116
_ARGUMENTS = {"say": 1, "to_say": 1, "to_tell": 1, "Said": 1, "say_plural": 2}


def messages(*packages: Path) -> dict[Message, tuple[str, ...]]:
    """Every text that the code of the packages says, each with the files that say it."""
    found: dict[Message, list[str]] = {}
    for package, file in ((one, file) for one in packages for file in sorted(one.rglob("*.py"))):
        where = f"{package.name}/{file.relative_to(package).as_posix()}"
        for message in spoken(file.read_text(encoding="utf-8")):
            places = found.setdefault(message, [])
            if where not in places:
                places.append(where)
    return {message: tuple(places) for message, places in found.items()}


def spoken(code: str) -> Iterator[Message]:
    """The texts that one file says. A text that is put together there, such as an f-string, raises ValueError.

    Where the file makes ``Said`` or tells sentences, what it calls ``text`` is said too: assigned to that name, or
    given for a parameter.
    """
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    makes = any(isinstance(node, ast.Call) and _name(node) in ("Said", "to_tell") for node in nodes)
    taking = _taking_text(nodes) if makes else {}
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node) in _ARGUMENTS:
            yield from _said(node, _ARGUMENTS[_name(node)])
        elif isinstance(node, ast.Call) and _name(node) in taking:
            yield from _constants(node.args[taking[_name(node)] :][:1])
        elif makes and isinstance(node, ast.Assign) and _is_text(node.targets):
            yield from _constants([node.value])


def _said(node: ast.Call, wanted: int) -> Iterator[Message]:
    given = node.args[:wanted] or [one.value for one in node.keywords if one.arg == "text"]
    if any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in given):
        raise ValueError(f"line {node.lineno}: {_name(node)}(…) is given a text that is put together: name its values")
    texts = list(_constants(given))
    if wanted == 1:
        yield from texts
    elif len(texts) == wanted:
        yield (texts[0], texts[1])


def _constants(nodes: Sequence[ast.expr]) -> Iterator[str]:
    """The texts that stand there as they are, also those between which a condition chooses."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from _constants([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _taking_text(nodes: Sequence[ast.AST]) -> dict[str, int]:
    """Functions with a parameter ``text``, and its place."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            names = [one.arg for one in node.args.args]
            if "text" in names:
                found[node.name] = names.index("text")
    return found


def _is_text(targets: Sequence[ast.expr]) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "text" for target in targets)


def _name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def brought_up(text: str, said: dict[Message, tuple[str, ...]]) -> Catalog:
    """The texts that are said, with the translations that the file ``text`` has for them, below its header."""
    old, new = _read(text), _read(_header_of(text))
    for message, places in said.items():
        before = old.get(message if isinstance(message, str) else message[0])
        fits = before is not None and isinstance(before.id, tuple) == isinstance(message, tuple)
        empty = "" if isinstance(message, str) else ("",) * new.num_plurals
        new.add(message, before.string if before is not None and fits else empty, [(place, 0) for place in places])
    return new


def written(catalog: Catalog, header: str) -> str:
    """A catalog as the text of a file, below its header."""
    made = BytesIO()
    write_po(made, catalog, width=_WIDTH, omit_header=True, sort_output=True, include_lineno=False)
    return f"{header.strip()}\n\n{made.getvalue().decode().strip()}\n"


def forms(message: Entry) -> tuple[str, ...]:
    """The translations of one text: one, or as many as the language has plural forms."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def main(started: list[str]) -> None:
    """Write the files anew, and those of new languages for the first time."""
    package = Path(str(resources.files("tidemill")))
    folder = package / "reporting" / "translations"
    said = messages(package, package.parent / "expectations")
    for code in dict.fromkeys([*(file.stem for file in sorted(folder.glob("*.po"))), *started]):
        file = folder / f"{code}.po"
        text = file.read_text(encoding="utf-8") if file.exists() else _new_header(code)
        catalog = brought_up(text, said)
        file.write_text(written(catalog, _header_of(text)), encoding="utf-8")
        missing = sum(not all(forms(one)) for one in catalog if one.id)
        sys.stdout.write(f"{file.name}: {len(said)} texts, {missing} without a translation\n")


def _read(text: str) -> Catalog:
    return read_po(BytesIO(text.encode()))


def _header_of(text: str) -> str:
    """The head of a file, which says its language and how many plural forms that has."""
    return text.split("\n\n")[0]


def _new_header(code: str) -> str:
    fields = {
        "Project-Id-Version": "tidemill",
        "Language": code,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": Catalog(locale=Locale.parse(code)).plural_forms,
    }
    return "\n".join(['msgid ""', 'msgstr ""', *(f'"{name}: {value}\\n"' for name, value in fields.items())])


if __name__ == "__main__":
    main(sys.argv[1:])
