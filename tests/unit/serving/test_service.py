"""The REST service as a client meets it: answers, refusals, and champions that change under load."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.champions import COLUMNS, House, make_house
from tests.service import service
from tidemill.answered import answered_by
from tidemill.errors import DamagedError, UserError
from tidemill.registry import ModelVersion, Registry
from tidemill.scoring import load_model
from tidemill.serving import create_app

PREDICT = "/v1/models/toy/predict"


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[httpx.Client]:
    with service(house.store.url, ["toy"], house.project) as client:
        yield client


@pytest.fixture(scope="module")
def row(house: House) -> dict[str, Any]:
    return as_rows(house, 200)[0]


def as_rows(house: House, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(house.rows(count).to_json(orient="records", date_format="iso"))
    return rows


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "message", "row", "column"}
    assert error["code"] == code
    return error


def test_one_row_and_many_are_answered_with_the_version(
    client: httpx.Client, house: House, row: dict[str, Any]
) -> None:
    one = client.post(PREDICT, json={"rows": [row]}).json()
    assert set(one) == {"model_version", "predictions"}
    assert one["model_version"] == house.versions[0].version
    assert set(one["predictions"][0]) == {"prediction", "probability_no", "probability_yes"}
    many = client.post(PREDICT, json={"rows": as_rows(house, 200)}).json()
    assert len(many["predictions"]) == 200
    assert many["predictions"][0] == one["predictions"][0]


def test_it_says_that_it_lives_and_what_it_serves(client: httpx.Client, house: House) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    (model,) = client.get("/v1/models").json()["models"]
    assert model == client.get("/v1/models/toy").json()
    assert model["model_version"] == house.versions[0].version
    assert model["classes"] == ["no", "yes"]
    assert {column["name"] for column in model["columns"]} == set(COLUMNS)
    assert model["problem"] is None


def test_the_openapi_page_knows_the_model_s_columns_and_its_example_works(client: httpx.Client) -> None:
    assert "swagger" in client.get("/docs").text.lower()
    document = client.get("/openapi.json").json()
    post = document["paths"][PREDICT]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["rows"]["items"]
    assert set(row["required"]) == set(COLUMNS)
    assert row["properties"]["age"]["type"] == ["number", "null"]
    assert "north" in row["properties"]["region"]["description"]
    assert {"200", "400", "404", "413", "422", "503"} <= set(post["responses"])
    assert client.post(PREDICT, json=schema["example"]).status_code == 200


def test_a_missing_value_is_fine_and_a_missing_column_is_named(client: httpx.Client, row: dict[str, Any]) -> None:
    assert client.post(PREDICT, json={"rows": [dict.fromkeys(COLUMNS)]}).status_code == 200
    bad = {name: value for name, value in row.items() if name != "shop"}
    error = refusal(client.post(PREDICT, json={"rows": [row, row, bad]}), 422, "bad_row")
    assert (error["row"], error["column"]) == (2, "shop")
    assert "null" in error["message"]


def test_a_bad_value_is_named_by_row_and_column(client: httpx.Client, row: dict[str, Any]) -> None:
    error = refusal(client.post(PREDICT, json={"rows": [row, {**row, "age": "old"}]}), 422, "bad_row")
    assert (error["row"], error["column"]) == (1, "age")
    assert "'old'" in error["message"]
    error = refusal(client.post(PREDICT, json={"rows": [{**row, "shop": ["s1"]}]}), 422, "bad_row")
    assert (error["row"], error["column"]) == (0, "shop")


def test_a_number_beyond_all_bounds_is_refused(client: httpx.Client, row: dict[str, Any]) -> None:
    body = json.dumps({"rows": [row]}).replace(f'"age": {row["age"]}', f'"age": {"9" * 400}')
    error = refusal(client.post(PREDICT, content=body), 422, "bad_row")
    assert (error["row"], error["column"]) == (0, "age")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "not_json"),
        ("{", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        ("[]", 422, "bad_request"),
        ("{}", 422, "bad_request"),
        ('{"rows": {}}', 422, "bad_request"),
        ('{"rows": []}', 422, "bad_request"),
        ('{"rows": [], "row": 1}', 422, "bad_request"),
        ('{"rows": [1]}', 422, "bad_row"),
        ('{"rows": [{}]}', 422, "bad_row"),
    ],
)
def test_a_body_of_another_shape_is_refused(client: httpx.Client, body: str | bytes, status: int, code: str) -> None:
    refusal(client.post(PREDICT, content=body), status, code)


def test_too_much_at_once_is_refused(
    client: httpx.Client, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refusal(client.post(PREDICT, json={"rows": [row] * 501}), 413, "too_large")
    assert "500" in error["message"]
    monkeypatch.setattr("tidemill.serving.app.MOST_BYTES", 1000)
    refusal(client.post(PREDICT, json={"rows": [row] * 10}), 413, "too_large")
    refusal(client.post(PREDICT, content=iter([b"x" * 600, b"x" * 600])), 413, "too_large")


def test_unknown_places_are_refused_in_the_same_way(client: httpx.Client) -> None:
    assert "did you mean `toy`" in refusal(client.post("/v1/models/tov/predict", json={}), 404, "not_found")["message"]
    refusal(client.get("/nothing"), 404, "not_found")
    refusal(client.get(PREDICT), 405, "not_allowed")


def test_a_use_case_that_does_not_exist_is_refused_at_the_start(house: House) -> None:
    with pytest.raises(UserError, match="did you mean `toy`"):
        create_app(house.store.url, ["tov"], house.project)


def test_without_a_champion_it_waits_and_then_answers(tmp_path: Path, row: dict[str, Any]) -> None:
    house = make_house(tmp_path, versions=0)
    with service(house.store.url, ["toy"], house.project) as client:
        assert client.get("/health").status_code == 200
        refusal(client.get("/ready"), 503, "not_ready")
        response = client.post(PREDICT, json={"rows": [row]})
        assert "no champion yet" in refusal(response, 503, "no_champion")["message"]
        assert response.headers["retry-after"]
        assert client.get("/v1/models/toy").json()["model_version"] is None
        other = make_house(tmp_path / "other")
        shutil.copytree(other.project / "lake", house.project / "lake", dirs_exist_ok=True)
        until(lambda: client.get("/ready").status_code == 200)
        assert client.post(PREDICT, json={"rows": [row]}).status_code == 200


def test_a_new_champion_takes_over_and_no_request_is_dropped(tmp_path: Path, row: dict[str, Any]) -> None:
    house = make_house(tmp_path, versions=2)
    first, second = (version.version for version in house.versions)
    registry = Registry(house.store, "toy")
    with service(house.store.url, ["toy"], house.project) as client:
        asked = _Asking(str(client.base_url), row)
        with asked:
            for change, live in ((lambda: registry.promote(second), second), (registry.rollback, first)):
                change()
                until(lambda live=live: asked.last == live)  # type: ignore[misc]
        assert not asked.failures
        assert set(asked.versions) == {first, second}


def promote_damaged(house: House, version: ModelVersion) -> None:
    """Make ``version`` champion, and change one bit of its model after it was judged whole."""
    registry = house.registry
    append = registry._ledger.append

    def after_the_change(draft: Any) -> Any:
        flip_a_bit(house, version)
        return append(draft)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry._ledger, "append", after_the_change)
        registry.promote(version.version)


def flip_a_bit(house: House, version: ModelVersion) -> None:
    """Change one bit of a model's first file; a second time mends it."""
    file = min((house.project / "lake" / version.model.prefix).glob("*.ubj"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 8
    file.write_bytes(data)


def test_a_damaged_champion_is_never_served_and_what_is_answered_is_counted(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    house = make_house(tmp_path, versions=2)
    first, second = house.versions
    with service(house.store.url, ["toy"], house.project) as client:
        promote_damaged(house, second)
        until(lambda: client.get("/v1/models/toy").json()["problem"] is not None)
        assert client.post(PREDICT, json={"rows": [row]}).json()["model_version"] == first.version
        house.registry.rollback()
        until(lambda: client.get("/v1/models/toy").json()["problem"] is None)
        assert client.get("/ready").json() == {"status": "ready"}
    with pytest.raises(DamagedError, match="was changed after it was written"):
        house.registry.promote(second.version)
    flip_a_bit(house, second)
    promote_damaged(house, second)

    with service(house.store.url, ["toy"], house.project) as client:
        for _ in range(3):
            assert client.post(PREDICT, json={"rows": [row, row]}).json()["model_version"] == first.version
        model = client.get("/v1/models/toy").json()
        assert f"{second.version} is damaged, and {first.version}, the last good one before it" in model["problem"]
        assert client.get("/ready").json()["problems"] == {"toy": model["problem"]}
    one, three = answered_by(house.store, "toy", first.version)
    assert [(one.door, one.rows, one.requests), (three.door, three.rows, three.requests)] == [
        ("rest", 1, 1),
        ("rest", 6, 3),
    ]
    with pytest.warns(RuntimeWarning, match=f"the champion {second.version} is damaged"):
        assert load_model(house.store, "toy").version == first.version
    shutil.rmtree(house.project / "lake" / first.model.prefix)
    with pytest.raises(DamagedError, match="there is no good one before it"):
        load_model(house.store, "toy")
    with service(house.store.url, ["toy"], house.project) as client:
        assert "is damaged" in refusal(client.get("/ready"), 503, "not_ready")["message"]


class _Asking:
    """Four clients that ask without a pause for as long as the block."""

    def __init__(self, url: str, row: dict[str, Any]) -> None:
        self.failures: list[str] = []
        self.versions: list[str] = []
        self._body = json.dumps({"rows": [row]})
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    @property
    def last(self) -> str | None:
        return self.versions[-1] if self.versions else None

    def __enter__(self) -> _Asking:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stop.is_set():
                try:
                    response = client.post(PREDICT, content=self._body)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                if response.status_code != 200:
                    self.failures.append(response.text)
                else:
                    self.versions.append(response.json()["model_version"])


def until(true: Any, patience: float = 20.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


@pytest.mark.parametrize("explain", [0.5, "all", -1, []])
def test_a_wish_to_explain_that_means_nothing_is_refused(
    client: httpx.Client, row: dict[str, Any], explain: object
) -> None:
    response = client.post(PREDICT, json={"rows": [row], "explain": explain})
    assert "`explain` is true, false, or how many columns" in refusal(response, 422, "bad_request")["message"]


def test_too_many_rows_to_explain_are_refused_and_can_still_be_answered(
    house: House, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.serving.app.MOST_EXPLAINED", 2)
    rows = as_rows(house, 3)
    message = refusal(client.post(PREDICT, json={"rows": rows, "explain": True}), 413, "too_large")["message"]
    assert "3 rows are more than the 2 that one request explains" in message
    assert client.post(PREDICT, json={"rows": rows}).status_code == 200
