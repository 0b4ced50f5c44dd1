"""The labelling page as people use it: `tidemill label` as a process, its page in Chromium, answered with the keys."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser import chromium
from tests.lineage import made_up_balance, made_up_lineage
from tests.toy import TOY_YAML, toy_frame
from tidemill.cleaning import clean
from tidemill.collecting import collect
from tidemill.labelling import label
from tidemill.learning.training import train
from tidemill.learning.tuning import tune
from tidemill.registry import Registry
from tidemill.results import Cleaned, Validation
from tidemill.reviewing.answers import Answer, AnswerLog
from tidemill.reviewing.correcting import given_labels
from tidemill.splitting import split
from tidemill.store import Store
from tidemill.usecase import UseCase, load_usecase

HOSTILE = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>" + "w" * 300

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="needs Chromium: install the package `chromium`"),
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs the package `chromium-driver`"),
]


@dataclass(frozen=True)
class Trained:
    """A project with one version of `toy`, some of whose cells mean harm."""

    project: Path
    store: Store
    use_case: UseCase
    cleaned: Cleaned
    version: str

    def relabelled(self) -> dict[str, str]:
        """The label of each row as the next training has it, and how many of them came from people."""
        answers = given_labels(self.store, self.use_case)
        made = label(self.store, self.use_case, self.cleaned, answers=answers)
        frame = made.snapshot.read(self.store)
        names = [str(made.classes[code].label) for code in frame["bought"]]
        return {**dict(zip(map(str, frame["row"]), names, strict=True)), "corrected": str(made.corrected)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = tmp_path_factory.mktemp("labelling")
    folder = project / "usecases" / "toy"
    folder.mkdir(parents=True)
    (folder / "usecase.yaml").write_text(TOY_YAML.replace("Will a visitor buy?", "Will a <b>visitor</b> buy?"))
    frame = toy_frame().astype({"region": object})
    frame.loc[frame["region"] == "north", "region"] = HOSTILE
    frame.to_csv(folder / "data.csv", index=False)
    store, use_case = Store(str(project / "lake")), load_usecase("toy", project)
    collected = collect(store, use_case)
    cleaned = clean(store, use_case, collected)
    labelled = label(store, use_case, cleaned)
    parts = split(store, use_case, labelled, labelled.snapshot)
    study = tune(store, use_case, labelled, parts, {}, budget=60.0, trials=1)
    validation = Validation(
        subject=labelled.snapshot.id, passed=True, reasons=(), results=(), leaks=(), excluded={},
        snapshot=labelled.snapshot, quarantine=None,
    )  # fmt: skip
    made = {"collected": collected, "cleaned": cleaned, "labelled": labelled, "validation": validation, "split": parts}
    model = train(store, use_case, labelled, parts, study, {})
    lineage = made_up_lineage().model_copy(update={**made, "study": study, "model": model})
    version = Registry(store, "toy").register(lineage, made_up_balance(), {})
    return Trained(project, store, use_case, cleaned, version.version)


@contextmanager
def sitting(trained: Trained, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`tidemill label toy` in a process of its own; gives its page's address."""
    environment = {**os.environ, "TIDEMILL_PROJECT": str(trained.project)}
    environment.pop("TIDEMILL_LAKE", None)
    command = [sys.executable, "-m", "tidemill", "label", "toy", "--no-browser", "--json", *words]
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+/", line):
                break
        else:
            raise AssertionError("".join(said))
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def address(trained: Trained) -> Iterator[str]:
    """A page that nobody answers on."""
    with sitting(trained, "--rows", "40") as (address, _):
        yield address


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another page of this machine, at a port of its own."""

    class Blank(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium())
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """What a person does: looks, and presses keys."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        driver.get(address)
        self.until_place("Row ")

    def text(self, place: str) -> str:
        return self.driver.find_element(By.ID, place).text

    def until_place(self, start: str) -> None:
        WebDriverWait(self.driver, 20).until(lambda _: self.text("place").startswith(start))

    def press(self, key: str, then: str) -> None:
        """Press ``key`` wherever the focus is, and wait until the page says ``then`` to a screen reader."""
        ActionChains(self.driver).send_keys(key).perform()
        WebDriverWait(self.driver, 20).until(
            lambda _: then in (self.driver.find_element(By.ID, "said").get_attribute("textContent") or "")
        )

    def row(self) -> str:
        found = re.search(r"row (\d+):", self.text("caption"))
        assert found is not None
        return found[1]

    def label(self) -> str:
        badge = self.driver.find_elements(By.XPATH, "//*[@id='choices']//*[text()='label']/../span[@class='what']")
        return badge[0].text if badge else ""


def entries(trained: Trained) -> list[Answer]:
    return list(AnswerLog(trained.store, "toy").entries().values())


def test_answers_by_keys_are_kept_undone_and_used_by_the_next_training(
    trained: Trained, browser: webdriver.Chrome
) -> None:
    before = trained.relabelled()
    with sitting(trained, "--who", "ayu", "--rows", "8") as (address, process):
        page = Page(browser, address)
        assert page.text("place") == "Row 1 of 8"
        assert page.text("heading") == "Suspect label"
        first, was = page.row(), page.label()
        key, other = ("2", "yes") if was == "no" else ("1", "no")
        page.press(key, f"Kept: {other}. Row 2 of 8.")
        (kept,) = entries(trained)
        assert (kept.row, kept.action, kept.value, kept.old) == (f'["{first}"]', "answer", other, was)
        assert (kept.who, kept.version, kept.why, kept.named) == ("ayu", trained.version, "suspect", {"row": first})
        second = page.row()
        page.press("k", "Row 3 of 8.")
        page.press("s", "Kept: unsure. Row 4 of 8.")
        assert "3 of 8 rows answered" in page.text("counts")
        page.press("u", "Undone. Row 3 of 8.")
        page.press("u", "Undone. Row 2 of 8.")
        assert page.row() == second
        page.press(Keys.ARROW_LEFT, "Row 1 of 8.")
        assert f"answered: {other}" in page.text("place")
        page.press(Keys.ARROW_RIGHT, "Row 2 of 8.")
        browser.refresh()
        page.until_place("Row 2 of 8")
        assert "1 of 8 rows answered" in page.text("counts")
        for place in range(2, 8):
            page.press("s", f"Row {place + 1} of 8.")
        page.press("s", "Every row has an answer.")
        assert "8 rows: 1 got another label." in page.text("tally")
        browser.find_element(By.ID, "finish").click()
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    said = json.loads(out)
    assert (said["who"], said["shown"], said["answered"], said["changed"]) == ("ayu", 8, 8, 1)
    assert (said["unsure"], said["undone"], said["version"]) == (7, 2, trained.version)
    assert len(entries(trained)) == 12
    after = trained.relabelled()
    assert {row for row in after if after[row] != before.get(row)} == {first, "corrected"}
    assert (after[first], after["corrected"]) == (other, "1")


def test_hostile_cells_are_text_and_nothing_is_fetched_from_elsewhere(address: str, browser: webdriver.Chrome) -> None:
    browser.get_log("performance")
    page = Page(browser, address)
    shown = set()
    for place in range(2, 12):
        shown.add(HOSTILE in page.text("cells"))
        page.press(Keys.ARROW_RIGHT, f"Row {place} of 40.")
    assert shown == {True, False}
    assert browser.title == "Labelling · toy"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Will a <b>visitor</b> buy?"
    assert not browser.find_elements(By.CSS_SELECTOR, "img, iframe, main script, b b")
    log = [json.loads(one["message"])["message"] for one in browser.get_log("performance")]
    asked = {one["params"]["request"]["url"] for one in log if one["method"] == "Network.requestWillBeSent"}
    assert len(asked) > 10
    assert all(one.startswith((address, "data:")) for one in asked)
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1200])
def test_it_fits_and_can_be_read_on_a_phone_and_on_a_desk(
    address: str, browser: webdriver.Chrome, width: int, dark: bool
) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    metrics = {"width": width, "height": 860, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    Page(browser, address)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(_FAINTEST) >= 4.5
    assert browser.execute_script(_UNNAMED) == 0
    assert browser.execute_script(_ON_TOP)


def test_another_page_in_the_same_browser_can_neither_read_nor_answer(
    trained: Trained, address: str, elsewhere: str, browser: webdriver.Chrome
) -> None:
    before = len(entries(trained))
    body = json.dumps({"action": "unsure"})
    browser.get(elsewhere)
    tried = browser.execute_async_script(_TRYING, f"{address}rows/0", body)
    assert tried == ["refused", "refused", "refused"]
    request = Request(f"{address}rows/0", body.encode(), {"Content-Type": "application/json"})
    request.add_header("Host", "rebound.example")
    with pytest.raises(OSError, match="403"):
        urlopen(request, timeout=10)
    assert len(entries(trained)) == before


_TRYING = """
const [address, body, done] = arguments;
const send = (type, mode) => fetch(address, {method: "POST", mode, body, headers: {"Content-Type": type}})
  .then((answer) => answer.type, () => "refused");
const read = fetch(address, {mode: "no-cors"}).then((answer) => answer.type, () => "refused");
Promise.all([send("application/json", "cors"), send("text/plain", "no-cors"), read]).then(done);
"""

_UNNAMED = """
return [...document.querySelectorAll("button, input")].filter((one) => one.checkVisibility()
  && !(one.textContent.trim() || one.getAttribute("aria-label") || (one.labels && one.labels.length))).length;
"""

_ON_TOP = """
const box = document.querySelector(".choice").getBoundingClientRect();
return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).closest(".choice") !== null;
"""

_FAINTEST = """
const channel = (value) => { const share = value / 255; return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const colour = rgb(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const texts = [...document.querySelectorAll("main *, header *")].filter((one) => one.checkVisibility() && !one.closest(":disabled")
  && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
return Math.min(...texts.map((one) => {
  const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}));
"""
