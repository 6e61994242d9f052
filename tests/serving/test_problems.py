"""Bad requests: a problem that says field, reason and allowed range; never a trace."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running import REQUEST, Server, serve
from trip_duration.serving import batch, problems
from trip_duration.serving.batch import read_batch
from trip_duration.serving.problems import Problem


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = response.json()
    assert said["status"] == status
    assert said["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pickup_zone", 0),
        ("pickup_zone", -5),
        ("pickup_zone", 74.5),
        ("pickup_zone", True),
        ("pickup_zone", "74"),
        ("pickup_zone", 10**30),
        ("pickup_zone", None),
        ("dropoff_zone", [1]),
        ("route_distance", -0.1),
        ("route_distance", 1e6),
        ("route_distance", float("nan")),
        ("route_distance", float("inf")),
        ("route_distance", "2.1"),
        ("pickup_datetime", "1999-12-31T00:00:00"),
        ("pickup_datetime", "9999-12-31T23:59:59Z"),
        ("pickup_datetime", "0001-01-01T00:00:00+14:00"),
        ("pickup_datetime", "2023-02-30T00:00:00"),
        ("pickup_datetime", "2023-02-03"),
        ("pickup_datetime", 1681288200),
        ("pickup_datetime", "1681288200"),
        ("pickup_datetime", "\u0662\u0660\u0662\u0663-01-01T00:00:00"),
        ("pickup_datetime", "\ud83d\ude95"),
    ],
)
def test_a_bad_field_is_named_with_what_it_may_be(running: Server, field: str, value: Any) -> None:
    body = json.dumps({**REQUEST, field: value})
    with running.client() as client:
        said = problem(client.post("/v1/predict", content=body), 422)
    assert [fault["field"] for fault in said["errors"]] == [field]
    assert {"reason", "allowed"} <= set(said["errors"][0])


def test_unknown_and_missing_fields_are_named(running: Server) -> None:
    body = {"pickup_zone": 1, "dropoff_zone": 2, "fare": 3}
    with running.client() as client:
        said = problem(client.post("/v1/explain", json=body), 422)
    assert {fault["field"]: fault["reason"] for fault in said["errors"]} == {
        "pickup_datetime": "is missing",
        "fare": "is not a field of a request",
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'"\xed\xa0\x80"', b"[" * 10_000, b"1e999"],
    ids=["nothing", "cut", "null", "list", "bytes", "surrogate", "deep", "number"],
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict/batch", "/v1/explain"])
def test_what_is_no_request_is_refused(running: Server, path: str, body: bytes) -> None:
    with running.client() as client:
        problem(client.post(path, content=body), 422)


@pytest.mark.parametrize(
    "batch",
    [
        {},
        {"records": [REQUEST], "columns": {}},
        {"records": 7},
        {"columns": {"pickup_zone": [1]}},
        {"columns": {k: [v] * (2 if k == "pickup_zone" else 1) for k, v in REQUEST.items()}},
    ],
)
def test_what_is_no_batch_is_refused(running: Server, batch: dict[str, Any]) -> None:
    with running.client() as client:
        problem(client.post("/v1/predict/batch", json=batch), 422)


def test_columns_of_unlike_length_are_told_though_the_surplus_is_faulty(running: Server) -> None:
    columns = {name: [value] * 2 for name, value in REQUEST.items()}
    columns["pickup_zone"].append(-1)
    with running.client() as client:
        said = problem(client.post("/v1/predict/batch", json={"columns": columns}), 422)
    told = [{"field": "columns", "reason": "the columns differ in length"}]
    assert said["errors"] == told


def test_too_much_is_refused(running: Server) -> None:
    with running.client() as client:
        rows = problem(client.post("/v1/predict/batch", json={"records": [7] * 10_001}), 413)
        assert rows["type"].endswith("too-many-rows")
        long = problem(client.post("/v1/predict", content=b" " * 5_000_000), 413)
        assert long["type"].endswith("too-long")
        unstated = problem(client.post("/v1/predict", content=iter([b" " * 10**6] * 6)), 413)
        assert unstated["type"].endswith("too-long")


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/explain"])
def test_a_single_request_may_not_be_as_long_as_a_batch(running: Server, path: str) -> None:
    unknown = {f"field_{number}": 1 for number in range(2_000)}
    with running.client() as client:
        said = problem(client.post(path, json=unknown), 413)
        assert said["type"].endswith("too-long")
        problem(client.post("/v1/predict/batch", json=unknown), 422)


@pytest.mark.parametrize("row", [{}, 1], ids=["objects", "numbers"])
def test_rows_are_counted_before_they_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, row: Any
) -> None:
    body = json.dumps({"records": [row] * 101}).encode()
    monkeypatch.setattr(batch, "BatchRequest", None)
    with pytest.raises(Problem, match="send 100 at a time"):
        read_batch(body, 100)


UNKNOWN = {f"field_{number}": 1 for number in range(40_001)}


@pytest.mark.parametrize(
    "asked", [{"records": [UNKNOWN]}, {"columns": UNKNOWN}], ids=["records", "columns"]
)
def test_far_too_many_faults_are_counted_and_not_made_out(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    body = json.dumps(asked).encode()
    monkeypatch.setattr(problems, "fault", None)
    with pytest.raises(Problem, match=r"has 4\d{4} faults") as caught:
        read_batch(body, 10_000)
    assert caught.value.status == 422


def test_what_is_nowhere_is_a_problem_too(running: Server) -> None:
    with running.client() as client:
        problem(client.get("/v1/nowhere"), 404)
        assert "POST" in client.get("/v1/predict").headers["allow"]
        problem(client.delete("/v1/model"), 405)


def test_a_caller_who_stops_speaking_is_not_waited_for(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, request_seconds="0.3") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{")
            said = caller.recv(4_096)
    assert b" 408 " in said
    assert b"application/problem+json" in said
