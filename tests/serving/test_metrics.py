"""What Prometheus is told by a running service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving.running import REQUEST, Server, wait_for

PROJECT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROJECT / "deploy/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]


def figures(server: Server) -> dict[str, float]:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_requests_answers_errors_and_widths_are_counted(running: Server) -> None:
    before = figures(running)
    with running.client() as client:
        width = 0.0
        for _ in range(3):
            interval = client.post("/v1/predict", json=REQUEST).json()["interval"]
            width += interval["upper"] - interval["lower"]
        client.post("/v1/predict", json={**REQUEST, "pickup_zone": 0})
        client.post("/v1/predict", json={**REQUEST, "route_distance": None})
        client.get("/whatever/I/like")
    after = figures(running)

    def grown(name: str) -> float:
        return after[f"trip_duration_{name}"] - before.get(f"trip_duration_{name}", 0)

    assert grown('requests_total{endpoint="/v1/predict",status="200"}') == 4
    assert grown('requests_total{endpoint="/v1/predict",status="422"}') == 1
    assert grown('requests_total{endpoint="other",status="404"}') == 1
    assert grown('errors_total{kind="invalid-request"}') == 1
    assert grown('predictions_total{fallback="false"}') == 4
    assert grown('flags_total{flag="no_distance"}') == 1
    assert grown("interval_width_minutes_count") == 4
    assert grown("interval_width_minutes_sum") > width
    assert grown('request_seconds_count{endpoint="/v1/predict"}') == 5
    assert not any("whatever" in name for name in after)


def test_model_and_log_are_shown(running: Server) -> None:
    with running.client() as client:
        model = client.post("/v1/predict", json=REQUEST).json()["model"]
    wait_for(lambda: figures(running).get("trip_duration_log_written", 0) > 0)
    shown = figures(running)
    labels = f'fallback="false",sha256="{model["sha256"]}",version="{model["version"]}"'
    assert shown[f"trip_duration_model_info{{{labels}}}"] == 1
    assert shown["trip_duration_log_lost"] == 0
    assert {"trip_duration_log_queued", "trip_duration_log_spooled"} <= set(shown)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_asks_for_figures_that_are_shown_from_the_start(
    rule: dict[str, Any], running: Server
) -> None:
    with running.client() as client:
        client.post("/v1/predict", json={**REQUEST, "route_distance": None})
    wait_for(lambda: figures(running).get("trip_duration_log_written", 0) > 0)
    shown = figures(running)
    names = {name.partition("{")[0] for name in shown}
    assert set(re.findall(r"trip_duration_\w+", rule["expr"])) <= names
    kinds = re.findall(r'(?:kind|event)=~?"([^"]+)"', rule["expr"])
    for kind in "|".join(kinds).split("|") if kinds else ():
        assert any(f'="{kind}"' in name for name in shown), kind


def test_the_runbook_has_a_section_for_each_alarm() -> None:
    sections = re.findall(r"^## (\w+)$", (PROJECT / "docs/how-to/runbook.md").read_text(), re.M)
    assert sections == [rule["alert"] for rule in RULES]
