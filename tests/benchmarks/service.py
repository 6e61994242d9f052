"""The service under load."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from tests.benchmarks import load
from tests.benchmarks.load import Load, put_load
from tests.benchmarks.measure import Report, Row, middle
from tests.benchmarks.projects import PREDICTOR, Workshop
from tests.benchmarks.servers import empty_server, mlflow_server, our_server

MODEL = "models:/trip-duration@challenger"
ENOUGH, MOST_ROUNDS, SECONDS = 100_000, 15, 10


@dataclass(frozen=True)
class Asked:
    """Where load is put, and for how long at a time."""

    url: str
    bodies: Path
    seconds: int


def bench_service(shop: Workshop) -> Report:
    """One worker, one row a request, 16 connections: an empty endpoint, and MLflow's server."""
    if not load.has_wrk():
        return Report([], [load.MISSING])
    data, folder = shop.trained.data, shop.folder / "service"
    folder.mkdir()
    requests = load.draw_requests()
    own = load.write_bodies(requests, folder / "requests.jsonl")
    framed = load.write_bodies(map(as_frame, requests), folder / "frames.jsonl")
    long, short = (1, 1) if shop.quick else (SECONDS, SECONDS // 2)
    with ExitStack() as running:
        ours, _ = running.enter_context(our_server(data / PREDICTOR, folder / "ours"))
        empty = running.enter_context(empty_server(folder / "empty"))
        tracking = f"sqlite:///{data}/mlflow.db"
        mlflow = running.enter_context(mlflow_server(MODEL, tracking, folder / "mlflow"))
        sides = {
            "ours": Asked(f"{ours}/v1/predict", own, long),
            "empty": Asked(f"{empty}/v1/predict", own, short),
            "mlflow": Asked(f"{mlflow}/invocations", framed, short),
        }
        same_answers(sides, requests[:20])
        found = put_loads(sides, 1 if shop.quick else MOST_ROUNDS)
    return Report(describe(found), [remark(found)])


def as_frame(request: Mapping[str, Any]) -> dict[str, Any]:
    """One row as MLflow's server takes it."""
    return {"dataframe_split": {"columns": list(request), "data": [list(request.values())]}}


def same_answers(sides: Mapping[str, Asked], requests: list[dict[str, Any]]) -> None:
    """Raise unless both servers answer with the same numbers.

    Raises:
        AssertionError: With both answers.
    """
    for request in requests:
        ours = ask(sides["ours"].url, request)["duration_minutes"]
        theirs = ask(sides["mlflow"].url, as_frame(request))["predictions"][0]["minutes"]
        if ours != theirs:
            raise AssertionError(f"{request}: ours answers {ours}, MLflow's server {theirs}")


def ask(url: str, body: Mapping[str, Any]) -> Any:
    content = json.dumps(body).encode()
    kind = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, content, kind)) as response:  # noqa: S310
        return json.load(response)


def put_loads(sides: Mapping[str, Asked], rounds: int) -> dict[str, list[Load]]:
    """Put load on all in turn, once to warm them up and then until ours has answered enough.

    Raises:
        AssertionError: If one of the others fails: it would be no comparison.
    """
    for side in sides.values():
        put_load(side.url, side.bodies, 1)
    found: dict[str, list[Load]] = {name: [] for name in sides}
    with tqdm(total=ENOUGH, desc="requests", unit_scale=True, disable=None, leave=False) as bar:
        for _ in range(rounds):
            for name, side in sides.items():
                found[name].append(put_load(side.url, side.bodies, side.seconds))
            bar.update(found["ours"][-1].requests)
            if bar.total <= total(found["ours"], "requests"):
                break
    failed = {name: total(loads, "errors") for name, loads in found.items() if name != "ours"}
    if any(failed.values()):
        raise AssertionError(f"errors of the others: {failed}")
    return found


def total(loads: list[Load], what: str) -> int:
    return sum(getattr(one, what) for one in loads)


def typical(loads: list[Load], what: str) -> float:
    return middle(getattr(one, what) for one in loads)


def describe(found: Mapping[str, list[Load]]) -> list[Row]:
    """Rates against both, latencies, and errors."""
    rate = {name: typical(loads, "rate") for name, loads in found.items()}
    said = {name: f"{value:,.0f}/s" for name, value in rate.items()}
    errors, asked = total(found["ours"], "errors"), total(found["ours"], "requests")
    against = {
        name: Row(what, said["ours"], said[name], rate["ours"] / rate[name], least, at_least=True)
        for name, what, least in (
            ("mlflow", "requests a second, against mlflow models serve", 8.0),
            ("empty", "requests a second, against an empty endpoint", 0.3),
        )
    }
    return [
        *against.values(),
        latencies("latency, 99th against 50th percentile", found["ours"], 4.0),
        latencies("- the same of the empty endpoint", found["empty"], None),
        Row(f"errors in {asked:,} requests", f"{errors}", "", asked=0, judged=errors),
    ]


def latencies(what: str, loads: list[Load], asked: float | None) -> Row:
    """The median of what was seen round by round."""
    high, low = typical(loads, "p99_ms"), typical(loads, "p50_ms")
    ratio = middle(one.p99_ms / one.p50_ms for one in loads)
    return Row(what, f"{high:.1f} ms", f"{low:.1f} ms", ratio, asked)


def remark(found: Mapping[str, list[Load]]) -> str:
    """What was sent, and every round."""
    rounds = "; ".join(
        f"{name} "
        + ", ".join(f"{one.rate:,.0f} ({one.p50_ms:.1f}, {one.p99_ms:.1f})" for one in loads)
        for name, loads in found.items()
    )
    return (
        f"service: wrk, {load.CONNECTIONS} connections, {load.BODIES:,} different requests in "
        "turn, one worker with all of its logs; the empty endpoint reads the same request model by "
        "FastAPI on the same server; MLflow's server answers with the same numbers. Requests a "
        f"second (50th, 99th percentile in ms) of each round: {rounds}"
    )
