"""Reading usecase.yaml: what is understood, and where it is looked for."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.usecase.files import BASE, TARGET, read
from tidemill.errors import UserError
from tidemill.usecase import list_usecases, load_usecase, project_folder, read_usecase


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
