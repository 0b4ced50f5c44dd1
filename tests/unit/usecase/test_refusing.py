"""What is wrong with a usecase.yaml: every message as a new user would meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.usecase.files import BASE, SOURCES, TARGET, read, refused


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
