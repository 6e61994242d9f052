"""Kedro-Viz as a person sees it: the graph, its layers and its previews, in a real browser."""

from __future__ import annotations

import functools
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from tests.machine import running_browser
from trip_duration import datasets

pytestmark = pytest.mark.browser

LAYERS = ["01_raw", "02_intermediate", "03_primary", "04_feature"]
LAYERS += ["05_model_input", "06_models", "07_model_output", "08_reporting"]
# words, and outlines that report_error_map draws
WITHOUT_PREVIEW = {"model_card", "zone_outlines"}
# Kedro-Viz's page asks for a font, and does without it
FONT_HOST = "fonts.googleapis.com"
# no guided tour
QUIET = "localStorage.length || localStorage.setItem('KedroViz', '{\"showFeatureHints\": false}')"
VIZ = [sys.executable, "-m", "kedro", "viz"]
STARTED_WITHIN = 90


def _surroundings() -> dict[str, str]:
    # Kedro-Viz asks PyPI for a newer version and waits for the answer: let it fail at once
    return {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "KEDRO_ENV": "test"}


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    return with_data()


@pytest.fixture(scope="module")
def viz(project: Path) -> Iterator[str]:
    """The address of ``kedro viz run``."""
    port, log = _free_port(), project / "viz.log"
    with log.open("w") as words:
        # a group of its own, because the server is a child of the command
        server = subprocess.Popen(
            [*VIZ, "run", "--no-browser", "--port", str(port)],
            cwd=project,
            env=_surroundings(),
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
        try:
            yield _wait_for(f"http://127.0.0.1:{port}", server, log)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(10)


def _free_port() -> int:
    # Kedro-Viz takes none above 49151, and that is where the system would choose
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port below 32000")


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < end and server.poll() is None:
        try:
            _get(address, "/api/main")
        except OSError:
            time.sleep(0.2)
        else:
            return address
    raise AssertionError(f"kedro viz run does not answer:\n{log.read_text()}")


def _get(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=20) as answer:  # noqa: S310 - the loopback
        return json.load(answer)


@pytest.fixture(scope="module")
def graph(viz: str) -> dict[str, Any]:
    """What the page is told of the whole pipeline."""
    main: dict[str, Any] = _get(viz, "/api/main")
    return main


def _nodes(graph: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [node for node in graph["nodes"] if node["type"] == kind]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@contextmanager
def _opened(browser: Browser, address: str, lacking: str | None = None) -> Iterator[Page]:
    """A page that complains of nothing and asks nobody else, seen by one who was never here.

    ``lacking`` is what Kedro-Viz itself is known to miss there.
    """
    own = urlsplit(address).netloc
    elsewhere: set[str] = set()
    errors: list[str] = []

    def foreign(url: str) -> bool:
        return url.startswith(("http", "ws")) and urlsplit(url).netloc != own

    def refuse(route: Route) -> None:
        elsewhere.add(urlsplit(route.request.url).netloc)
        route.abort()

    def note(said: ConsoleMessage) -> None:
        about = f"{said.text} ({said.location['url']})"
        known = foreign(said.location["url"]) or (lacking is not None and lacking in about)
        if said.type == "error" and not known:
            errors.append(about)

    context = browser.new_context(viewport={"width": 1600, "height": 900})
    context.set_default_timeout(15_000)
    context.add_init_script(QUIET)
    context.route(foreign, refuse)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    page.goto(address)
    yield page
    context.close()
    assert errors == []
    assert elsewhere <= {FONT_HOST}


def test_layers_stand_in_the_order_of_the_data(graph: dict[str, Any], viz: str) -> None:
    assert graph["layers"] == LAYERS
    assert {node["layer"] for node in _nodes(graph, "data")} == set(LAYERS)
    for pipeline in graph["pipelines"]:
        # layers that run in a circle are left out, all of them
        assert _get(viz, f"/api/pipelines/{pipeline['id']}")["layers"], pipeline["name"]


def test_every_node_shows_its_code_and_says_what_it_does(graph: dict[str, Any], viz: str) -> None:
    for node in _nodes(graph, "task"):
        shown = _get(viz, f"/api/nodes/{node['id']}")
        assert f"def {node['name']}(" in shown["code"]
        assert '"""' in shown["code"], node["name"]
        assert "trip_duration/pipelines/" in shown["filepath"]


def test_every_dataset_has_a_preview(graph: dict[str, Any], viz: str) -> None:
    previews = {
        node["name"]: _get(viz, f"/api/nodes/{node['id']}") for node in _nodes(graph, "data")
    }
    assert {name for name, shown in previews.items() if "preview" not in shown} == WITHOUT_PREVIEW
    assert {shown["preview_type"] for name, shown in previews.items() if "preview" in shown} == {
        "TablePreview",
        "JSONPreview",
        "PlotlyPreview",
    }
    assert len(previews["train_trips"]["preview"]["data"]) == 5


def test_datasets_of_our_own_show_what_costs_little(project: Path) -> None:
    data = (project / "data").as_posix()
    raw = datasets.RawMonthsDataset(f"{data}/01_raw/trip-data", "green").preview(nrows=2)
    assert (len(raw["data"]), "lpep_pickup_datetime" in raw["columns"]) == (2, True)
    trips = datasets.TripMonthsDataset(f"{data}/02_intermediate/trips").preview(nrows=3)
    assert (len(trips["data"]), trips["columns"][0]) == (3, "pickup_datetime")
    files = json.loads(datasets.MirroredFilesDataset(f"{data}/01_raw/misc").preview())
    assert set(files) == {"taxi_zone_lookup.csv", "taxi_zones.zip"}
    fitted = datasets.BundleDataset(f"{data}/06_models/predictor", "predictor").preview()
    assert json.loads(fitted)["kind"] == "predictor"


def test_the_graph_reads_from_left_to_right(
    browser: Browser, viz: str, graph: dict[str, Any]
) -> None:
    with _opened(browser, viz) as page:
        shown = page.locator(".pipeline-node")
        expect(shown).to_have_count(len(graph["nodes"]) - len(_nodes(graph, "parameters")))
        expect(page.locator(".pipeline-layer-name")).to_have_text(LAYERS)
        page.locator(".pipeline-menu-button--orientation").click()
        page.wait_for_timeout(1500)
        places = shown.evaluate_all(
            "all => all.map(e => [e.dataset.id, e.transform.baseVal[0].matrix.e])"
        )
        across = dict(places)
        assert set(across) == {n["id"] for n in graph["nodes"] if n["type"] != "parameters"}
        data = _nodes(graph, "data")
        spans = [[across[n["id"]] for n in data if n["layer"] == layer] for layer in LAYERS]
        assert all(max(left) < min(right) for left, right in pairwise(spans))


def test_a_figure_is_drawn_where_it_is_clicked(browser: Browser, viz: str) -> None:
    with _opened(browser, viz) as page:
        page.locator(".pipeline-node[data-node-fullname=report_learning_curve]").click()
        expect(page.locator(".pipeline-metadata")).to_contain_text("plotly.JSONDataset")
        expect(page.locator(".pipeline-plotly__preview .scatterlayer .trace")).to_have_count(2)
        page.get_by_text("Expand preview").click()
        expect(page.locator(".pipeline-plotly__modal .scatterlayer .trace")).to_have_count(2)


def test_rows_and_code_are_shown(browser: Browser, viz: str) -> None:
    with _opened(browser, f"{viz}/?sn=trips") as page:
        expect(page.locator("table").first).to_contain_text("pickup_datetime")
    with _opened(browser, f"{viz}/?sn=split_trips") as page:
        page.get_by_text("Show Code").click()
        expect(page.locator("code").first).to_contain_text("def split_trips(")


def test_the_graph_can_be_built_without_a_network(browser: Browser, project: Path) -> None:
    command = [*VIZ, "build", "--include-previews"]
    subprocess.run(command, cwd=project, env=_surroundings(), check=True, timeout=60)
    built = functools.partial(http.server.SimpleHTTPRequestHandler, directory=project / "build")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), built) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{site.server_port}/?sn=report_error_map"
        # 12.5 builds no api/metadata, which only asks whether packages are out of date
        with _opened(browser, address, lacking="metadata") as page:
            expect(page.locator(".pipeline-plotly__preview .js-plotly-plot")).to_be_visible()
        site.shutdown()
