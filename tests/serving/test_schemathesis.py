"""The whole OpenAPI under generated requests, and the OpenAPI itself as it was agreed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving.running import Server

SNAPSHOT = Path(__file__).with_name("openapi.json")
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


OPERATIONS = [
    "POST /v1/predict",
    "POST /v1/predict/batch",
    "POST /v1/explain",
    "GET /v1/model",
    "GET /v1/zones",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
]


@pytest.fixture(scope="module")
def operations(running: Server) -> dict[str, Any]:
    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


def test_every_operation_is_tried(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_breaks_it(
    operations: dict[str, Any], name: str, mode: schemathesis.GenerationMode
) -> None:
    strategy = operations[name].as_strategy(generation_mode=mode)
    if strategy.is_empty:
        return  # what takes nothing cannot be given anything wrong

    @given(case=strategy)
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def examine(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    examine()


def test_the_openapi_is_the_one_agreed(running: Server) -> None:
    """To change it: ``curl localhost:8000/openapi.json | python -m json.tool --indent 1``."""
    with running.client() as client:
        said = client.get("/openapi.json").json()
    assert said == json.loads(SNAPSHOT.read_text()), (
        "if it was meant to change, write the snapshot anew"
    )
