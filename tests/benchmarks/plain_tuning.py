"""A search for settings as a plain script: folds by the calendar, each trial on all of them.

Usage: ``python -m tests.benchmarks.plain_tuning <raw months> <trips> <job.json> <to write>``.
Nothing of this project is imported. ``job.json`` has what a script would have as constants, and the
settings that were drawn, so that both sides train the same models.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tests.benchmarks import plain_features as make
from tests.benchmarks import plain_folds
from tests.benchmarks.plain_run import twice

Ready = tuple[plain_folds.Fold, tuple[Any, Any]]


def windows(months: list[str], job: dict[str, Any]) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Begin and end of what each fold is scored on; all before it is known to the fold."""
    end, days = plain_folds.end_of(months[-1]), pd.Timedelta(days=job["fold_length"])
    return [(end - days * back, end - days * (back - 1)) for back in range(job["folds"], 0, -1)]


def make_fold(trips: pd.DataFrame, begin: Any, end: Any, zones: Any, job: dict[str, Any]) -> Ready:
    times = trips["pickup_datetime"]
    before = trips[times < begin].reset_index(drop=True)
    inside = trips[(times >= begin) & (times < end)].reset_index(drop=True)
    fold = plain_folds.prepare(before, begin, zones, job)
    return fold, twice(fold.features(inside), inside)


def score(ready: Ready, job: dict[str, Any]) -> float:
    """Mean absolute error over trips with their distance and without."""
    fold, (matrix, minutes) = ready
    _, model = plain_folds.train(fold, job)
    return float(np.abs(plain_folds.guess(model, matrix, fold) - minutes).mean())


def main(raw: Path, folder: Path, job: dict[str, Any], to: Path) -> None:
    zones = make.read_zones(raw / "misc/taxi_zones.zip", raw / "misc/taxi_zone_lookup.csv")
    trips = plain_folds.read(folder, job["train_months"])
    ready = [make_fold(trips, *w, zones, job) for w in windows(job["train_months"], job)]
    found = []
    for drawn in tqdm(job["trials"], disable=None):
        start = time.perf_counter()
        settings = {**job, "lightgbm": {**job["lightgbm"], **drawn}}
        scores = [score(fold, settings) for fold in ready]
        found.append({"scores": scores, "seconds": time.perf_counter() - start})
    to.mkdir(parents=True, exist_ok=True)
    (to / "trials.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[3]).read_text())
    main(Path(sys.argv[1]), Path(sys.argv[2]), job, Path(sys.argv[4]))
