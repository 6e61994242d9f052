"""How long commands take to start."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.measure import Report, Row, medians, run_program
from tests.benchmarks.projects import BIN, ROOT, Workshop, copy_project

_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
SHOWN = 8


def bench_startup(shop: Workshop) -> Report:
    """Our command's help against bare Python, and Kedro's list against that of an empty project."""
    ours, empty = copy_project(shop.folder / "startup").folder, shop.empty.folder
    registry = [BIN / "kedro", "registry", "list"]
    commands = {
        "help": ([sys.executable, "-m", "trip_duration", "--help"], ROOT),
        "click": ([sys.executable, "-c", "import click"], ROOT),
        "registry": (registry, ours),
        "empty": (registry, empty),
    }
    sides = {name: timed(command, cwd) for name, (command, cwd) in commands.items()}
    took = medians(sides, 3 if shop.quick else 5, "start-up")
    rows = [
        versus("trip-duration --help, against import click", took["help"], took["click"]),
        versus("kedro registry list, against an empty project", took["registry"], took["empty"]),
    ]
    remarks = []
    for what, command in (
        ("trip-duration --help", ["-m", "trip_duration", "--help"]),
        ("kedro registry list", ["-m", "kedro", "registry", "list"]),
    ):
        log = shop.folder / "imports.log"
        run_program([sys.executable, "-X", "importtime", *command], ours, log)
        remarks.append(f"imports of `{what}`: {imports(log)}")
    return Report(rows, remarks)


def timed(command: list[str | Path], cwd: Path) -> Callable[[], float]:
    return lambda: run_program(command, cwd).seconds


def versus(what: str, ours: float, theirs: float) -> Row:
    return Row(what, f"{ours:.2f} s", f"{theirs:.2f} s", ours / theirs)


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
