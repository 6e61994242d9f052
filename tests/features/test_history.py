"""History leans on coarser levels where trips are few, and its values are those of hand."""

from __future__ import annotations

import numpy as np
import pytest

from trip_duration.features.history import Trips, day_hour, learn_history


def trips_of(pickup: list[int], minutes: list[float], hour: int = 10) -> Trips:
    size = len(pickup)
    return Trips(
        pickup=np.array(pickup),
        dropoff=np.ones(size, dtype=np.int64),
        hour=np.full(size, hour),
        street=np.full(size, 1.5),
        minutes=np.array(minutes),
        miles=np.full(size, 4.0),
    )


def test_one_pair_has_its_own_pace() -> None:
    history = learn_history(trips_of([2, 2], [10.0, 10.0]), zones=4, smoothing=1.0)
    values = history.features(np.array([2]), np.array([1]), np.array([10]), np.array([1.5]))
    np.testing.assert_allclose(values[0, :3], [10.0, 4.0, 24.0], rtol=1e-6)


def test_a_pair_never_seen_leans_on_its_zones_and_these_on_the_city() -> None:
    fast_and_slow = trips_of([2] * 50 + [3] * 50, [5.0] * 50 + [20.0] * 50)
    history = learn_history(fast_and_slow, zones=5, smoothing=1.0)
    city = np.log(10.0) - np.log(2.0)
    assert history.pace[4, 4] == pytest.approx(city)
    assert city > history.pace[2, 4] > history.pace[2, 1]
    assert city < history.pace[3, 4] < history.pace[3, 1]


def test_smoothing_by_hand() -> None:
    """One trip of 20 minutes among trips of 5: three levels of one trip's weight each."""
    history = learn_history(trips_of([2, 2, 2, 3], [5.0, 5.0, 5.0, 20.0]), zones=4, smoothing=2.0)
    logs = np.log([5.0, 5.0, 5.0, 20.0]) - np.log(2.0)
    city = logs.mean()
    zone = (logs[3] - city) / (1 + 2)
    to_zone = (logs - city).sum() / (4 + 2)
    prior = (zone + to_zone) / 2
    expected = city + ((logs[3] - city) + 2 * prior) / (1 + 2)
    assert history.pace[3, 1] == pytest.approx(expected)


def test_a_slow_hour_has_a_higher_pace() -> None:
    calm, rush = trips_of([2] * 40, [10.0] * 40, hour=3), trips_of([2] * 40, [20.0] * 40, hour=17)
    both = Trips(
        *(
            np.concatenate([getattr(calm, name), getattr(rush, name)])
            for name in Trips.__dataclass_fields__
        )
    )
    history = learn_history(both, zones=4, smoothing=1e-9)
    assert history.hour_pace[17] - history.hour_pace[3] == pytest.approx(np.log(2.0))
    assert history.hour_pace[100] == 0.0


def test_trips_without_a_metered_distance_teach_no_distance() -> None:
    trips = trips_of([2, 2], [10.0, 10.0])
    trips.miles[:] = [np.nan, 0.0]
    history = learn_history(trips, zones=4, smoothing=1.0)
    assert history.detour.tolist() == np.zeros((4, 4)).tolist()


def test_hours_of_workdays_and_of_the_weekend() -> None:
    assert day_hour(np.array([0, 23, 119, 120, 167])).tolist() == [0, 23, 23, 24, 47]
