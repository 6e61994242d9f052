"""Recalibration: new intervals for a month that drifted, the same point estimates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from trip_duration.errors import DataError
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.models.training import Trained, make_training_set, train, train_lookup
from trip_duration.months import MonthPart
from trip_duration.params import FeatureEngineeringParams, ModellingParams, RecalibrationParams
from trip_duration.pipelines.recalibration import nodes

__all__ = ["zones"]
SMALL = {"num_trees": 40, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}
MODELLING = ModellingParams(
    model_type="lightgbm",
    lightgbm=SMALL,
    intervals={"quantiles": SMALL, "bands": 2, "drift_margin": 0.0},
)
FEATURES = FeatureEngineeringParams(
    train_months="2023-01", test_months="2023-03", selection={"method": "none"}
)


def trips_of(month: str, seed: int, scale: float = 1.0) -> pd.DataFrame:
    trips = make_trips(1500, seed, f"{month}-02")
    trips["duration_minutes"] *= np.random.default_rng(seed).lognormal(0, 0.3, 1500) ** scale
    return trips.rename(columns={"route_distance": "trip_distance"})


@pytest.fixture
def trained(zones: pd.DataFrame) -> Trained:
    data = make_training_set(trips_of("2023-01", 0), pd.Timestamp("2023-01-10"), zones, FEATURES)
    return train(data, MODELLING, {"train_months": ["2023-01"], "service": "green"})


def origin_of(month: str) -> dict[str, str]:
    file, sha256 = f"trip-data/{month}.parquet", month * 8
    origin = {"month": month, "service": "green", "source": "synthetic"}
    return {**origin, "file": file, "sha256": sha256}


@pytest.fixture
def months() -> dict[str, MonthPart]:
    """The month of training, and two in which durations spread twice as much."""
    frames = {
        "2023-01": trips_of("2023-01", 0),
        "2023-02": trips_of("2023-02", 1, 2.0),
        "2023-03": trips_of("2023-03", 2, 2.0),
    }
    return {
        name: MonthPart(name, origin_of(name), lambda rows=rows: rows)
        for name, rows in frames.items()
    }


def test_another_predictors_points_are_noticed(trained: Any, months: Any) -> None:
    trips = months["2023-02"].read()
    other = replace(trained.predictor, floor=20.0, facts={"calibrated_on": []})
    baseline = train_lookup(trips, trained.predictor.transformer, MODELLING, {})
    assert not nodes.compare_coverage(trained.predictor, other, baseline, trips)["points_unchanged"]


def test_the_newest_month_is_taken_unless_one_is_named(months: Any) -> None:
    for month, expected in (("", "2023-03"), ("2023-02", "2023-02")):
        params = RecalibrationParams(month=month)
        rows, origin = nodes.read_newest_trips(months, list(months), params)
        assert rows["pickup_datetime"].dt.strftime("%Y-%m").unique().tolist() == [expected]
        assert origin == origin_of(expected)


def test_a_month_that_was_not_processed_is_named(months: Any) -> None:
    chosen = RecalibrationParams(month="2023-05")
    with pytest.raises(DataError, match="2023-05"):
        nodes.read_newest_trips(months, list(months), chosen)
    with pytest.raises(DataError, match="no month was processed"):
        nodes.read_newest_trips(months, [], RecalibrationParams())


def test_a_month_that_was_learnt_from_is_refused(trained: Any, months: Any) -> None:
    with pytest.raises(DataError, match=r"learnt from trips up to 2023-01.* 2023-01-02 on would"):
        nodes.recalibrate_intervals(
            trained.predictor, months["2023-01"].read(), origin_of("2023-01"), MODELLING
        )


def test_a_predictor_without_intervals_is_refused(trained: Any, months: Any) -> None:
    bare, trips = trained.predictor.with_intervals(None), months["2023-02"].read()
    with pytest.raises(DataError, match="a lightgbm, has no intervals to calibrate"):
        nodes.recalibrate_intervals(bare, trips, origin_of("2023-02"), MODELLING)


@pytest.mark.parametrize(("name", "value"), [("service", "yellow"), ("source", "real")])
def test_a_month_of_another_kind_is_refused(
    trained: Any, months: Any, name: str, value: str
) -> None:
    facts = {**trained.predictor.facts, "service": "green", "source": "synthetic"}
    predictor = replace(trained.predictor, facts=facts)
    month = {**origin_of("2023-02"), "service": "green", "source": "synthetic", name: value}
    with pytest.raises(DataError, match=f"2023-02: {name} {value}, the predictor was trained on"):
        nodes.recalibrate_intervals(predictor, months["2023-02"].read(), month, MODELLING)


def test_coverage_comes_back_and_the_estimates_stay(trained: Any, months: Any) -> None:
    known, later = months["2023-02"].read(), months["2023-03"].read()
    origin = origin_of("2023-02")
    again = nodes.recalibrate_intervals(trained.predictor, known, origin, MODELLING)
    baseline = train_lookup(known, trained.predictor.transformer, MODELLING, {})
    report = nodes.compare_coverage(trained.predictor, again, baseline, later)
    for name, found in report["intervals"].items():
        assert found["before"]["coverage"] < 0.85, name
        assert found["after"]["coverage"] == pytest.approx(0.9, abs=0.03)
        assert found["after"]["mean_width"] > found["before"]["mean_width"]
    requests = later.rename(columns={"trip_distance": "route_distance"})
    before, after = (p.predict(requests).minutes for p in (trained.predictor, again))
    assert before.tobytes() == after.tobytes()
    assert report["points_unchanged"]
    assert report["predictor"] == again.sha256
    scores = score_presentations(predict_trips(later, trained.predictor, baseline))
    assert report["metrics"]["request"] == {"mae": scores["request"]["mae"]}
    assert again.facts["calibrated_on"] == ["2023-02-02", "2023-02-15"]
    assert again.facts["calibration"] == {
        "parent": trained.predictor.sha256,
        "months": {"2023-02": {"file": "trip-data/2023-02.parquet", "sha256": "2023-02" * 8}},
    }
    assert again.sha256 != trained.predictor.sha256
