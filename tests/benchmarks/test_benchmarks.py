"""The other side of the measurements does the same work. Nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import (
    features,
    plain_backtest,
    plain_cleaning,
    plain_tuning,
    processing,
    studies,
)
from tests.benchmarks.jobs import FIXED
from tests.benchmarks.plain_features import read_zones
from trip_duration.evaluation.folds import plan_folds
from trip_duration.features.transformer import FEATURE_NAMES
from trip_duration.models.tuning import fold_windows, make_fold
from trip_duration.params import (
    BacktestParams,
    CityParams,
    FeatureEngineeringParams,
    RuleParams,
    TuningParams,
)
from trip_duration.pipelines.data_processing.rules import clean_month
from trip_duration.tlc.city import City
from trip_duration.tlc.files import read_month, trip_file
from trip_duration.tlc.zones import describe_zones, read_lookup, read_shapes

ZONES = list(range(1, 264))


# a month with a change of the clock in either direction, and one without
@pytest.mark.parametrize(
    ("service", "month"), [("green", "2023-03"), ("yellow", "2023-11"), ("green", "2023-04")]
)
def test_plain_script_keeps_the_same_rows(service: str, month: str, tmp_path: Path) -> None:
    raw = tmp_path / trip_file(service, month)
    City(CityParams(trips=20_000)).write(f"trip-data/{raw.name}", raw)
    ours = clean_month(read_month(raw), month, np.array(ZONES), RuleParams())
    plain = plain_cleaning.process(raw, service, ZONES, tmp_path / "plain.parquet")
    processing.same_rows(ours.attrs["quality"], plain)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "plain.parquet"), ours)
    assert all(plain[1][rule] for rule in ("too_short", "too_long", "refund", "unknown_zone"))


def test_difference_is_told() -> None:
    quality = {"rows_kept": 3, "rejected": {"too_short": 1}}
    with pytest.raises(AssertionError, match="plain script"):
        processing.same_rows(quality, (3, {"too_short": 2}))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small months and their zones, as they are published."""
    folder, city = tmp_path_factory.mktemp("raw"), City(CityParams(trips=2_000))
    (folder / "misc").mkdir()
    (folder / "trip-data").mkdir()
    months = [f"trip-data/{trip_file('green', month)}" for month in ("2023-01", "2023-02")]
    for name in ("misc/taxi_zones.zip", "misc/taxi_zone_lookup.csv", *months):
        city.write(name, folder / name)
    return folder


def test_plain_search_has_the_same_folds(raw: Path) -> None:
    """The same windows, the same features kept, and the same rows of them."""
    lookup, shapes = raw / "misc/taxi_zone_lookup.csv", raw / "misc/taxi_zones.zip"
    zones = describe_zones(read_shapes(shapes), read_lookup(lookup))
    files = sorted((raw / "trip-data").iterdir())
    ids = zones["zone"].to_numpy()
    cleaned = [clean_month(read_month(f), f.stem[-7:], ids, RuleParams()) for f in files]
    trips = pd.concat(cleaned, ignore_index=True)
    engineering = FeatureEngineeringParams.model_validate(
        {"train_months": "2023-01..2023-02", "test_months": "2023-03", "validation_days": 5}
    )
    tuning = TuningParams(folds=2, fold_length=6, spaces={})
    selection = engineering.selection.model_dump(include={"min_share", "rows", "trees"})
    job = {
        "folds": 2,
        "fold_length": 6,
        "validation_days": 5,
        "features": list(FEATURE_NAMES),
        "selection": selection,
        "lightgbm": {**FIXED, "seed": 0, "num_threads": 2},
    }
    windows = fold_windows(pd.Timestamp("2023-03-01"), tuning)
    assert plain_tuning.windows(["2023-01", "2023-02"], job) == windows
    for window in windows:
        ours = make_fold(trips, window, zones, engineering)
        fold, scored = plain_tuning.make_fold(trips, *window, read_zones(shapes, lookup), job)
        assert tuple(fold.names) == ours.data.transformer.selected_
        shown = [np.concatenate(parts) for parts in zip(*reversed(ours.shown), strict=True)]
        assert ours.data.known is not None
        for one, other in (
            (ours.data.train, fold.train),
            (ours.data.validation, fold.later),
            (ours.data.known, fold.known),
            (shown, scored),
        ):
            np.testing.assert_allclose(other[0], one[0], rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(other[1], one[1])


def test_plain_backtest_learns_from_the_same_months() -> None:
    params = BacktestParams.model_validate({"months": "2023-03..2023-04", "window": 2})
    folds, _ = plan_folds(["2023-01", "2023-02", "2023-03", "2023-04"], params)
    assert len(folds) == len(params.months)
    for fold in folds:
        (exam,) = fold.tests
        assert plain_backtest.months_before(exam.month, 2) == list(fold.train_months)


def test_difference_of_scores_is_told() -> None:
    with pytest.raises(AssertionError, match="plain script"):
        studies.farthest([3.0, 4.0], [3.0, 4.005])
    assert studies.farthest([3.0, 4.0], [3.0, 4.002]) == pytest.approx(0.0005, rel=1e-2)


def test_the_store_of_features_gives_back_the_numbers_it_was_given(tmp_path: Path) -> None:
    matrix = np.array([[1.5, np.nan], [2.0, -3.25]], dtype=np.float32)
    store = features.Store(tmp_path / "store", matrix)
    np.testing.assert_array_equal(store.read_month(), matrix)
    np.testing.assert_array_equal(store.read_one(), matrix[0])
