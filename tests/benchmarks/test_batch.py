"""The benchmark of the batch compares the same numbers. Nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import batch, batch_run
from tests.benchmarks.measure import Usage
from tests.benchmarks.projects import PREDICTOR, Project, Workshop


def test_batch_is_measured(finished_run: Path, tmp_path: Path) -> None:
    shop = Workshop(tmp_path, quick=True)
    shop.__dict__["trained"] = Project(finished_run)
    report = batch.bench_batch(shop)
    assert [row.asked for row in report.rows] == [1.3, None, 1.3]
    assert len(pd.read_parquet(tmp_path / "batch" / batch_run.ANSWERS)) == 20_000


def test_difference_of_one_bit_is_told(finished_run: Path, tmp_path: Path) -> None:
    project = Project(finished_run)
    requests = batch.write_requests(project, 500, tmp_path / "requests.parquet")
    assert 150 < pd.read_parquet(requests)["route_distance"].notna().sum() < 350
    for side in ("ours", "bare"):
        batch_run.main(side, project.data / PREDICTOR, requests, 128, tmp_path)
    answers, bare = tmp_path / batch_run.ANSWERS, tmp_path / batch_run.BARE
    batch.same_numbers(answers, bare)
    numbers = np.load(bare)
    numbers[7, 1] = np.nextafter(numbers[7, 1], np.inf)
    np.save(bare, numbers)
    with pytest.raises(AssertionError, match="1 of 500 rows"):
        batch.same_numbers(answers, bare)
    np.save(bare, numbers[:-1])
    with pytest.raises(AssertionError, match="all of 499 rows"):
        batch.same_numbers(answers, bare)


def test_rows_say_what_was_seen() -> None:
    bare = {"transformer": 1.0, "estimator": 3.0, "intervals": 1.0}
    found = {
        "ours": (Usage(0, 0, 300), {"ours": 5.0}),
        "bare": (Usage(0, 0, 900), bare),
        "few": (Usage(0, 0, 200), {"ours": 1.0}),
    }
    point, whole, memory = batch.describe(found, 1_000)
    assert (point.ratio, point.verdict) == (1.25, "ok")
    assert (whole.ratio, whole.verdict) == (1.0, "")
    assert (memory.ratio, memory.verdict) == (1.5, "not")
