"""Reading usecase.yaml: what is understood, and every message as a new user would meet it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidemill.errors import UserError
from tidemill.usecase import UseCase, list_usecases, load_usecase, project_folder, read_usecase

BASE = """\
name: churn
sources:
  customers: {url: data.csv}
target: churned
"""
SOURCES, TARGET = "customers: {url: data.csv}", "target: churned"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the working directory too, with an empty use case's folder `churn`."""
    monkeypatch.delenv("TIDEMILL_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "usecases" / "churn").mkdir(parents=True)
    return tmp_path


def read(home: Path, text: str | bytes) -> UseCase:
    file = home / "usecases" / "churn" / "usecase.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_usecase("churn")


def refused(home: Path, text: str | bytes) -> str:
    with pytest.raises(UserError) as problem:
        read(home, text)
    said = str(problem.value)
    assert said.startswith("usecases/churn/usecase.yaml")
    return said.removeprefix("usecases/churn/usecase.yaml").removeprefix(", ")


def test_the_least_that_can_be_said(home: Path) -> None:
    use_case = read(home, BASE)
    assert use_case.name == "churn"
    assert use_case.primary == "customers"
    assert use_case.target.column == use_case.target_name == "churned"
    assert use_case.folder == home / "usecases" / "churn"
    assert use_case.tune.budget == 60
    assert use_case.monitor.window == timedelta(days=30)


def test_everything_that_may_be_short(home: Path) -> None:
    text = BASE.replace("{url: data.csv}", "data.csv") + (
        "id: row\ncolumns: {forbid: later, types: {zip: category}}\nclean: {missing: '-', required: age}\n"
        "evaluate: {slices: region}\ntune:\n  # budget: 5\n"
    )
    use_case = read(home, text)
    assert use_case.sources["customers"].url == "data.csv"
    assert use_case.id == ("row",)
    assert use_case.columns.forbid == ("later",)
    assert use_case.clean.missing == ("-",)
    assert use_case.clean.required == ("age",)
    assert use_case.evaluate.slices == ("region",)
    assert use_case.tune.budget == 60


def test_everything_that_may_be_long(home: Path) -> None:
    use_case = read(
        home,
        """\
        name: churn
        title: Will they leave?
        sources:
          customers: {url: "s3://b/customers/*.parquet", format: parquet}
          calls:
            url: calls.csv
            join: {on: [customer], as_of: at, known_after: 1h, tolerance: 36.5h, columns: [minutes]}
        derive: {spent: 'fill(amount, 0) * (hours(2) / hours(1))', "per day": spent / 30}
        target: {expression: left_after < 30, name: left, positive: true, labels: {true: leaves, false: stays}}
        task: binary
        time: at
        id: [customer, at]
        group: household
        columns: {forbid: [left_after], ignore: [comment], allow: [tenure], types: {zip: category, joined: time}}
        clean: {deduplicate: false, missing: [NA, no, "-1"], ranges: {age: [0, 120], spent: [null, 1e6]}}
        validate: {suite: expectations/other.yaml, leak_auc: 0.95}
        split: {by: time, train_until: 2024-01-01, gate_until: 2024-02-01T06:00:00+02:00, minimum_rows: 20}
        tune: {budget: 10, trials: 5, metric: log_loss, threads: 1, threshold: 0.3}
        gate: {margin: 0.01, champion_margin: -0.001, approval: manual}
        evaluate: {confidence: 0.9, resamples: 200, slices: [region]}
        score: {batch_rows: 1000, input: new/*.csv}
        serve: {reload_seconds: 1, max_rows: 5}
        monitor: {window: 2w, label_delay: 1d, drift_warn: 0.2, drift_page: 0.4, quality_margin: 0.05}
        retrain: {on: warn, cooldown: 90m}
        schedule: {training: "0 3 1 * *", scoring: "*/15 8-18 * * mon-fri", monitoring: "0 6 1,15 jan-jun/2 0"}
        seed: 11
        """,
    )
    assert use_case.validate_.leak_auc == 0.95
    assert use_case.retrain.on == "warn"
    assert use_case.retrain.cooldown == timedelta(minutes=90)
    assert use_case.sources["calls"].join is not None
    assert use_case.sources["calls"].join.on == ("customer",)
    assert use_case.clean.missing == ("NA", "no", "-1")
    assert use_case.clean.ranges["spent"] == (None, 1e6)
    assert use_case.target.labels == {"true": "leaves", "false": "stays"}
    assert use_case.target.positive is True
    assert use_case.split.train_until == datetime(2024, 1, 1, tzinfo=UTC)
    assert use_case.split.gate_until == datetime(2024, 2, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "12:30:00", "0x", "1_000", "2013-10-01"])
def test_words_that_old_yaml_takes_for_something_else_are_texts(home: Path, word: str) -> None:
    text = BASE.replace(TARGET, f"target: {{column: answer, positive: {word}, labels: {{{word}: {word}}}}}")
    target = read(home, text).target
    assert target.positive == word
    assert target.labels == {word: word}


@pytest.mark.parametrize(
    ("word", "value"), [("012", 12), ("0x1F", 31), ("-1.5e2", -150.0), ("True", True), ('"1"', "1")]
)
def test_values_are_read_as_editors_read_them(home: Path, word: str, value: object) -> None:
    found = read(home, BASE.replace(TARGET, f"target: {{column: answer, positive: {word}}}")).target.positive
    assert found == value
    assert type(found) is type(value)


def test_anchors_may_be_used(home: Path) -> None:
    assert read(home, BASE + "id: &names [a, b]\nclean: {required: *names}\n").clean.required == ("a", "b")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "tune:\n  metric: auc\n  buget: 10\n",
            "line 7, tune.buget: there is no such field (did you mean `budget`?). "
            "Allowed here: budget, trials, metric, pairs, most_boosters, ",
        ),
        (
            "taget: x\n",
            "line 5, taget: there is no such field (did you mean `target`?). Allowed here: name, title, owner",
        ),
        ("budget: 60\n", "line 5, budget: there is no such field (it belongs under `tune`). Allowed here: name"),
        (
            "tune: {time: at}\n",
            "line 5, tune.time: there is no such field (it belongs at the top, without indentation)",
        ),
        ("mauve: red\n", "line 5, mauve: there is no such field. Allowed here: name"),
        ("mauve:\n", "line 5, mauve: there is no such field. Allowed here: name"),
        ("tune: {budget: soon}\n", "line 5, tune.budget: it must be a number (above 0), not the text `soon`"),
        ("tune: {budget: '60'}\n", "not the text `60`: take the quotation marks away"),
        ("tune: {budget: -1}\n", "line 5, tune.budget: it must be a number (above 0), not the number -1"),
        ("tune: {budget: true}\n", "line 5, tune.budget: it must be a number (above 0), not `true`"),
        ("tune: {budget: .inf}\n", "line 5, tune.budget: it must be a number (above 0), not the number inf"),
        ("tune: {budget: .nan}\n", "line 5, tune.budget: it must be a number (above 0), not the number nan"),
        ("tune: {trials: 1.5}\n", "line 5, tune.trials: it must be a whole number (1 or more), not the number 1.5"),
        (
            "tune: 5\n",
            "line 5, tune: it must be a section with budget, trials, metric, pairs, most_boosters, latency_ms, size_mb, threads, memory, threshold, class_weights, intervals, coverage, storage, not the number 5",
        ),
        ("tune: [1]\n", "not a list of 1"),
        ("tune: {metric: acu}\n", "not the text `acu` (did you mean `auc`?)"),
        (
            "tune: {threshold: 2}\n",
            "or a number (above 0 and below 1) or a section with costs, gains, not the number 2",
        ),
        (
            "clean: {strip: yes}\n",
            "it must be `true` or `false`, not the text `yes`: write `true`, without quotation marks",
        ),
        ("clean: {strip: 1}\n", "it must be `true` or `false`, not the number 1"),
        (
            "clean: {missing: [NA, -1]}\n",
            "line 5, clean.missing[2]: it must be text, not the number -1. Put it in quotation",
        ),
        ("clean: {ranges: {age: [0]}}\n", "clean.ranges.age: it must be a list of two numbers such as `[0, 120]`"),
        (
            "clean: {ranges: {age: [0, 1, 2]}}\n",
            "clean.ranges.age: it must be a list of two numbers such as `[0, 120]`",
        ),
        ("clean: {ranges: {age: [low, 1]}}\n", "clean.ranges.age[1]: it must be a number, not the text `low`"),
        ("clean: {ranges: {age: [5, 0]}}\n", "the lowest value 5 is above the highest 0: swap them"),
        ("clean: {ranges: {age: [null, null]}}\n", "one of lowest and highest must be a number"),
        ("columns: {types: {a: numbr}}\n", "columns.types.a: it must be `number` or `category` or `time` or `boolean`"),
        ("columns: {forbid: [a], allow: [a]}\n", "columns.allow: `a` is under `forbid` too: leave it in one of them"),
        (
            "id: 5\n",
            "line 5, id: it must be text or a list, each item text, not the number 5. Put it in quotation marks",
        ),
        ("id:\n- a\n-\n", "line 7, id[2]: it must be text, not nothing"),
        ("id: [a, b, a]\n", "line 5, id: `a` is there twice: name it once"),
        ("time: ''\n", "line 5, time: it is empty: it must be text"),
        (
            "title: 5\n",
            "line 5, title: it must be text, not the number 5. Put it in quotation marks if it is meant as text",
        ),
        ("task: regresion\n", "(did you mean `regression`?)"),
        (
            "task: regression\ntune: {metric: auc}\n",
            "line 6, tune.metric: `auc` does not fit the task regression: rmse, mae",
        ),
        (
            "monitor: {window: 3 days}\n",
            "monitor.window: a duration is a number and one of s, m, h, d, w, such as `3h`",
        ),
        ("monitor: {window: 30}\n", "monitor.window: a duration is a number and one of s, m, h, d, w"),
        ("monitor: {window: 0d}\n", "monitor.window: it must be longer than nothing"),
        ("monitor: {window: 9999999999999999999w}\n", "monitor.window: a duration is 100 years at most"),
        (
            "monitor: {drift_page: 0.05}\n",
            "monitor.drift_page: it is below `drift_warn`, 0.1: paging comes after warning",
        ),
        (
            "time: t\nsplit: {train_until: 2013-02-30}\n",
            "line 6, split.train_until: a moment is a date or a time such as",
        ),
        ("time: t\nsplit: {train_until: 5}\n", "line 6, split.train_until: a moment is a date or a time such as"),
        (
            "time: t\nsplit: {train_until: 0001-01-01T00:00:00+10:00}\n",
            "split.train_until: a moment is a date or a time",
        ),
        (
            "time: t\nsplit: {train_until: 2013-02-01, gate_until: 2013-01-01}\n",
            "split.gate_until: it must be later than",
        ),
        (
            "split: {train_until: 2013-02-01}\n",
            "split.train_until: it needs the time of each row: name the column under",
        ),
        ("split: {by: time}\n", "split.by: it needs the time of each row: name the column under `time`"),
        ("split: {by: group}\n", "split.by: it says group, and the use case has no `group`: name its column"),
        ("time: t\nsplit: {by: random, gate_until: 2013-02-01}\n", "split.gate_until: a moment divides rows by time"),
        ("schedule: {training: daily}\n", "schedule.training: a cron line has five fields: minute, hour"),
        (
            "schedule: {training: 0 25 * * *}\n",
            "`25` can't be the hour of a cron line: it is 0 to 23, or `*`, or `*/n`",
        ),
        ("schedule: {training: 0 3 * * */0}\n", "`*/0` can't be the day of the week"),
        ("schedule: {training: 0 3 * feb-jan *}\n", "`feb-jan` can't be the month"),
        (
            "derive: {a: fill(b, 0)}\n",
            "a parenthesis is not closed. In YAML's `{ }` a value ends at a comma: put it in",
        ),
        ("derive: {a: b +}\n", "line 5, derive.a: the expression “b +” can't be read"),
        (
            "derive: {a: lenght(b)}\n",
            "line 5, derive.a: the expression “lenght(b)” can't be used: there is no function `lenght`",
        ),
        ("derive: {a: 1}\n", "line 5, derive.a: it must be text such as `arr_delay > 15`, not the number 1"),
        ("derive: {a: a + 1}\n", "derive.a: it is made from itself: give the new column a name other than `a`"),
        (
            "derive:\n  a: b + 1\n  b: c + 1\n",
            "line 6, derive.a: it reads `b`, which is derived below it: move that one up",
        ),
        ("seed: 99999999999\n", "seed: it must be a whole number (0 or more and 4,294,967,295 at most)"),
        ("gate: {approval: no}\n", "gate.approval: it must be `auto` or `manual`, not the text `no`"),
        ("target: left\n", "line 5: `target` is there twice, on line 4 too: keep one of them"),
        ("tune:\n  budget: 1\n  budget: 2\n", "line 7: `budget` is there twice, on line 6 too: keep one of them"),
    ],
)
def test_a_wrong_field(home: Path, more: str, said: str) -> None:
    assert said in refused(home, BASE + more)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (TARGET, "", "line 1, target: it is missing: what is predicted: a column's name, or a section"),
        (TARGET, "target:", "line 4, target: it is missing"),
        (TARGET, "target: 5", "line 4, target: it must be text or a section with column, expression, name, positive"),
        (
            TARGET,
            "target: {}",
            "line 4, target: name the target's `column`, or give an `expression` or `functions` that make it",
        ),
        (TARGET, "target: {colum: x}", "target.colum: there is no such field (did you mean `column`?)"),
        (TARGET, "target: {expression: foo(x) > 1}", "there is no function `foo`. There are: abs, contains"),
        (TARGET, "target: {expression: x > 1, column: x}", "the target has a `column` and an `expression`"),
        (TARGET, "target: {column: x, labels: {1: a, 0: a}}", "target.labels: two classes have the same name"),
        (
            TARGET,
            "target: {column: x, labels: {1: 2}}",
            "target.labels.1: it must be text, not the number 2. Put it in",
        ),
        (
            TARGET,
            "target: {column: x, positive: [a]}",
            "target.positive: it must be text or a whole number or a number or",
        ),
        (
            TARGET,
            "target: {expression: x > 1, name: y}\nderive: {y: z * 2}",
            "target.name: `y` is a derived column too",
        ),
        ("name: churn", "name: Churn", "line 1, name: a name has small letters, digits, `-` and `_` only"),
        ("name: churn", "name: ../churn", "line 1, name: a name has small letters, digits"),
        ("name: churn", "name: churns", "its `name` is `churns`, and its folder is `churn`: make them the same"),
        ("name: churn", "", "line 2, name: it is missing"),
        (f"sources:\n  {SOURCES}", "sources: {}", "sources: it is empty: it must be a section of `name: value`"),
        (f"sources:\n  {SOURCES}", "sources:", "line 2, sources: it is missing: where rows come from"),
        (f"sources:\n  {SOURCES}", "sources: data.csv", "line 2, sources: it must be a section of `name: value`"),
        (SOURCES, "customers:", "line 3, sources.customers: it must be text or a section with url, sql, http, python"),
        (
            SOURCES,
            "customers: {path: x}",
            "sources.customers.path: there is no such field (did you mean `python`?). Allowed here: url",
        ),
        (SOURCES, "customers: {format: csv}", "say where the rows are: a `url` of files, or `sql`"),
        (SOURCES, "customers: {url: x, python: 'a:b'}", "sources.customers.python: the source has `url` too"),
        (
            SOURCES,
            "a: x\n  b: {url: y, labels: {on: k, known_at: t}}",
            "sources.b.labels: labels ripen from a row's own",
        ),
        (SOURCES, "a: x.csv\n  b: y.csv", "line 2, sources: `a`, `b` have no `join`: say for all but one of them how"),
        (SOURCES, "a: {url: x, join: {on: k}}", "line 2, sources: every source has a `join`"),
        (SOURCES, "a: x\n  b: {url: y, join: {on: []}}", "sources.b.join.on: it is empty: it must be text or a list"),
        (
            SOURCES,
            "a: x\n  b: {url: y, join: {on: k, as_of: t}}",
            "line 4, sources.b.join.as_of: rows are joined as of their",
        ),
        (
            SOURCES,
            "a: x\n  b: {url: y, join: {on: k, known_after: 1h}}",
            "sources.b.join.known_after: it counts from `as_of`",
        ),
    ],
)
def test_a_wrong_part_of_what_must_be_there(home: Path, old: str, new: str, said: str) -> None:
    assert said in refused(home, BASE.replace(old, new))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: `tidemill init` writes one to start from"),
        ("# only a comment\n", "is empty"),
        ("- a\n- b\n", "is a list: it must be fields such as `name: churn`, one a line"),
        ("just words\n", "is a single value: it must be fields"),
        (
            BASE + "title: a: b\n",
            "line 5: the YAML is broken here (`title: a: b`): put a text that has `: ` in it in quotation",
        ),
        (BASE + "tune:\n\tbudget: 5\n", "line 6: there is a tab: YAML indents with spaces only"),
        (BASE + "tune:\n  budget: 5\n  \ttrials: 5\n", "there is a tab"),
        (BASE + "title: 'oops\n", "line 6: the YAML is broken here (`title: 'oops`): a quotation mark is not closed"),
        (
            BASE + "title: @x\n",
            "line 5: the YAML is broken here (`title: @x`): put a text that begins with this character",
        ),
        (BASE + "title: *x\n", "put a text that begins with `*` in quotation marks"),
        (BASE + "id: [a, b\nseed: 5\n", "a `[` is not closed, or a comma is missing"),
        (BASE + "tune: {budget: 5\nseed: 5\n", "a `{` is not closed, or a comma is missing"),
        (BASE + "  seed: 5\n", "line 5: the YAML is broken here (`seed: 5`)"),
        (BASE + "seed 5\nid: a\n", "a field is written `name: value`"),
        ("---\n" + BASE + "---\n" + BASE, "line 6: a second document starts here: keep one, without `---` between"),
        (BASE + "title: !!str x\n", "line 5: tags such as `tag:yaml.org,2002:str` are not understood"),
        (
            BASE + "title: !!python/object/apply:os.system [ls]\n",
            "line 5: tags such as `tag:yaml.org,2002:python/object",
        ),
        (BASE + "tune: {<<: {budget: 1}}\n", "line 5: `<<` (merging) is not understood here: write the fields out"),
        (BASE + "? [a]\n: b\n", "line 5: a list or a section can't be a name"),
        (BASE + "id: &a [*a]\n", "line 5: the file is nested too deeply"),
        (
            BASE
            + "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
            "holds too much",
        ),
        ("[" * 30, "a `[` or a `{` is not closed"),
        ("[" * 1200, "nested too deeply"),
        (b"name: caf\xe9\n", "line 1: this is not UTF-8 text: save the file as UTF-8"),
        (BASE.encode("utf-16"), "line 1: this is not UTF-8 text"),
        (BASE + "title: \x07\n", "line 5: the character U+0007 can't be in YAML: remove it"),
        ("x" * 1_000_001, "has 1,000,001 bytes, more than 1,000,000"),
    ],
    ids=lambda value: repr(value)[-30:],
)
def test_what_is_no_use_case_at_all(home: Path, text: str | bytes, said: str) -> None:
    assert said in refused(home, text)


def test_several_problems_come_together_in_the_order_of_the_file(home: Path) -> None:
    said = refused(home, BASE + "tune: {buget: 1}\nseed: x\n" + "".join(f"more_{n}: 1\n" for n in range(5)))
    lines = said.splitlines()
    assert lines[0].startswith("line 5, tune.buget:")
    assert "line 6, seed:" in lines[1]
    assert lines[-1] == "… and 2 more"


def test_a_mark_at_the_start_and_windows_line_ends_are_fine(home: Path) -> None:
    assert read(home, b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode()).name == "churn"


@pytest.mark.parametrize(
    "name", ["../churn", "a/b", "..", ".", "", "Churn", "churn/", "a b", "-a", "a" * 64, "c\0", "a\n"]
)
def test_a_name_that_is_none_is_refused_before_the_disk_is_touched(name: str) -> None:
    nowhere = Path("/proc/there is no such folder")
    with pytest.raises(UserError, match="can't be the name of a use case"):
        load_usecase(name, nowhere)


def test_a_path_is_taken_for_the_name_that_it_ends_in(home: Path) -> None:
    with pytest.raises(UserError, match=r"`usecases/churn/` can't be .* \(did you mean `churn`\?\)"):
        load_usecase("usecases/churn/")


def test_a_use_case_that_is_not_there(home: Path) -> None:
    read(home, BASE)
    with pytest.raises(
        UserError, match=r"no use case `chrun` \(did you mean `churn`\?\); in usecases there are: churn"
    ):
        load_usecase("chrun")
    (home / "usecases" / "new").mkdir()
    with pytest.raises(UserError, match=r"usecases/new holds no usecase.yaml; in usecases there are: churn"):
        load_usecase("new")
    (home / "usecases" / "new" / "usecase.yml").touch()
    with pytest.raises(UserError, match=r"usecases/new/usecase.yml must be called usecase.yaml: rename it"):
        load_usecase("new")


def test_no_use_case_at_all(home: Path) -> None:
    with pytest.raises(UserError, match="there is none yet: `tidemill init` makes one"):
        load_usecase("other")


def test_not_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEMILL_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="there is no folder usecases: run this in your project's folder"):
        load_usecase("churn")
    assert list_usecases() == []
    with pytest.raises(UserError, match="there is no file"):
        read_usecase(tmp_path / "usecase.yaml")


def test_a_file_that_cannot_be_read(home: Path) -> None:
    (home / "usecases" / "churn" / "usecase.yaml").mkdir()
    with pytest.raises(UserError, match=r"usecases/churn/usecase.yaml can't be read: Is a directory"):
        load_usecase("churn")


def test_the_project_is_named_by_the_environment(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    read(home, BASE)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.chdir(elsewhere)
    assert project_folder() == elsewhere
    os.environ["TIDEMILL_PROJECT"] = str(home)
    try:
        assert project_folder() == home
        assert list_usecases() == ["churn"]
        assert load_usecase("churn").folder == home / "usecases" / "churn"
        os.environ["TIDEMILL_PROJECT"] = str(home / "nowhere")
        with pytest.raises(UserError, match="which is not a folder: set it to your project's"):
            project_folder()
    finally:
        del os.environ["TIDEMILL_PROJECT"]


def test_use_cases_are_listed_by_their_folders(home: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (home / "usecases" / name).mkdir()
        (home / "usecases" / name / "usecase.yaml").write_text(BASE)
    assert list_usecases(home) == ["a", "b"]


def test_a_fingerprint_hangs_on_its_sections_alone(home: Path) -> None:
    one, other = read(home, BASE), read(home, BASE + "tune: {budget: 5}\n")
    assert one.fingerprint("sources", "target") == other.fingerprint("sources", "target")
    assert one.fingerprint("tune") != other.fingerprint("tune")
    assert one.fingerprint("validate", "monitor") == other.fingerprint("validate", "monitor")


def test_loading_is_light(home: Path) -> None:
    """`tidemill --help` and every plain error must be there at once."""
    read(home, BASE)
    code = (
        "import sys; from tidemill.usecase import load_usecase; load_usecase('churn');"
        "sys.exit(' '.join({'pandas', 'numpy', 'pyarrow', 'prefect'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) in ((0, ""), (1, "")), done.stderr


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{groups: sex, bands: {age: [25]}}", "fairness.bands.age: it is none of the `groups`"),
        ("{groups: age, bands: {age: [40, 25]}}", "fairness.bands.age: give numbers that rise"),
        ("{limits: {tpr: 0.1}}", "fairness.limits: there are no `groups`"),
        ("{groups: sex, beyond: refuse}", "fairness.beyond: it says refuse, and there are no `limits`"),
        ("{groups: churned}", "fairness.groups: `churned` is the target"),
        ("{groups: sex, limits: {exposure: 0.1}}", "fairness.limits.exposure: it is not measured for the task binary"),
    ],
)
def test_fairness_that_can_not_be_judged_is_refused(home: Path, said: str, message: str) -> None:
    assert message in refused(home, f"{BASE}task: binary\nfairness: {said}\n")


def test_a_language_without_translations_is_refused(home: Path) -> None:
    message = refused(home, f"{BASE}report: {{language: idn}}\n")
    assert "report.language: there is no translation into `idn` (did you mean `id`?): write one of en, id" in message
    assert read(home, f"{BASE}report: {{language: id}}\n").report.language == "id"
