"""How long commands take to start, and what they import meanwhile."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Report, Row, in_turn, middle, run_program
from tests.benchmarks.projects import BIN, ROOT, Workshop, copy_project

_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
SHOWN = 8
# what a command may take that only shows something, and our list of pipelines against an empty one
SECONDS, TIMES = 1.5, 1.3


def bench_startup(shop: Workshop) -> Report:
    """Our commands until they end: against bare Python, MLflow's import and an empty project."""
    ours, empty = copy_project(shop.folder / "startup").folder, shop.empty.folder
    registry = [BIN / "kedro", "registry", "list"]
    # versions of a registry that MLflow has made
    database = f"sqlite:///{empty / 'data/mlflow.db'}"
    commands: dict[str, tuple[list[str | Path], Path]] = {
        "help": (own("--help"), ROOT),
        "serve": (own("serve", "--help"), ROOT),
        "click": ([sys.executable, "-c", "import click"], ROOT),
        "models": (own("models", "--tracking-uri", database, "list"), ROOT),
        "mlflow": ([sys.executable, "-c", "import mlflow"], ROOT),
        "registry": (registry, ours),
        "empty": (registry, empty),
    }
    sides = {name: partial(run_program, command, cwd) for name, (command, cwd) in commands.items()}
    took = in_turn(sides, 3 if shop.quick else 5, "start-up")
    seconds = {name: middle(usage.seconds for usage in usages) for name, usages in took.items()}
    cpu = {name: middle(usage.cpu_seconds for usage in usages) for name, usages in took.items()}
    models, listing = "trip-duration models list", "kedro registry list"
    rows = [
        versus("trip-duration --help, against import click", seconds["help"], seconds["click"]),
        within("trip-duration serve --help", seconds["serve"], seconds["click"]),
        within(f"{models}, against import mlflow", seconds["models"], seconds["mlflow"]),
        versus(f"{listing}, against an empty project", seconds["registry"], seconds["empty"]),
        versus("- the same, seconds of CPU", cpu["registry"], cpu["empty"], asked=TIMES),
    ]
    remarks = []
    for what, command in (
        (models, own("models", "--tracking-uri", database, "list")[1:]),
        (listing, ["-m", "kedro", "registry", "list"]),
    ):
        log = shop.folder / "imports.log"
        run_program([sys.executable, "-X", "importtime", *command], ours, log)
        remarks.append(f"imports of `{what}`: {imports(log)}")
    return Report(rows, remarks)


def own(*words: str) -> list[str | Path]:
    return [sys.executable, "-m", "trip_duration", *words]


def versus(what: str, ours: float, theirs: float, asked: float | None = None) -> Row:
    return Row(what, f"{ours:.2f} s", f"{theirs:.2f} s", ours / theirs, asked)


def within(what: str, ours: float, theirs: float) -> Row:
    return replace(versus(what, ours, theirs, SECONDS), judged=ours, unit=" s")


def import_seconds(log: Path) -> dict[str, float]:
    """Add up what ``python -X importtime`` says by package."""
    by_package: dict[str, float] = defaultdict(float)
    for own, module in _IMPORT.findall(log.read_text()):
        by_package[module.partition(".")[0]] += int(own) / 1e6
    return by_package


def imports(log: Path) -> str:
    """Name the packages whose imports take longest."""
    by_package = import_seconds(log)
    order = sorted(by_package, key=lambda name: -by_package[name])[:SHOWN]
    listed = ", ".join(f"{name} {by_package[name]:.2f} s" for name in order)
    return f"{sum(by_package.values()):.2f} s in all; by package {listed}"
