"""The start of the service."""

from __future__ import annotations

from tests.benchmarks.measure import Report, Row, medians
from tests.benchmarks.projects import PREDICTOR, Workshop
from tests.benchmarks.servers import LOG, our_server
from tests.benchmarks.startup import import_seconds, imports

ASKED = 3.0


def bench_ready(shop: Workshop) -> Report:
    """From the start of `trip-duration serve` to ready, and how much of it is imports."""
    folder, predictor = shop.folder / "ready", shop.trained.data / PREDICTOR

    def start() -> float:
        with our_server(predictor, folder) as (_, seconds):
            return seconds

    def import_alone() -> float:
        # what the service itself says that it imports
        with our_server(predictor, folder, PYTHONPROFILEIMPORTTIME="1"):
            return sum(import_seconds(folder / LOG).values())

    # the first start also makes the tables of the log
    start()
    sides = {"ready": start, "imports": import_alone}
    took = medians(sides, 1 if shop.quick else 7, "ready")
    row = Row(
        "start of the service to ready, against its imports alone",
        f"{took['ready']:.2f} s",
        f"{took['imports']:.2f} s",
        took["ready"] / took["imports"],
        ASKED,
        judged=took["ready"],
        unit=" s",
    )
    said = (
        "start of the service: `trip-duration serve` with one worker until /health/ready answers "
        f"200; imports as `python -X importtime` counts them in it: {imports(folder / LOG)}"
    )
    return Report([row], [said])
