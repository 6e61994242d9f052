"""Files of requests answered in bulk: speed against the bare calls, and memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.batch_run import ANSWERS, BARE, CLOCKS
from tests.benchmarks.jobs import read_parameters
from tests.benchmarks.measure import Report, Row, Usage, in_turn, run_program
from tests.benchmarks.projects import PREDICTOR, ROOT, Project, Workshop

ROWS, FEWER, SEED = 3_000_000, 10, 0
Found = tuple[Usage, dict[str, float]]


def bench_batch(shop: Workshop) -> Report:
    """3 million requests from file to file, against the bare calls; memory against a tenth."""
    rows = 20_000 if shop.quick else ROWS
    project, folder = shop.trained, shop.folder / "batch"
    folder.mkdir()
    many, few = (
        write_requests(project, count, folder / f"{count}.parquet")
        for count in (rows, rows // FEWER)
    )
    sides = {
        "ours": lambda: run_side(project, "ours", many, folder),
        "bare": lambda: run_side(project, "bare", many, folder),
        "few": lambda: run_side(project, "ours", few, folder / "few"),
    }
    found = {name: turns[0] for name, turns in in_turn(sides, 1, "batch").items()}
    same_numbers(folder / ANSWERS, folder / BARE)
    return Report(describe(found, rows), [remark(found)])


def write_requests(project: Project, count: int, path: Path) -> Path:
    """Write requests of test trips, drawn with replacement, half of them with a distance."""
    trips = pd.read_parquet(project.data / "07_model_output/predictions.parquet")
    chance = np.random.default_rng(SEED)
    drawn = trips.iloc[chance.integers(0, len(trips), count)].reset_index(drop=True)
    asked = drawn[["pickup_datetime", "pickup_zone", "dropoff_zone"]]
    distance = drawn["trip_distance"].where(chance.random(count) < 1 / 2)
    asked.assign(route_distance=distance).to_parquet(path)
    return path


def run_side(project: Project, side: str, requests: Path, to: Path) -> Found:
    """Run one side in a process of its own: what that took, and what it says of its parts."""
    chunk = str(read_parameters(project, "inference")["chunk_rows"])
    module = ["-m", "tests.benchmarks.batch_run", side, project.data / PREDICTOR]
    usage = run_program([sys.executable, *module, requests, chunk, to], ROOT)
    return usage, json.loads((to / CLOCKS).read_text())


def same_numbers(answers: Path, bare: Path) -> None:
    """Raise unless the batch gives the numbers of the bare calls, to the last bit.

    Raises:
        AssertionError: With how many rows differ.
    """
    ours = pd.read_parquet(answers)[["minutes", "lower", "upper"]].to_numpy()
    theirs = np.load(bare)
    if ours.shape != theirs.shape or (ours != theirs).any():
        differ = (ours != theirs).any(axis=1).sum() if ours.shape == theirs.shape else "all"
        raise AssertionError(f"{differ} of {len(theirs)} rows differ from the bare calls")


def describe(found: dict[str, Found], rows: int) -> list[Row]:
    """Speed against the calls without and with those of the intervals, and memory."""
    (usage, ours), (_, bare), (small, _) = (found[name] for name in ("ours", "bare", "few"))
    seconds, point = ours["ours"], bare["transformer"] + bare["estimator"]
    whole = point + bare["intervals"]
    millions = f"{rows / 1e6:g} million rows"
    peaks = usage.peak_mb, small.peak_mb
    return [
        versus(
            f"batch of {millions} with intervals, file to file, "
            "against bare transformer and estimator",
            seconds,
            point,
            1.3,
        ),
        versus("- with the bare calls of the intervals too", seconds, whole, None),
        Row(
            f"peak memory of the batch, {millions} against a tenth",
            *(f"{peak:.0f} MB" for peak in peaks),
            peaks[0] / peaks[1],
            1.3,
        ),
    ]


def versus(what: str, ours: float, theirs: float, asked: float | None) -> Row:
    return Row(what, f"{ours:.1f} s", f"{theirs:.1f} s", ours / theirs, asked)


def remark(found: dict[str, Found]) -> str:
    usage, bare = found["bare"]
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in bare.items())
    return (
        "batch: ours reads, checks, answers and writes Parquet in chunks, with intervals, flags "
        "and parts by which it could go on; theirs are the calls of the same transformer, "
        f"estimator and intervals on all rows at once in memory ({parts}; peak "
        f"{usage.peak_mb:.0f} MB), nothing read or written; each side once, in a process of its "
        "own, the predictor loaded; both give the same numbers, to the last bit"
    )
