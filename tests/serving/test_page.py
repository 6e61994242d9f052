"""The page for people, in a real browser, against the running service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.features import small_city
from tests.machine import running_browser
from tests.serving.running import REQUEST, Server, serve
from trip_duration.cli import cli
from trip_duration.models import Predictor
from trip_duration.serving import app

pytestmark = pytest.mark.browser

TIME = "2023-01-12T08:30"
# the browser's own words for each answer that is none; the page says it in words
REFUSED = "Failed to load resource"
STYLE = Path(app.__file__).parent / "page/style.css"
Open = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def outlines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four zones of the small city as squares, side by side."""
    path = tmp_path_factory.mktemp("outlines") / "zones.geojson"
    features = [_square(zone) for zone in small_city.make_zones().to_dict("records")]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def _square(zone: dict[str, Any]) -> dict[str, Any]:
    west, south = zone["longitude"], zone["latitude"]
    corners = [(0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1), (0, 0)]
    ring = [[west + east, south + north] for east, north in corners]
    return {
        "type": "Feature",
        "id": zone["zone"],
        "properties": {"name": zone["name"], "borough": zone["borough"]},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture(scope="module")
def mapped(
    models: Path, outlines: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A service without keys that knows the outlines. Not to be stopped."""
    options = ("--model", str(models / "first"), "--zones", str(outlines), "--no-auth")
    with serve(tmp_path_factory.mktemp("mapped"), *options) as server:
        yield server


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Open:
    """Open the page of a service; it must complain of nothing, ask nobody else, and is pictured."""

    @contextmanager
    def opened(server: Server, **given: Any) -> Iterator[Page]:
        own, asked, said = urlsplit(server.url).netloc, set(), []
        context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **given})
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.on("console", lambda line: said.append(line.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(server.url)
        yield page
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        context.close()
        assert asked == {own}
        assert [line for line in said if REFUSED not in line] == []

    return opened


def place(page: Page, name: str) -> Locator:
    listed = page.get_by_role("combobox", name=name, exact=True)
    return listed.or_(page.get_by_role("textbox", name=name, exact=True))


def fill(page: Page, **changes: str) -> None:
    wanted = {"pickup": "Alder", "dropoff": "Cedar", "time": TIME, "miles": "2.1", **changes}
    place(page, "Pickup").select_option(label=wanted["pickup"])
    place(page, "Drop-off").select_option(label=wanted["dropoff"])
    page.get_by_label("Pickup time").fill(wanted["time"])
    page.get_by_label("Distance").fill(wanted["miles"])


def give_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()


def ask(page: Page) -> None:
    page.get_by_role("button", name="Estimate").click()


def numbers(place: Locator) -> list[float]:
    """The exact values behind the words."""
    return [
        float(value) for value in place.locator("data").evaluate_all("a => a.map(e => e.value)")
    ]


def answer_of(server: Server, **changes: Any) -> Any:
    with server.client() as client:
        return client.post("/v1/explain", json={**REQUEST, **changes}).json()


def test_the_answer_is_the_service_s(mapped: Server, opened: Open) -> None:
    said = answer_of(mapped)
    with opened(mapped) as page:
        fill(page)
        ask(page)
        headline = page.locator("#headline")
        expect(headline).to_contain_text("8 of 10 such trips take")
        ends = [said["interval"]["lower"], said["interval"]["upper"]]
        assert numbers(headline) == [said["duration_minutes"], *ends]
        expect(headline).to_contain_text(f"About {said['duration_minutes']:.0f} minutes")
        shown = re.findall(r"take (\d+) to (\d+) minutes", headline.inner_text())
        assert [int(end) for end in shown[0]] == [int(ends[0]), int(ends[1]) + 1]
        expect(page.locator("#answer")).to_contain_text(f"Model {said['model']['version']}")
        expect(page.locator(".notes")).to_have_count(0)
        expect(page.locator("#model")).to_contain_text("learnt from 1 month, 2023-01")
        for months, shown in (
            (["2022-11", "2022-12", "2023-01"], "2022-11 to 2023-01"),
            (["2023-01", "2023-04"], "2023-01, 2023-04"),
        ):
            span = "async (months) => (await import('/page/answer.js')).span(months)"
            assert page.evaluate(span, months) == shown


def test_the_reasons_add_up_as_shown(mapped: Server, opened: Open) -> None:
    said = answer_of(mapped)
    with opened(mapped) as page:
        fill(page)
        ask(page)
        page.locator("summary").click()
        groups, features = page.locator(".reasons table").all()
        for table in (groups, features):
            cells = table.locator("td:last-child").all_inner_texts()
            shown = [float(cell.replace("\u2212", "-")) for cell in cells]
            assert sum(shown[:-1]) == pytest.approx(shown[-1])
            first, *parts, last = numbers(table)
            assert (first, last) == (said["base_minutes"], said["duration_minutes"])
            assert first + sum(parts) == pytest.approx(last)
        assert len(numbers(features)) == len(said["contributions"]) + 2
        expect(groups).to_contain_text("Date and time of day")
        expect(features).to_contain_text("distance of the route, where given")


def zone(page: Page, number: int) -> Locator:
    return page.locator(f".land [data-zone='{number}']")


def test_zones_are_chosen_on_the_map_and_swapped(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page:
        zone(page, 2).hover()
        expect(page.locator("#hovered")).to_have_text("Birch, Manhattan")
        zone(page, 1).click()
        zone(page, 5).click()
        pickup, dropoff = page.locator("#pickup_zone"), page.locator("#dropoff_zone")
        expect(pickup).to_have_value("1")
        expect(dropoff).to_have_value("5")
        expect(page.locator(".marks text")).to_have_text(["A", "B"])
        page.get_by_role("button", name="Swap").click()
        expect(pickup).to_have_value("5")
        expect(zone(page, 5)).to_have_class("a")
        pickup.select_option(label="Birch")
        expect(zone(page, 2)).to_have_class("a")
        page.get_by_label("Pickup time").fill(TIME)
        ask(page)
        said = answer_of(mapped, pickup_zone=2, dropoff_zone=1, route_distance=None)
        expect(page.locator(".notes")).to_contain_text("No distance was given")
        assert numbers(page.locator(".duration")) == [said["duration_minutes"]]


def test_the_map_comes_closer_and_moves(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page:
        svg = page.locator("#map")
        whole = svg.get_attribute("viewBox")
        zone(page, 2).hover()
        page.mouse.wheel(0, -300)
        expect(svg).not_to_have_attribute("viewBox", str(whole))
        near = svg.get_attribute("viewBox")
        page.mouse.down()
        page.mouse.move(900, 500, steps=4)
        page.mouse.up()
        expect(svg).not_to_have_attribute("viewBox", str(near))
        # who drags does not choose
        expect(page.locator("#pickup_zone")).to_have_value("")
        page.get_by_role("button", name="Show the whole city").click()
        expect(svg).to_have_attribute("viewBox", str(whole))
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_role("button", name="Zoom out").click()
        expect(svg).to_have_attribute("viewBox", str(whole))


def pinch(page: Page, gaps: list[int]) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    for kind, gap in zip(["touchStart", *["touchMove"] * (len(gaps) - 1)], gaps, strict=True):
        fingers = [{"x": x - gap, "y": y, "id": 0}, {"x": x + gap, "y": y, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_two_fingers_bring_the_map_closer(mapped: Server, opened: Open) -> None:
    with opened(mapped, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        svg = page.locator("#map")
        svg.scroll_into_view_if_needed()
        expect(svg).to_have_class("")
        pinch(page, [20, 30, 50, 80])
        expect(svg).to_have_class("close")
        expect(page.locator("#pickup_zone")).to_have_value("")


def test_what_is_wrong_is_told_beside_its_field(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page:
        ask(page)
        expect(page.locator("#pickup_zone-error")).to_have_text("Choose a zone.")
        expect(place(page, "Pickup")).to_be_focused()
        fill(page, miles="-1", time="1999-01-01T00:00")
        ask(page)
        miles = page.get_by_label("Distance")
        expect(miles).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#route_distance-error")).to_contain_text("miles from 0 to 1000")
        expect(page.locator("#pickup_datetime-error")).to_contain_text("2008")
        expect(page.get_by_label("Pickup time")).to_be_focused()
        expect(page.locator("#pickup_zone-error")).to_be_hidden()
        fill(page, time="2060-01-01T00:00")
        ask(page)
        expect(page.locator("#pickup_datetime-error")).to_contain_text("in the years 2008 to")
        fill(page, miles="far")
        ask(page)
        expect(page.locator("#route_distance-error")).to_contain_text("number")
        expect(page.locator("#pickup_datetime-error")).to_be_hidden()
        fill(page)
        ask(page)
        expect(page.locator(".duration")).to_be_visible()
        expect(page.locator("[aria-invalid]")).to_have_count(0)


def test_an_answer_to_another_trip_is_told_apart(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page:
        fill(page)
        ask(page)
        expect(page.locator(".duration")).to_be_visible()
        page.get_by_label("Distance").fill("3")
        expect(page.locator("#headline")).to_contain_text("The trip has changed since")
        ask(page)
        expect(page.locator("#headline")).not_to_contain_text("The trip has changed since")


@contextmanager
def held(page: Page) -> Iterator[list[Route]]:
    """Hold back what is asked for, in the order in which it was."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route("**/v1/explain", hold)
    yield routes
    page.unroute("**/v1/explain")


def let_go(page: Page, route: Route) -> None:
    with page.expect_response("**/v1/explain") as response:
        route.continue_()
    response.value.finished()
    # the page has read it once it has read what it asks for later
    page.evaluate("fetch('health/live').then((response) => response.json())")


def test_the_answer_to_the_last_question_counts(mapped: Server, opened: Open) -> None:
    said = answer_of(mapped, route_distance=9)
    with opened(mapped) as page, held(page) as routes:
        fill(page)
        with page.expect_request("**/v1/explain"):
            ask(page)
        page.get_by_label("Distance").fill("9")
        with page.expect_request("**/v1/explain"):
            page.get_by_role("button", name="Asking").click()
        let_go(page, routes[1])
        expect(page.locator(".duration")).to_be_visible()
        let_go(page, routes[0])
        assert numbers(page.locator(".duration")) == [said["duration_minutes"]]
        expect(page.locator("#trip")).to_have_attribute("aria-busy", "false")
        expect(page.locator("#headline")).not_to_contain_text("The trip has changed since")


def test_an_answer_that_comes_after_a_change_is_told_apart(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page, held(page) as routes:
        fill(page)
        with page.expect_request("**/v1/explain"):
            ask(page)
        page.get_by_label("Distance").fill("9")
        let_go(page, routes[0])
        expect(page.locator("#headline")).to_contain_text("The trip has changed since")


def test_keys_alone_are_enough(mapped: Server, opened: Open) -> None:
    def press(page: Page, *keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)

    with opened(mapped) as page:
        expect(place(page, "Pickup")).to_be_enabled()
        press(page, "Tab")
        page.keyboard.type("Alder")
        press(page, "Tab", "Tab", "Tab", "ArrowRight", "Tab")
        expect(page.locator("#map")).to_be_focused()
        press(page, *["ArrowRight"] * 4, "ArrowLeft", "Enter")
        expect(page.locator("#map-said")).to_have_text("Cedar, Queens")
        expect(page.locator("#dropoff_zone")).to_have_value("5")
        press(page, *["Tab"] * 4)
        expect(page.get_by_label("Pickup time")).to_be_focused()
        press(page, "Enter")
        expect(page.locator(".duration")).to_be_visible()
        assert page.locator("#pickup_zone").input_value() == "1"


@pytest.mark.parametrize("width", [360, 390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_width(mapped: Server, opened: Open, width: int, scheme: str) -> None:
    size = {"width": width, "height": 844}
    with opened(mapped, viewport=size, color_scheme=scheme, reduced_motion="reduce") as page:
        fill(page)
        ask(page)
        page.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(
            "getComputedStyle(document.querySelector('.land path')).transition"
        ) == ("all")


def test_all_that_can_be_used_has_a_name(mapped: Server, opened: Open) -> None:
    with opened(mapped) as page:
        fill(page)
        ask(page)
        expect(page.locator(".duration")).to_be_visible()
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        found = [_role_and_name(node) for node in tree if _is_focusable(node)]
        assert [role for role, name in found if not name] == []
        assert {"combobox", "textbox", "button", "radio", "application", "link"} <= dict(
            found
        ).keys()
        # the map is one stop on the way, not one for each zone
        assert page.locator("#map [tabindex]").count() == 0
        expect(page.locator("#headline")).to_have_attribute("aria-live", "polite")


def _is_focusable(node: dict[str, Any]) -> bool:
    parts = {part["name"]: part["value"].get("value") for part in node.get("properties", ())}
    return bool(parts.get("focusable")) and node["role"]["value"] != "RootWebArea"


def _role_and_name(node: dict[str, Any]) -> tuple[str, str]:
    return node["role"]["value"], node.get("name", {}).get("value", "")


def test_the_time_is_new_york_s_now(mapped: Server, opened: Open) -> None:
    with opened(mapped, timezone_id="Asia/Tokyo") as page:
        page.clock.install(time="2024-07-01T12:05:00Z")
        page.reload()
        expect(page.get_by_label("Pickup time")).to_have_value("2024-07-01T08:05")


def test_without_outlines_zones_are_given_by_number(running: Server, opened: Open) -> None:
    with opened(running) as page:
        expect(page.locator("#map-box")).to_be_hidden()
        place(page, "Pickup").fill("1")
        place(page, "Drop-off").fill("0")
        page.get_by_label("Pickup time").fill(TIME)
        ask(page)
        expect(page.locator("#dropoff_zone-error")).to_contain_text("from 1 to")
        place(page, "Drop-off").fill("7")
        ask(page)
        expect(page.locator(".notes")).to_contain_text("met no trip in one of these zones")


def make_key(folder: Path, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    file = str(folder / "keys.json")
    made = CliRunner().invoke(cli, ["keys", "--file", file, "create", "person", *options])
    return made.output.split()[-1]


def test_a_key_is_asked_for_and_kept_in_the_tab(
    models: Path, outlines: Path, tmp_path: Path, opened: Open
) -> None:
    key, narrow = make_key(tmp_path), make_key(tmp_path, "predict")
    options = ("--model", str(models / "first"), "--zones", str(outlines), "--no-log")
    with serve(tmp_path, *options, keys=str(tmp_path / "keys.json")) as server:
        with opened(server) as page:
            fill(page)
            ask(page)
            field = page.get_by_label("API key")
            expect(field).to_be_focused()
            field.fill("wrong")
            field.press("Enter")
            expect(page.locator("#key-error")).to_have_text(re.compile("not valid"))
            field.fill(key)
            field.press("Enter")
            # the trip that waited is asked for
            expect(page.locator(".duration")).to_be_visible()
            expect(field).to_be_hidden()
            page.reload()
            expect(page.locator("#model")).to_contain_text("lightgbm")
            expect(page.get_by_role("link")).to_have_text(["The API, as OpenAPI"])
            assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        with opened(server) as page:
            give_key(page, narrow)
            fill(page)
            ask(page)
            expect(page.locator("#grounds")).to_contain_text("does not open the reasons")


def test_too_many_requests_and_silence_are_told(
    models: Path, outlines: Path, tmp_path: Path, opened: Open
) -> None:
    options = ("--model", str(models / "first"), "--zones", str(outlines), "--no-log")
    given = {"keys": str(tmp_path / "keys.json"), "rate_limit": "3/minute"}
    key = make_key(tmp_path)
    with serve(tmp_path, *options, **given) as server, opened(server) as page:
        give_key(page, key)
        expect(page.locator("#model")).to_contain_text("lightgbm")
        fill(page)
        refusal = page.get_by_role("alert")
        for _ in range(3):
            ask(page)
            expect(page.locator("#trip")).to_have_attribute("aria-busy", "false")
        expect(refusal).to_contain_text(re.compile(r"Asked too often. Try again in \d+ seconds?\."))
        server.end()
        ask(page)
        expect(refusal).to_contain_text("cannot be reached")


def test_a_service_without_a_model_says_so(outlines: Path, tmp_path: Path, opened: Open) -> None:
    options = ("--model", "none", "--zones", str(outlines), "--no-auth", "--no-log")
    with serve(tmp_path, *options, without_model="refuse") as server, opened(server) as page:
        fill(page)
        ask(page)
        expect(page.get_by_role("alert")).to_contain_text("cannot answer now: no model could")


def test_the_lookup_table_says_that_it_stands_in(
    models: Path, outlines: Path, tmp_path: Path, opened: Open
) -> None:
    table = str(models / "baseline")
    options = ("--model", "none", "--fallback", table, "--zones", str(outlines), "--no-auth")
    with serve(tmp_path, *options, "--no-log") as server, opened(server) as page:
        fill(page)
        ask(page)
        expect(page.locator(".notes")).to_contain_text("a lookup table of past trips answers")
        expect(page.locator("#headline")).to_contain_text("How far it may be off is not known")
        expect(page.locator("#model")).to_contain_text("The lookup table stands in")


def test_its_files_are_small_open_and_asked_for_again(mapped: Server) -> None:
    with mapped.client() as client:
        page = client.get("/")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        assert not re.search(r"https?:|style=|\son\w+=|<script>", page.text)
        for path in ("/", "/page/main.js", "/page/style.css"):
            first = client.get(path)
            assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
            assert first.headers["content-encoding"] == "gzip"
            known = {"if-none-match": first.headers["etag"]}
            again = client.get(path, headers=known)
            assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
        assert client.get("/page/none.js").headers["content-type"] == "application/problem+json"
        assert client.get("/v1/predict").status_code == 405


PAIRS = [
    *[(text, ground) for text in ("ink", "muted", "wrong") for ground in ("card", "ground")],
    *[("on-mark", "a"), ("on-mark", "b"), ("on-taxi", "taxi"), ("ink", "land"), ("ink", "water")],
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_letters_stand_out(text: str, ground: str, dark: bool) -> None:
    light, _, rest = STYLE.read_text().partition("@media")
    found = re.findall(r"--([\w-]+): (#\w+);", light + rest * dark)
    colours = dict(found)
    one, other = sorted((_luminance(colours[text]), _luminance(colours[ground])))
    assert (other + 0.05) / (one + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("source", "made_up"), [("synthetic", True), ("https", False), (None, False)]
)
def test_a_city_that_is_made_up_is_said_to_be(
    models: Path, tmp_path: Path, opened: Open, source: str | None, made_up: bool
) -> None:
    first = Predictor.load(models / "first")
    facts = {**first.facts, **({} if source is None else {"source": source})}
    replace(first, facts=facts).save(tmp_path / "predictor")
    options = ("--model", str(tmp_path / "predictor"), "--no-auth", "--no-log")
    with serve(tmp_path, *options) as server:
        with server.client() as client:
            assert client.get("/v1/model").json()["source"] == source
        with opened(server) as page:
            expect(page.locator("#model")).to_contain_text("learnt from 1 month")
            notice = page.get_by_text("This city is made up")
            (expect(notice).to_be_visible if made_up else expect(notice).to_be_hidden)()
    said = "of a synthetic city: its trips are made up" in server.output.read_text()
    assert said == made_up
