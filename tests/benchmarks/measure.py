"""How things are measured: in turn, several times, by the median."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tqdm.auto import tqdm

from tests.benchmarks import usage

T = TypeVar("T")

# places that whoever measures may have set, and that a measured program must not write to
NOT_INHERITED = ("MLFLOW_TRACKING_URI", "KEDRO_ENV", "KEDRO_LOGGING_CONFIG")


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured, on both sides, and what was asked of the ratio.

    Attributes:
        what: What was measured.
        ours: On our side, with its unit.
        theirs: On the other.
        ratio: Of both.
        asked: Bound of what is judged.
        at_least: Whether the bound is the least; else it is the most.
        judged: What is judged if it is not the ratio.
        unit: Unit of that.
    """

    what: str
    ours: str
    theirs: str
    ratio: float | None = None
    asked: float | None = None
    at_least: bool = False
    judged: float | None = None
    unit: str = ""

    @property
    def verdict(self) -> str:
        value = self.ratio if self.judged is None else self.judged
        if value is None or self.asked is None:
            return ""
        holds = value >= self.asked if self.at_least else value <= self.asked
        return "ok" if holds else "not"


@dataclass(frozen=True)
class Report:
    """What one bench found: lines of the table, and remarks."""

    rows: list[Row]
    remarks: list[str]


@dataclass(frozen=True)
class Usage:
    """What a program took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run_program(command: list[str | Path], cwd: Path, output: Path | None = None) -> Usage:
    """Run a program to its end, started by a small process so that the peak memory is its own.

    Linux counts the memory of whoever starts a program as that program's peak.

    Raises:
        RuntimeError: With the end of what the program said, if it fails.
    """
    starter = [sys.executable, "-I", "-S", usage.__file__]
    environment = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
    done = subprocess.run(
        [*starter, *map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}")
    if output is not None:
        output.write_text(done.stderr)
    return Usage(**json.loads(done.stdout.splitlines()[-1]))


def seconds(action: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turn(
    sides: Mapping[str, Callable[[], T]], repetitions: int, what: str
) -> dict[str, list[T]]:
    """Measure all sides one after the other, several times over."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    with tqdm(total=repetitions * len(sides), desc=what, disable=None, leave=False) as bar:
        for _ in range(repetitions):
            for name, side in sides.items():
                found[name].append(side())
                bar.update()
    return found


def medians(
    sides: Mapping[str, Callable[[], float]], repetitions: int, what: str
) -> dict[str, float]:
    """Measure all sides in turn and return the median of each."""
    found = in_turn(sides, repetitions, what)
    return {name: middle(values) for name, values in found.items()}


def middle(values: Iterable[float]) -> float:
    return statistics.median(values)
