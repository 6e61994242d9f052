"""Runs ``kedro`` with clocks in it, to tell where a run's seconds go. Not used in comparisons.

Usage: ``python -m tests.benchmarks.profiled_run <file to write> run --env ...``. The clocks of
the tracking hook see a node's function only; here loads and saves count, too: it is while months
are saved that they are read and cleaned.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.framework.cli.cli import main as kedro
from kedro.io import DataCatalog
from kedro.pipeline.node import Node
from kedro.runner.task import Task

from trip_duration.tracking.run import TrackedRun

spent: dict[str, float] = defaultdict(float)


def clocked(owner: Any, method: str, name: Callable[..., str]) -> None:
    """Add the seconds of each call of a method to those of the name given to the call."""
    original = getattr(owner, method)

    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(self, *args, **kwargs)
        finally:
            spent[name(self, *args)] += time.perf_counter() - start

    setattr(owner, method, timed)


def main(to: Path) -> None:
    clocked(DataCatalog, "load", lambda _, dataset, *rest: f"load {dataset}")
    clocked(DataCatalog, "save", lambda _, dataset, *rest: f"save {dataset}")
    clocked(Node, "run", lambda node, *rest: f"run {node.name}")
    clocked(Task, "execute", lambda task, *rest: f"node {task.node.name}")
    clocked(TrackedRun, "begin", lambda *rest: "tracking at the beginning")
    clocked(TrackedRun, "finish", lambda *rest: "tracking at the end")
    try:
        kedro()
    finally:
        to.write_text(json.dumps(spent))


if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    main(target)
