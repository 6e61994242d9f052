"""The transformer: same numbers from any form of request, out-of-fold history, native files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from tests.features.small_city import make_trips
from trip_duration.errors import DataError
from trip_duration.features import FeatureTransformer
from trip_duration.features.dictionary import Feature
from trip_duration.features.transformer import FEATURE_NAMES, FEATURES, ROUTE_NAMES


def named(transformer: FeatureTransformer, requests: object) -> pd.DataFrame:
    return pd.DataFrame(transformer.transform(requests), columns=list(transformer.selected_))


def test_geometry_and_codes_by_hand(fitted: FeatureTransformer) -> None:
    requests = {
        "pickup_datetime": ["2023-04-12T08:30"] * 3,
        "pickup_zone": [1, 7, 264],
        "dropoff_zone": [5, 1, 2],
        "route_distance": [3.0, np.nan, 3.0],
    }
    rows = named(fitted, requests)
    assert rows["straight_distance"].tolist()[:2] == [2.0, 3.0]
    expected = 2 * (np.sin(np.deg2rad(29)) + np.cos(np.deg2rad(29)))
    assert rows["street_distance"][0] == pytest.approx(expected)
    assert rows["bearing"].tolist()[:2] == [90.0, -90.0]
    assert rows["pickup_borough"].tolist() == [1, 2, 0]
    assert rows["pickup_airport"].tolist() == [0, 1, 0]
    assert rows["pickup_zone"].tolist() == [1, 0, 0]  # no training trip was at the airport
    assert rows["dropoff_zone"].tolist() == [3, 1, 2]
    assert rows["route_distance"][0] == 3.0
    assert rows["route_distance"].isna().tolist() == [False, True, False]


def test_the_usual_stands_in_where_a_zone_is_not_known(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    """A model that has never seen a gap would make something of it: zero, for one."""
    request = {"pickup_datetime": ["2023-04-12T08:30"], "pickup_zone": [264], "dropoff_zone": [2]}
    row = named(fitted, request).iloc[0]
    learnt = named(fitted, trips)
    for name in ("pickup_x", "straight_distance", "street_distance", "bearing", "pickup_area"):
        assert row[name] == learnt[name].median()
    assert row["dropoff_x"] == 1.0
    assert row[["pickup_borough", "pickup_zone", "borough_pair"]].tolist() == [0, 0, 0]
    assert learnt["typical_duration"].min() < row["typical_duration"]
    assert row["typical_duration"] < learnt["typical_duration"].max()
    assert not row.drop(list(ROUTE_NAMES)).isna().any()


def test_ids_far_out_are_unknown(fitted: FeatureTransformer) -> None:
    requests = {
        "pickup_datetime": ["2023-04-12T08:30"] * 4,
        "pickup_zone": [-1, 0, 8, 10**9],
        "dropoff_zone": [1, 1, 1, 1],
    }
    assert named(fitted, requests)["pickup_borough"].tolist() == [0, 0, 0, 0]


def test_a_frame_and_arrays_and_single_rows_give_the_same_bits(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    together = fitted.transform(trips)
    arrays = {name: trips[name].to_numpy() for name in trips.columns[:4]}
    assert fitted.transform(arrays).tobytes() == together.tobytes()
    alone = [fitted.transform(trips.iloc[[row]])[0] for row in range(50)]
    assert np.stack(alone).tobytes() == together[:50].tobytes()
    assert together.dtype == np.float32


def test_the_order_of_columns_does_not_matter(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    reversed_ = fitted.transform(trips[trips.columns[::-1]])
    assert reversed_.tobytes() == fitted.transform(trips).tobytes()


def test_training_rows_do_not_see_their_own_day(zones: pd.DataFrame, trips: pd.DataFrame) -> None:
    """Altering the durations of one day leaves the training features of that day as they were."""
    day = trips["pickup_datetime"].dt.day == 5
    altered = trips["duration_minutes"].where(~day, 170.0)
    before = FeatureTransformer(zones).fit_transform(trips, trips["duration_minutes"])
    after = FeatureTransformer(zones).fit_transform(trips, altered)
    assert before[day].tobytes() == after[day].tobytes()
    assert before[~day].tobytes() != after[~day].tobytes()


def test_training_features_differ_from_those_of_requests_in_history_only(
    zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    transformer = FeatureTransformer(zones)
    training = transformer.fit_transform(trips, trips["duration_minutes"])
    later = transformer.transform(trips)
    differing = {
        FEATURES[i].name
        for i in range(len(FEATURES))
        if not np.array_equal(training[:, i], later[:, i], equal_nan=True)
    }
    history = {f.name for f in FEATURES if f.source == "history"}
    assert differing == history | {"route_detour", "route_duration"}


def test_a_request_without_distance_is_a_row_with_the_route_hidden(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    hidden = fitted.without_distance(fitted.transform(trips))
    plain = fitted.transform(trips.drop(columns="route_distance"))
    np.testing.assert_array_equal(hidden, plain)
    route = [FEATURE_NAMES.index(name) for name in ROUTE_NAMES]
    assert np.isnan(hidden[:, route]).all()


def test_selected_columns_are_those_of_the_whole(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    narrow = fitted.select(["hour", "street_distance", "route_distance"])
    assert narrow.get_feature_names_out().tolist() == ["hour", "street_distance", "route_distance"]
    columns = [FEATURE_NAMES.index(name) for name in narrow.selected_]
    np.testing.assert_array_equal(narrow.transform(trips), fitted.transform(trips)[:, columns])
    assert len(fitted.selected_) == len(FEATURE_NAMES)
    with pytest.raises(DataError, match="tip_amount"):
        fitted.select(["tip_amount"])


def test_files_rebuild_the_transformer_to_the_bit(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    narrow = fitted.select(["hour", "typical_duration", "pickup_zone", "holiday"])
    files = narrow.to_files()
    again = FeatureTransformer.from_files(files)
    assert again.transform(trips).tobytes() == narrow.transform(trips).tobytes()
    assert again.to_files() == files
    assert FeatureTransformer.from_bundle(narrow.to_bundle()).to_files() == files


def test_scikit_learns_manners(zones: pd.DataFrame, trips: pd.DataFrame) -> None:
    transformer = FeatureTransformer(zones, smoothing=3.0)
    assert transformer.get_params()["smoothing"] == 3.0
    with pytest.raises(NotFittedError):
        transformer.transform(trips)
    with pytest.raises(DataError, match="zones"):
        FeatureTransformer().fit(trips, trips["duration_minutes"])
    copied = clone(transformer)
    assert copied.smoothing == 3.0
    before = trips.copy(deep=True)
    fitted = copied.fit(trips, trips["duration_minutes"])
    assert fitted is copied
    fitted.transform(trips)
    pd.testing.assert_frame_equal(trips, before)


def test_it_works_in_scikit_learns_pipelines(zones: pd.DataFrame, trips: pd.DataFrame) -> None:
    minutes = trips["duration_minutes"]
    pipeline = make_pipeline(FeatureTransformer(zones), HistGradientBoostingRegressor(max_iter=5))
    pipeline.set_params(featuretransformer__smoothing=3.0).fit(trips, minutes)
    assert repr(pipeline[0]).startswith("FeatureTransformer(folds=5, smoothing=3.0")
    alone = clone(pipeline[0]).fit(trips, minutes).transform(trips)
    assert pipeline.predict(trips).tolist() == pipeline[1].predict(alone).tolist()
    with pytest.raises(ValueError, match="FeatureTransformer has no smooth: it has folds"):
        pipeline[0].set_params(smooth=1.0)


def test_no_feature_is_unknown_at_the_time_of_the_request() -> None:
    assert all(feature.known_at_request for feature in FEATURES)
    assert not Feature("tip", "tip of the trip", "dollars", "meter").known_at_request
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_outcomes_of_a_trip_are_not_looked_at(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    outcomes = trips.assign(duration_minutes=1.0, tip_amount=9.0, dropoff_datetime="never")
    assert fitted.transform(outcomes).tobytes() == fitted.transform(trips).tobytes()


def test_no_requests_give_no_rows(fitted: FeatureTransformer) -> None:
    assert fitted.transform(make_trips(3).iloc[:0]).shape == (0, len(FEATURE_NAMES))


def test_requests_unlike_the_trips_that_were_learnt_from_are_flagged(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    farthest = trips["route_distance"].max()
    requests = {
        "pickup_datetime": ["2023-01-05", "2023-01-05", "2023-01-05", "2023-01-01", "2024-02-01"],
        "pickup_zone": [1, 264, 7, 1, 1],
        "dropoff_zone": [2, 1, 1, 2, 2],
        "route_distance": [1.0, np.nan, farthest + 0.1, 1.0, farthest],
    }
    found = {name: rows.tolist() for name, rows in fitted.flag(requests).items()}
    assert found == {
        "unknown_zone": [False, True, False, False, False],
        "unseen_zone": [False, False, True, False, False],
        "no_distance": [False, True, False, False, False],
        "outside_training_range": [False, False, True, True, True],
    }
    again = FeatureTransformer.from_files(fitted.to_files())
    assert {name: rows.tolist() for name, rows in again.flag(requests).items()} == found


def test_features_may_be_selected_by_any_iterable(fitted: FeatureTransformer) -> None:
    assert fitted.select(name for name in ("hour", "bearing")).selected_ == ("hour", "bearing")


def test_codes_do_not_depend_on_what_else_was_seen(
    zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    """The trees of the intervals go on with the codes of an earlier fit."""
    without = trips[(trips["pickup_zone"] != 1) & (trips["dropoff_zone"] != 1)]
    fits = [
        FeatureTransformer(zones).fit(rows, rows["duration_minutes"]) for rows in (without, trips)
    ]
    few, all_ = (named(fit, without)[["pickup_zone", "dropoff_zone"]] for fit in fits)
    pd.testing.assert_frame_equal(few, all_)
    assert named(fits[0], trips.query("pickup_zone == 1"))["pickup_zone"].eq(0).all()
