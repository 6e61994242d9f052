"""Answers a file of requests, or makes the bare calls on its rows; says how long that took.

Usage: ``python -m tests.benchmarks.batch_run ours|bare <predictor> <requests> <chunk rows> <folder
to write>``. Ours goes from file to file; the bare calls find their rows in memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from trip_duration.inference import Batch, find_files, write_batch
from trip_duration.models import Predictor

ANSWERS, BARE, CLOCKS = "answers.parquet", "bare.npy", "clocks.json"


def answer(predictor: Predictor, requests: Path, chunk_rows: int, to: Path) -> dict[str, float]:
    start = time.perf_counter()
    write_batch(Batch(find_files(requests), predictor, chunk_rows), to / ANSWERS)
    return {"ours": time.perf_counter() - start}


def call(predictor: Predictor, requests: Path, to: Path) -> dict[str, float]:
    rows = pd.read_parquet(requests)
    clock = [time.perf_counter()]
    matrix = predictor.transformer.transform(rows)
    clock.append(time.perf_counter())
    minutes = predictor.estimator.predict(matrix)
    clock.append(time.perf_counter())
    assert predictor.intervals is not None
    ends = predictor.intervals.bounds(matrix, minutes)
    clock.append(time.perf_counter())
    limited = np.clip([minutes, *ends], predictor.floor, predictor.ceiling)
    np.save(to / BARE, np.transpose(limited))
    spent = np.diff(clock).tolist()
    return dict(zip(("transformer", "estimator", "intervals"), spent, strict=True))


def main(side: str, predictor: Path, requests: Path, chunk_rows: int, to: Path) -> None:
    loaded = Predictor.load(predictor)
    to.mkdir(parents=True, exist_ok=True)
    if side == "ours":
        spent = answer(loaded, requests, chunk_rows, to)
    else:
        spent = call(loaded, requests, to)
    (to / CLOCKS).write_text(json.dumps(spent))


if __name__ == "__main__":
    chosen, *places = sys.argv[1:]
    main(chosen, Path(places[0]), Path(places[1]), int(places[2]), Path(places[3]))
