"""Intervals: honest for each kind of request and each band, whatever the quantiles were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trip_duration.errors import DataError
from trip_duration.models.intervals import Intervals, learn_intervals, shortest_shifts
from trip_duration.params import IntervalParams, ModellingParams

NAMES = ("size", "route_distance")
TREES = {"num_trees": 40, "num_leaves": 4, "min_data_in_leaf": 20, "early_stopping_rounds": 10}
Rows = tuple[np.ndarray, np.ndarray]


def params_of(**intervals: object) -> ModellingParams:
    settings = {"quantiles": TREES, "drift_margin": 0.0, "bands": 4, **intervals}
    return ModellingParams(model_type="lightgbm", intervals=settings)


def make_rows(rows: int, seed: int, spread: float = 0.3) -> Rows:
    """Skewed durations whose spread grows with their size; the distance tells a part of it."""
    random = np.random.default_rng(seed)
    size = random.uniform(1, 9, rows)
    noise = random.exponential(spread, rows)
    matrix = np.column_stack([size, size * np.exp(noise / 2)]).astype(np.float32)
    matrix[rows // 2 :, 1] = np.nan
    return matrix, 3 * size * np.exp(noise)


def point(matrix: np.ndarray) -> np.ndarray:
    return 3.0 * matrix[:, 0].astype(np.float64) * 1.2


def learn(params: ModellingParams, seed: int = 1) -> Intervals:
    later = make_rows(6000, seed)
    return learn_intervals(make_rows(6000, 0), later, point(later[0]), NAMES, params)


@pytest.fixture(scope="module")
def intervals() -> Intervals:
    """Intervals that are to hold nine of ten trips."""
    return learn(params_of())


def held(intervals: Intervals, rows: Rows) -> np.ndarray:
    lower, upper = intervals.bounds(rows[0], point(rows[0]))
    inside: np.ndarray = (lower <= rows[1]) & (rows[1] <= upper)
    return inside


def test_new_trips_are_held_as_promised_with_and_without_distance(intervals: Intervals) -> None:
    rows = make_rows(20_000, 2)
    inside = held(intervals, rows)
    assert inside[:10_000].mean() == pytest.approx(0.9, abs=0.015)
    assert inside[10_000:].mean() == pytest.approx(0.9, abs=0.015)


def test_every_band_of_predicted_duration_is_held(intervals: Intervals) -> None:
    rows = make_rows(20_000, 3)
    inside, minutes = held(intervals, rows), point(rows[0])
    edges = np.quantile(minutes, [0.25, 0.5, 0.75])
    for band in range(4):
        assert inside[np.searchsorted(edges, minutes) == band].mean() > 0.875


def test_bounds_lie_around_the_estimate(intervals: Intervals) -> None:
    matrix, _ = make_rows(500, 4)
    for minutes in (point(matrix), np.full(500, 2.0), np.full(500, 1e4)):
        lower, upper = intervals.bounds(matrix, minutes)
        assert (lower <= minutes).all()
        assert (minutes <= upper).all()
        assert (lower > 0).all()


def test_one_request_gets_the_bits_that_it_gets_among_others(intervals: Intervals) -> None:
    matrix, _ = make_rows(60, 5)
    together = np.array(intervals.bounds(matrix, point(matrix)))
    for row in range(0, 60, 7):
        one = matrix[[row]]
        alone = np.array(intervals.bounds(one, point(one)))
        assert alone[:, 0].tobytes() == together[:, row].tobytes()


def test_a_drift_is_seen_and_a_recalibration_brings_it_back(intervals: Intervals) -> None:
    drifted, later = make_rows(8000, 6, spread=0.6), make_rows(8000, 7, spread=0.6)
    assert held(intervals, later).mean() < 0.8
    settings = IntervalParams(bands=4, drift_margin=0.0)
    again = intervals.calibrated(drifted[0], point(drifted[0]), drifted[1], settings)
    assert held(again, later).mean() == pytest.approx(0.9, abs=0.015)


def test_the_margin_widens() -> None:
    rows = make_rows(20_000, 8)
    wide = held(learn(params_of(drift_margin=0.05)), rows).mean()
    assert wide == pytest.approx(0.95, abs=0.015)


def test_more_is_missed_above_than_below_where_durations_are_skewed(intervals: Intervals) -> None:
    matrix, minutes = make_rows(20_000, 9)
    lower, upper = intervals.bounds(matrix, point(matrix))
    assert (minutes > upper).mean() > 1.5 * (minutes < lower).mean()


def test_shifts_are_the_conformal_quantiles() -> None:
    """Of 999 trips the 950th of either side holds half of the tenth that may be missed."""
    actual = np.random.default_rng(0).normal(size=999)
    ends = np.zeros((999, 2))
    lower, upper = shortest_shifts(ends, actual, 0.9)
    inside = ((lower <= actual) & (actual <= upper)).mean()
    assert 0.9 <= inside <= 0.905
    assert upper in actual
    assert lower in actual


def test_too_few_trips_are_refused() -> None:
    with pytest.raises(DataError, match="12 validation trips are too few"):
        shortest_shifts(np.zeros((12, 2)), np.arange(12.0), 0.9)


def test_a_model_that_knows_no_distances_has_one_kind_of_request() -> None:
    matrix, minutes = make_rows(4000, 0)
    later, truth = make_rows(4000, 1)
    only = slice(0, 1)
    params = params_of()
    learnt = learn_intervals(
        (matrix[:, only], minutes), (later[:, only], truth), point(later), ("size",), params
    )
    assert np.array_equal(learnt.shifts[0], learnt.shifts[1])
    rows = make_rows(10_000, 2)
    assert held(learnt, (rows[0][:, only], rows[1])).mean() == pytest.approx(0.9, abs=0.02)


def test_a_few_trips_of_one_kind_leave_it_to_the_other() -> None:
    train, later = make_rows(6000, 0), make_rows(6000, 1)
    for matrix, _ in (train, later):
        matrix[30:, 1] = matrix[30:, 0]
        matrix[:30, 1] = np.nan
    learnt = learn_intervals(train, later, point(later[0]), NAMES, params_of())
    assert np.array_equal(learnt.shifts[0], learnt.shifts[1])
    rows = make_rows(10_000, 2)
    rows[0][:, 1] = rows[0][:, 0]
    assert held(learnt, rows).mean() == pytest.approx(0.9, abs=0.02)


def test_files_rebuild_the_intervals_to_the_bit(intervals: Intervals) -> None:
    files = intervals.to_files()
    again = Intervals.from_files(files)
    assert again is not None
    matrix, _ = make_rows(100, 3)
    for one, other in zip(
        again.bounds(matrix, point(matrix)),
        intervals.bounds(matrix, point(matrix)),
        strict=True,
    ):
        assert one.tobytes() == other.tobytes()
    assert again.to_files() == files
    assert again.coverage == 0.9
    assert {Path(name).suffix for name in files} == {".json", ".npz", ".txt"}
    assert Intervals.from_files({}) is None


def test_mapie_is_not_needed_to_predict() -> None:
    program = "import sys; import trip_duration.models; print('mapie' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_estimates_that_tie_leave_no_band_without_an_interval(intervals: Intervals) -> None:
    matrix, actual = make_rows(3000, 3)
    minutes = np.full(3000, 12.0)
    minutes[:5] = 3.0
    settings = IntervalParams(bands=4, drift_margin=0.0)
    again = intervals.calibrated(matrix, minutes, actual, settings)
    lower, upper = again.bounds(matrix, minutes)
    assert ((lower <= actual) & (actual <= upper)).mean() == pytest.approx(0.9, abs=0.02)


def test_a_high_promise_takes_fewer_bands(intervals: Intervals) -> None:
    rows = make_rows(3000, 4)
    settings = IntervalParams(coverage=0.98, bands=20)
    again = intervals.calibrated(rows[0], point(rows[0]), rows[1], settings)
    assert held(again, make_rows(20_000, 5)).mean() == pytest.approx(0.99, abs=0.01)
