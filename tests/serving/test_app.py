"""The running service: each path, over real HTTP, against the predictor's own numbers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.serving.running import REQUEST, Server, serve, wait_for
from trip_duration.models import Predictor
from trip_duration.serving.responses import BatchResponse, ExplainResponse, PredictResponse

ARRAYS = {
    "pickup_datetime": np.array([REQUEST["pickup_datetime"]], "datetime64[us]"),
    "pickup_zone": np.array([1]),
    "dropoff_zone": np.array([5]),
    "route_distance": np.array([2.1]),
}


def ask(server: Server, path: str, body: Any) -> Any:
    with server.client() as client:
        return client.post(path, json=body)


def test_a_prediction_is_the_predictors_to_the_last_digit(running: Server, models: Path) -> None:
    predictor = Predictor.load(models / "first")
    minutes, lower, upper = predictor.predict(ARRAYS)
    response = ask(running, "/v1/predict", REQUEST)
    assert response.status_code == 200
    said = PredictResponse.model_validate_json(response.content, strict=True)
    assert said.duration_minutes == minutes[0]
    assert said.interval is not None
    assert (said.interval.lower, said.interval.upper) == (lower[0], upper[0])
    assert said.interval.coverage == 0.8
    assert said.flags == []
    assert said.model.sha256 == predictor.sha256
    assert not said.model.fallback


def test_ids_are_unlike_and_sort_by_time(running: Server) -> None:
    ids = [ask(running, "/v1/predict", REQUEST).json()["prediction_id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert [i[:13] for i in ids] == sorted(i[:13] for i in ids)
    assert {i[14] for i in ids} == {"7"}


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({"route_distance": None}, ["no_distance"]),
        ({"pickup_zone": 7}, ["unseen_zone"]),
        ({"dropoff_zone": 265}, ["unknown_zone"]),
        ({"pickup_datetime": "2040-01-01T00:00:00"}, ["outside_training_range"]),
        ({"pickup_datetime": "2023-01-12T08:30:00-05:00"}, []),
        ({"pickup_datetime": "2023-01-12T13:30:00Z"}, []),
    ],
)
def test_what_is_unusual_is_flagged(
    running: Server, change: dict[str, Any], flags: list[str]
) -> None:
    said = ask(running, "/v1/predict", {**REQUEST, **change}).json()
    assert said["flags"] == flags


def test_another_offset_is_the_same_time(running: Server) -> None:
    asked = [
        {**REQUEST, "pickup_datetime": f"2023-01-12T{time}"}
        for time in ("08:30:00", "13:30:00Z", "08:30:00-05:00", "22:30:00+09:00")
    ]
    assert len({ask(running, "/v1/predict", r).json()["duration_minutes"] for r in asked}) == 1


def test_both_hours_that_repeat_are_answered_alike(running: Server) -> None:
    asked = [
        {**REQUEST, "pickup_datetime": f"2023-11-05T{time}"}
        for time in ("01:30:00", "01:30:00-04:00", "01:30:00-05:00")
    ]
    answers = [ask(running, "/v1/predict", r) for r in asked]
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["duration_minutes"] for a in answers}) == 1


def test_a_batch_of_records_loses_no_good_row(running: Server) -> None:
    bad = {**REQUEST, "pickup_zone": 0}
    response = ask(running, "/v1/predict/batch", {"records": [REQUEST, bad, 7, REQUEST]})
    said = BatchResponse.model_validate_json(response.content)
    assert response.status_code == 200
    assert said.rows == 4
    assert said.predictions is not None
    alone = ask(running, "/v1/predict", REQUEST).json()["duration_minutes"]
    minutes = [answer and answer.duration_minutes for answer in said.predictions]
    assert minutes == [alone, None, None, alone]
    assert [(fault.row, fault.errors[0]["field"]) for fault in said.errors] == [
        (1, "pickup_zone"),
        (2, "row"),
    ]
    assert said.errors[0].errors[0]["allowed"] == "a whole number from 1 to 32767"


def test_a_batch_of_columns_is_answered_in_columns(running: Server) -> None:
    columns = {name: [value, value, value] for name, value in REQUEST.items()}
    columns["pickup_datetime"][1] = "yesterday"
    columns["route_distance"][2] = None
    response = ask(running, "/v1/predict/batch", {"columns": columns})
    said = BatchResponse.model_validate_json(response.content)
    assert said.columns is not None
    assert said.columns.flags == [[], None, ["no_distance"]]
    alone = ask(running, "/v1/predict", REQUEST).json()
    assert said.columns.duration_minutes[0] == alone["duration_minutes"]
    assert said.columns.upper[0] == alone["interval"]["upper"]
    assert said.columns.duration_minutes[1] is None
    assert [fault.row for fault in said.errors] == [1]


def test_large_and_empty_batches_are_answered(running: Server) -> None:
    large = ask(running, "/v1/predict/batch", {"records": [REQUEST] * 3_000}).json()
    assert len({p["duration_minutes"] for p in large["predictions"]}) == 1
    assert len({p["prediction_id"] for p in large["predictions"]}) == 3_000
    empty = ask(running, "/v1/predict/batch", {"records": []}).json()
    assert (empty["rows"], empty["predictions"]) == (0, [])


def test_reasons_add_up(running: Server) -> None:
    response = ask(running, "/v1/explain", REQUEST)
    said = ExplainResponse.model_validate_json(response.content, strict=True)
    total = said.base_minutes + sum(part.minutes for part in said.contributions)
    assert total == pytest.approx(said.duration_minutes, abs=1e-9)
    sizes = [abs(part.minutes) for part in said.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_the_model_is_described(running: Server, models: Path) -> None:
    with running.client() as client:
        said = client.get("/v1/model").json()
    assert said["sha256"] == Predictor.load(models / "first").sha256
    assert said["train_months"] == ["2023-01"]
    assert said["family"] == "lightgbm"
    assert {"name", "meaning", "unit", "source"} == set(said["features"][0])


def test_it_is_alive_ready_and_says_what_is_not_there(running: Server) -> None:
    with running.client() as client:
        assert client.get("/health/live").json() == {"alive": True}
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        health = client.get("/health")
        assert health.status_code == 200
        version = ready.json()["model"]["version"]
        assert health.json() == {"status": "ok", "model_loaded": True, "version": version}
        zones = client.get("/v1/zones")
        assert (zones.status_code, zones.json()["type"]) == (
            404,
            "urn:trip-duration:problem:no-zones",
        )


def test_outlines_that_cannot_be_read_are_none(models: Path, tmp_path: Path) -> None:
    with serve(
        tmp_path, "--model", str(models / "first"), "--no-auth", "--no-log", zones=str(tmp_path)
    ) as server:
        assert httpx.get(f"{server.url}/v1/zones").json()["type"].endswith(":no-zones")


def test_zones_lie_where_projects_keep_them(models: Path, tmp_path: Path) -> None:
    model = tmp_path / "data/06_models/predictor"
    Predictor.load(models / "first").save(model)
    outlines = tmp_path / "data/02_intermediate/zone_outlines.geojson"
    outlines.parent.mkdir()
    outlines.write_text('{"type": "FeatureCollection", "features": [{}]}')
    metrics = tmp_path / "data/08_reporting/metrics.json"
    metrics.parent.mkdir()
    metrics.write_text('{"test": {"request": {"mae": 3.5}}}')
    sha256 = Predictor.load(model).sha256
    metrics.with_name("run_facts.json").write_text(json.dumps({"sha256": sha256}))
    with serve(tmp_path, "--no-auth", "--no-log") as server, server.client() as client:
        assert client.get("/v1/zones").json()["type"] == "FeatureCollection"
        assert client.get("/v1/model").json()["metrics"]["test"]["request"]["mae"] == 3.5


def test_zones_are_compressed_once_and_not_sent_twice(models: Path, tmp_path: Path) -> None:
    outlines = tmp_path / "zones.geojson"
    content = json.dumps({"type": "FeatureCollection", "features": [[0.0, 0.5]] * 500})
    outlines.write_text(content)
    arguments = ("--model", str(models / "first"), "--zones", str(outlines))
    with serve(tmp_path, *arguments, "--no-auth", "--no-log") as server, server.client() as client:

        def get(encoding: str, known: str = "") -> httpx.Response:
            headers = {"accept-encoding": encoding, "if-none-match": known}
            return client.get("/v1/zones", headers=headers)

        packed, plain = get("br, gzip"), get("identity")
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        sent = int(packed.headers["content-length"])
        assert sent == len(gzip.compress(content.encode(), mtime=0)) < len(content)
        for said in (packed, plain):
            assert said.text == content
            assert said.headers["vary"] == "Accept-Encoding"
        tag = packed.headers["etag"]
        assert tag == plain.headers["etag"]
        for encoding, known in (("gzip", tag), ("identity", f'"other", {tag}'), ("gzip", "*")):
            same = get(encoding, known)
            assert (same.status_code, same.content) == (304, b"")
            assert (same.headers["etag"], same.headers["vary"]) == (tag, "Accept-Encoding")
            assert same.headers["cache-control"] == "public, max-age=3600"
        outlines.write_text(content + " ")
        wait_for(lambda: get("gzip", tag).status_code == 200)
        other = get("gzip", tag)
        assert other.text == content + " "
        assert other.headers["etag"] != tag


def test_answers_carry_an_id_and_the_headers_that_protect(running: Server) -> None:
    with running.client() as client:
        given = client.post("/v1/predict", json=REQUEST, headers={"x-request-id": "trip-7"})
        odd = client.get("/health/live", headers={"x-request-id": "a b\u00e9".encode("latin-1")})
    assert given.headers["x-request-id"] == "trip-7"
    assert len(odd.headers["x-request-id"]) == 32
    for response in (given, odd):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in response.headers
        assert "server" not in response.headers
        assert "data:" not in response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/page/index.html"])
@pytest.mark.parametrize("asked", ["bytes=0-1,5-4,a-", "bytes=9999999-", "bytes=0-9", "rows=1"])
def test_files_of_the_page_are_sent_whole(running: Server, path: str, asked: str) -> None:
    with running.client() as client:
        whole = client.get(path)
        said = client.get(path, headers={"range": asked})
    assert (said.status_code, said.content) == (200, whole.content)
    assert said.headers["accept-ranges"] == "none"
    assert said.headers["etag"] == whole.headers["etag"]


def test_predictions_are_logged(running: Server) -> None:
    with running.client() as client:
        client.post("/v1/predict", json=REQUEST)
    wait_for((running.output.parent / "data/service.db").is_file)


def test_log_lines_are_json_without_personal_data(running: Server) -> None:
    with running.client() as client:
        client.post("/v1/predict?who=me", json=REQUEST, headers={"x-request-id": "line-1"})
        client.get("/health/live")
    lines: list[dict[str, Any]] = []

    def written() -> bool:
        lines[:] = [json.loads(line) for line in running.output.read_text().splitlines()]
        return any(line.get("request_id") == "line-1" for line in lines)

    wait_for(written)
    found = next(line for line in lines if line.get("request_id") == "line-1")
    assert (found["path"], found["status"]) == ("/v1/predict", 200)
    assert "127.0.0.1:" not in json.dumps(found)
    assert "who" not in json.dumps(found)
