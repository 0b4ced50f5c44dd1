"""A person's own Python: found in the project, loaded anew when it changed, blamed with file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tidemill.entrypoints import fingerprint, load
from tidemill.errors import TransientError, UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a use case in a project."""
    made = tmp_path / "usecases" / "small"
    made.mkdir(parents=True)
    return made


def test_it_is_found_in_the_use_case_then_in_the_project(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.py").write_text("def rows():\n    return 'project'\n")
    assert load("shop.orders:rows", folder)() == "project"
    (folder / "shop").mkdir()
    (folder / "shop" / "orders.py").write_text("def rows():\n    return 'use case'\n")
    assert load("shop.orders:rows", folder)() == "use case"


def test_changed_code_is_loaded_anew_and_leaves_nothing_on_the_path(folder: Path) -> None:
    (folder / "mine.py").write_text("from beside import NUMBER\ndef answer():\n    return NUMBER\n")
    (folder / "beside.py").write_text("NUMBER = 1\n")
    path, before = list(sys.path), fingerprint("mine:answer", folder)
    assert load("mine:answer", folder)() == 1
    (folder / "mine.py").write_text("from beside import NUMBER\ndef answer():\n    return NUMBER + 1\n")
    assert load("mine:answer", folder)() == 2
    assert fingerprint("mine:answer", folder) != before
    (folder / "beside.py").write_text("NUMBER = 10_000\n")
    assert load("mine:answer", folder)() == 10_001
    assert sys.path == path
    assert "beside" not in sys.modules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def answer(:\n", r"mine\.py, line 1\): SyntaxError"),
        ("\nimport nowhere_at_all\n", r"mine\.py, line 2\): ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("\n\nraise SystemExit(3)\n", r"mine\.py, line 3\): SystemExit: 3"),
        ("def anser():\n    pass\n", r"there is no function `answer` in .*mine\.py \(did you mean `anser`"),
        ("answer = 3\n", r"there is no function `answer`"),
        ("def answer():\n    return {}['x']\n", r"`mine:answer` failed \(.*mine\.py, line 2\): KeyError: 'x'"),
        ("import json\ndef answer():\n    json.loads('{')\n", r"mine\.py, line 3\): JSONDecodeError"),
    ],
)
def test_errors_in_it_name_the_file_and_the_line(folder: Path, text: str, said: str) -> None:
    (folder / "mine.py").write_text(text)
    with pytest.raises(UserError, match=said):
        load("mine:answer", folder)()


def test_a_module_that_is_not_there_is_looked_for_where_it_says(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"there is no shop/orders\.py in .*usecases/small or in .*, and none is installed"
    ):
        load("shop.orders:rows", folder)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "order.py").write_text("")
    with pytest.raises(UserError, match=r"\(did you mean `shop/order\.py`\?\)"):
        load("shop.orders:rows", folder)


def test_what_is_installed_is_found_too(folder: Path) -> None:
    assert load("json:loads", folder)("[1]") == [1]
    assert len(fingerprint("json:loads", folder)) == 64
    with pytest.raises(UserError, match=r"no function `lods` in .*json.*\(did you mean `loads`"):
        load("json:lods", folder)
    with pytest.raises(UserError, match=r"there is no sys\.py in"):
        load("sys:exit", folder)
    with pytest.raises(UserError, match=r"there is no json/nowhere\.py in"):
        load("json.nowhere:x", folder)


@pytest.mark.parametrize("problem", ["ConnectionResetError('gone')", "TimeoutError('late')"])
def test_a_connection_that_breaks_in_it_may_be_tried_again(folder: Path, problem: str) -> None:
    (folder / "mine.py").write_text(f"def answer():\n    raise {problem}\n")
    with pytest.raises(TransientError, match=r"mine\.py, line 2"):
        load("mine:answer", folder)()


def test_what_tidemill_raises_passes(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from tidemill.errors import TransientError\ndef answer():\n    raise TransientError('later')\n"
    )
    with pytest.raises(TransientError, match="later"):
        load("mine:answer", folder)()


def test_a_generator_is_blamed_where_it_runs(folder: Path) -> None:
    (folder / "mine.py").write_text("def answer():\n    yield 1\n    raise ValueError('two')\n")
    entry = load("mine:answer", folder)
    with pytest.raises(UserError, match=r"mine\.py, line 3\): ValueError: two"), entry.blamed():
        list(entry())
