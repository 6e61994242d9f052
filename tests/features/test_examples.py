"""How trips become examples, and which features are chosen for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trip_duration.features import FeatureTransformer
from trip_duration.features.examples import Examples, choose_features, fit_features, present
from trip_duration.features.transformer import FEATURES
from trip_duration.params import FeatureEngineeringParams, SelectionParams

PARAMS = FeatureEngineeringParams.model_validate(
    {
        "train_months": "2023-01",
        "test_months": "2023-02",
        "num_threads": 1,
        "selection": {"trees": 5},
    }
)


def _fit(
    zones: pd.DataFrame, trips: pd.DataFrame, params: FeatureEngineeringParams
) -> tuple[FeatureTransformer, Examples, Examples]:
    known = trips.rename(columns={"route_distance": "trip_distance"})
    return fit_features(known[:300], known[300:], zones, params)


@pytest.mark.parametrize("method", ["none", "gain", "permutation"])
@pytest.mark.parametrize("sources", ["calendar request", "zones history request"])
def test_features_of_other_sources_are_dropped(
    zones: pd.DataFrame, trips: pd.DataFrame, method: str, sources: str
) -> None:
    settings = SelectionParams.model_validate({"sources": sources, "method": method, "trees": 5})
    params = PARAMS.model_copy(update={"selection": settings})
    transformer, train, validation = _fit(zones, trips, params)
    chosen = choose_features(train, validation, transformer, params)
    allowed = {feature.name for feature in FEATURES if feature.source in sources.split()}
    assert chosen["kept"]
    assert set(chosen["kept"]) <= allowed
    assert sorted(chosen["kept"] + chosen["dropped"]) == sorted(f.name for f in FEATURES)
    if method == "none":
        assert set(chosen["kept"]) == allowed
    else:
        assert set(chosen["importance"]) == allowed
        assert np.isclose(sum(chosen["importance"].values()), 1)


def test_without_history_nothing_that_is_made_of_it_is_left() -> None:
    source_of = {feature.name: feature.source for feature in FEATURES}
    made_of_history = ("typical_duration", "hour_pace", "route_detour", "route_duration")
    assert {source_of[name] for name in made_of_history} == {"history"}


def test_examples_are_the_same_after_a_frame(zones: pd.DataFrame, trips: pd.DataFrame) -> None:
    transformer, train, _ = _fit(zones, trips, PARAMS)
    frame = train.to_frame(transformer)
    assert list(frame.columns) == [*transformer.selected_, "duration_minutes"]
    again = Examples.from_frame(frame)
    np.testing.assert_array_equal(again.matrix, train.matrix)
    np.testing.assert_array_equal(again.minutes, train.minutes)


def test_thinning_keeps_rows_that_are_evenly_spaced() -> None:
    rows = Examples(np.arange(10, dtype=np.float32).reshape(-1, 1), np.arange(10.0))
    assert rows.thin(4).minutes.tolist() == [0, 3, 6, 9]
    assert rows.thin(5).matrix[:, 0].tolist() == [0, 2, 4, 6, 8]
    assert rows.thin(10).minutes.tolist() == rows.thin(99).minutes.tolist() == rows.minutes.tolist()


def test_trips_are_presented_with_their_distance_without_it_or_both(
    zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    transformer, train, _ = _fit(zones, trips, PARAMS)
    narrow = transformer.select(("hour", "route_distance"))
    given, hidden, both = (
        present(train, transformer, narrow, ways)
        for ways in ("with_distance", "without_distance", "both")
    )
    assert given.matrix.shape == hidden.matrix.shape == (len(train.minutes), 2)
    assert not np.isnan(given.matrix).any()
    assert np.isnan(hidden.matrix[:, 1]).all()
    np.testing.assert_array_equal(hidden.matrix[:, 0], given.matrix[:, 0])
    np.testing.assert_array_equal(both.matrix, np.concatenate([given.matrix, hidden.matrix]))
    assert both.minutes.tolist() == [*train.minutes, *train.minutes]


def test_what_a_small_model_makes_little_of_is_dropped(
    zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    strict = PARAMS.selection.model_copy(update={"min_share": 0.05})
    params = PARAMS.model_copy(update={"selection": strict})
    transformer, train, later = _fit(zones, trips, params)
    chosen = choose_features(train, later, transformer, params)
    shares = chosen["importance"]
    needed = {"hour", "pickup_zone", "dropoff_zone"}
    assert chosen["kept"] == [
        name for name in transformer.selected_ if shares[name] >= 0.05 or name in needed
    ]
    assert min(shares[name] for name in needed) < 0.05
    assert "dropoff_airport" in chosen["dropped"]  # the same in all trips
