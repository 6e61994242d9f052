"""Every route of the service, and what is none: without a key, what is named as open answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from tests.serving.running import REQUEST, Server, serve
from tests.serving.test_keys import command
from trip_duration.serving import access
from trip_duration.serving.app import create_app
from trip_duration.serving.settings import Settings

OPEN = {
    *("GET /", "HEAD /", "GET /v1/zones", "GET /openapi.json", "HEAD /openapi.json"),
    *("GET /health", "GET /health/live", "GET /health/ready"),
}
CLOSED = {
    *("POST /v1/predict", "POST /v1/predict/batch", "POST /v1/explain"),
    *("GET /v1/model", "GET /metrics"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access") / "keys.json"


@pytest.fixture(scope="module")
def key(key_file: Path) -> str:
    scopes = [word for scope in ("predict", "explain", "admin") for word in ("--scope", scope)]
    return command(key_file, "create", "all", *scopes)


@pytest.fixture(scope="module")
def guarded(models: Path, key_file: Path, key: str) -> Iterator[Server]:
    arguments = ("--model", str(models / "first"), "--keys", str(key_file), "--no-log")
    with serve(key_file.parent, *arguments) as server:
        yield server


def status(server: Server, method: str, path: str, key: str | None = None) -> int:
    with server.client(key) as client:
        body = {"json": REQUEST} if method == "POST" else {}
        return client.request(method, path, **body).status_code


def test_each_route_of_the_application_is_open_by_name_or_closed(
    guarded: Server, models: Path, key_file: Path, key: str
) -> None:
    app = create_app(Settings(model=models / "first", keys=key_file, log=False))
    routes = [route for route in app.routes if isinstance(route, Route)]
    mounts = [route.path for route in app.routes if isinstance(route, Mount)]
    # nothing of another kind, which would not be looked at
    assert len(routes) + len(mounts) == len(app.routes)
    assert mounts == ["/page"]
    walked = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    assert walked == OPEN | CLOSED
    for name in walked:
        method, path = name.split()
        refused = status(guarded, method, path) == 401
        assert refused == (name in CLOSED), name
        # there are no outlines here, and one request is no batch
        assert status(guarded, method, path, key) in {200, 404, 422}


def test_files_of_the_page_are_open_and_nothing_else_below_them(guarded: Server) -> None:
    page = (access.PAGE / "index.html").read_text()
    linked = set(re.findall(r'(?:href|src)="(page/[\w.]+)"', page))
    assert len(linked) > 3
    for path in linked | {f"page/{file.name}" for file in access.PAGE.iterdir()}:
        assert status(guarded, "GET", f"/{path}") == 200
    for path in ("/page/other.js", "/page/../app.py", "/page/", "/page", "/page/%2e%2e/app.py"):
        assert status(guarded, "GET", path) == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/v2/predict", "/docs", "/redoc", "/metrics/", "/METRICS", "/v1", "/v1/"),
        *("/v1/zones/", "/health/", "/health/other", "/openapi.json/", "/favicon.ico", "//"),
        *("/%6detrics", "/v1%2fmodel", "/admin", "/health/live;x", "/v1/zones%00"),
    ],
)
def test_what_is_not_named_needs_a_key_whether_it_exists_or_not(
    guarded: Server, key: str, path: str
) -> None:
    for method in METHODS:
        assert status(guarded, method, f"{guarded.url}{path}") == 401
    assert status(guarded, "GET", f"{guarded.url}{path}", key) in {200, 404}


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_is_open_to_read_only(guarded: Server, name: str) -> None:
    _, path = name.split()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert status(guarded, method, path) == 405
