"""Each check of behaviour fails the predictor built to fail it, and passes real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from trip_duration.errors import DataError
from trip_duration.evaluation.behaviour import CHECKS, Check, Exam, check_behaviour
from trip_duration.evaluation.behaviour.exam import (
    Flags,
    find_busy_pairs,
    find_usual_day,
    sample_requests,
)
from trip_duration.features import as_requests
from trip_duration.models import Predictor
from trip_duration.models.predictor import Prediction
from trip_duration.models.training import make_training_set, train
from trip_duration.params import BehaviourParams, FeatureEngineeringParams, ModellingParams

__all__ = ["zones"]
FEATURES = FeatureEngineeringParams(train_months="2023-01", test_months="2023-02")
BOUNDS = BehaviourParams()
RUSH, NIGHT = (8, 9, 17, 18), (2, 3, 4)
# usual requests: nine pairs of the small city at four hours
USUAL = 36


def make_city_trips() -> pd.DataFrame:
    """Trips of the small city, longer in the rush hour and shorter at night."""
    trips = make_trips(6_000).rename(columns={"route_distance": "trip_distance"})
    hour = trips["pickup_datetime"].dt.hour
    pace = 1 + 0.4 * hour.isin(RUSH) - 0.3 * hour.isin(NIGHT)
    return trips.assign(duration_minutes=trips["duration_minutes"] * pace)


@pytest.fixture(scope="module")
def trips() -> pd.DataFrame:
    return make_city_trips()


def train_family(family: str, trips: pd.DataFrame, zones: pd.DataFrame) -> Predictor:
    small = {"num_trees": 60, "num_leaves": 15, "min_data_in_leaf": 20}
    settings = {"quantiles": {"num_trees": 20, "num_leaves": 7}}
    params = ModellingParams(model_type=family, lightgbm=small, intervals=settings)
    begin = pd.Timestamp("2023-01-13")
    return train(make_training_set(trips, begin, zones, FEATURES), params, {}).predictor


@pytest.fixture(scope="module")
def predictors() -> dict[str, Predictor]:
    """Those that were trained already, by family."""
    return {}


Make = Callable[[str], Predictor]


@pytest.fixture
def make(predictors: dict[str, Predictor], trips: pd.DataFrame, zones: pd.DataFrame) -> Make:
    """Train a family once."""

    def trained(family: str) -> Predictor:
        if family not in predictors:
            predictors[family] = train_family(family, trips, zones)
        return predictors[family]

    return trained


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_real_predictors_pass_every_check(
    family: str, make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    checks = check_behaviour(make(family), zones, trips, BOUNDS)
    assert [check.words for check in checks if not check.passed] == []
    assert [check.name for check in checks] == list(CHECKS)


def test_the_table_fails_where_it_has_no_cell_for_it_knows_no_map(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    checks = check_behaviour(make("lookup"), zones, trips, BOUNDS)
    assert failed(checks) == ["unseen_zones"]
    (check,) = (check for check in checks if not check.passed)
    assert check.figure is not None
    assert check.figure > BOUNDS.max_unlike_share
    # it has the same answer for zone 7 to zones 1, 2 and 5, a mile or more further away each
    assert float(check.words.split("at most ")[1].split(";")[0]) == pytest.approx(2.33, rel=0.15)


@dataclass(frozen=True)
class Spoilt:
    """A real predictor whose answers or flags are spoilt."""

    real: Predictor

    def predict(self, requests: Any) -> Prediction:
        return self.real.predict(requests)

    def flag(self, requests: Any) -> Flags:
        return self.real.flag(requests)

    def scaled(self, requests: Any, factor: Any) -> Prediction:
        return Prediction(*(column * factor for column in self.real.predict(requests)))


class MindsTheOrderOfRows(Spoilt):
    """Adds a billionth for each row before, to the usual requests."""

    def predict(self, requests: Any) -> Prediction:
        rows = len(as_requests(requests))
        return self.scaled(requests, 1 + 1e-9 * np.arange(rows) * (rows == USUAL))


class MindsTheOrderOfColumns(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        return self.scaled(requests, 1 if next(iter(requests)) == "pickup_datetime" else 1 + 1e-9)


class MindsTheSizeOfTheBatch(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        return self.scaled(requests, 1 + 1e-9 * (len(as_requests(requests)) == 1))


class TakesUtcForLocal(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        as_requests(requests)  # what cannot be read is another check's
        times = pd.DatetimeIndex(requests["pickup_datetime"])
        naive = times if times.tz is None else times.tz_localize(None)
        return self.real.predict({**requests, "pickup_datetime": naive})


class TakesTheSecondOfTwoHoursForTheNext(Spoilt):
    """Reads an aware time right but for the hour that repeats."""

    def predict(self, requests: Any) -> Prediction:
        as_requests(requests)
        times = pd.DatetimeIndex(requests["pickup_datetime"])
        if times.tz is not None:
            summer = times + pd.Timedelta(hours=1)
            repeats = (times.tz_convert("America/New_York").hour == 1) & (
                summer.tz_convert("America/New_York").hour == 1
            )
            times = times.where(~repeats, times - pd.Timedelta(hours=2))
        return self.real.predict({**requests, "pickup_datetime": times})


class TakesNoneForZero(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        miles = as_requests(requests).route_distance
        if "route_distance" in requests and requests["route_distance"].dtype == object:
            miles = np.nan_to_num(miles)
        return self.real.predict({**requests, "route_distance": miles})


class DoesNotSayThatThereIsNoDistance(Spoilt):
    def flag(self, requests: Any) -> Flags:
        flags = self.real.flag(requests)
        return {**flags, "no_distance": np.zeros_like(flags["no_distance"])}


class ShortensLongerDistances(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        miles = np.nan_to_num(as_requests(requests).route_distance)
        return self.scaled(requests, np.where((miles > 3) & (miles < 100), 0.4, 1.0))


class IsFasterInTheRush(Spoilt):
    """Every pair by a little: none by more than the tolerance."""

    def predict(self, requests: Any) -> Prediction:
        asked = as_requests(requests)
        hour = pd.DatetimeIndex(asked.pickup_datetime).hour.to_numpy()
        alike = np.where(np.isin(hour, RUSH + NIGHT), 17 - hour, 0).astype("timedelta64[h]")
        asked = replace(asked, pickup_datetime=asked.pickup_datetime + alike)
        return self.scaled(asked, np.where(np.isin(hour, NIGHT), 1 / 0.97, 1.0))


class IsSlowAtNightFromAZone(Spoilt):
    """A few pairs by far: the median does not see it."""

    def predict(self, requests: Any) -> Prediction:
        asked = as_requests(requests)
        night = pd.DatetimeIndex(asked.pickup_datetime).hour.isin([2, 4])
        return self.scaled(requests, np.where(night & (asked.pickup_zone == 2), 10.0, 1.0))


class FliesToTheAirportAtNight(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        asked = as_requests(requests)
        night = pd.DatetimeIndex(asked.pickup_datetime).hour == 3
        return self.scaled(requests, np.where(night & (asked.dropoff_zone == 7), 0.1, 1.0))


class IsLostOffTheMap(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        unknown = self.real.flag(requests)["unknown_zone"]
        return self.scaled(requests, np.where(unknown, 0.4, 1.0))


class IsLostInNewZones(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        unseen = self.real.flag(requests)["unseen_zone"]
        return self.scaled(requests, np.where(unseen, 3.0, 1.0))


class FlagsNoUnknownZone(Spoilt):
    def flag(self, requests: Any) -> Flags:
        flags = self.real.flag(requests)
        # what cannot be read is another check's
        unknown = flags["unknown_zone"] & (len(as_requests(requests)) == 1)
        return {**flags, "unknown_zone": unknown}


class FlagsNoUnseenZone(Spoilt):
    def flag(self, requests: Any) -> Flags:
        flags = self.real.flag(requests)
        return {**flags, "unseen_zone": np.zeros_like(flags["unseen_zone"])}


class FlagsEveryZone(Spoilt):
    def flag(self, requests: Any) -> Flags:
        flags = self.real.flag(requests)
        return {**flags, "unseen_zone": np.ones_like(flags["unseen_zone"])}


class TrustsAnyDistance(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        miles = as_requests(requests).route_distance
        return self.scaled(requests, np.where(miles > 1e5, miles, 1.0))


class AnswersNothingWithinAZone(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        asked = as_requests(requests)
        same = (asked.pickup_zone == asked.dropoff_zone) & (asked.pickup_zone == 7)
        return self.scaled(requests, np.where(same, 0.0, 1.0))


class ForgetsDistantTimes(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        far = as_requests(requests).pickup_datetime < np.datetime64("1980-01-01")
        return self.scaled(requests, np.where(far, np.nan, 1.0))


class FlagsNothingOutside(Spoilt):
    def flag(self, requests: Any) -> Flags:
        flags = self.real.flag(requests)
        name = "outside_training_range"
        return {**flags, name: np.zeros_like(flags[name])}


class ReadsAnything(Spoilt):
    """Takes what is no zone for zone 1, without a word."""

    def read(self, requests: Any) -> Any:
        if len(requests["pickup_zone"]) > 1:
            return requests
        ends = {
            name: pd.to_numeric(pd.Series(requests[name]), errors="coerce").fillna(1).to_numpy()
            for name in ("pickup_zone", "dropoff_zone")
        }
        return {**requests, **ends}

    def predict(self, requests: Any) -> Prediction:
        return self.real.predict(self.read(requests))

    def flag(self, requests: Any) -> Flags:
        return self.real.flag(self.read(requests))


class CrossesItsIntervals(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        minutes, lower, upper = self.real.predict(requests)
        return Prediction(minutes, upper, lower)


class IsCertain(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        minutes = self.real.predict(requests).minutes
        return Prediction(minutes, minutes, minutes)


class LosesSomeIntervals(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        minutes, lower, upper = self.real.predict(requests)
        return Prediction(minutes, np.where(minutes > 15, np.nan, lower), upper)


BUILT_TO_FAIL: list[tuple[type[Spoilt], str]] = [
    (MindsTheOrderOfColumns, "order_of_columns"),
    (TakesUtcForLocal, "time_zones"),
    (TakesTheSecondOfTwoHoursForTheNext, "time_zones"),
    (TakesNoneForZero, "no_distance"),
    (DoesNotSayThatThereIsNoDistance, "no_distance"),
    (ShortensLongerDistances, "longer_distance"),
    (IsFasterInTheRush, "rush_hour"),
    (IsSlowAtNightFromAZone, "faster_in_rush_hour"),
    (FliesToTheAirportAtNight, "airports"),
    (IsLostOffTheMap, "unknown_zones"),
    (IsLostInNewZones, "unseen_zones"),
    (FlagsNoUnknownZone, "zone_flags"),
    (FlagsNoUnseenZone, "zone_flags"),
    (FlagsEveryZone, "zone_flags"),
    (TrustsAnyDistance, "extremes"),
    (FlagsNothingOutside, "extreme_flags"),
    (ReadsAnything, "unreadable_values"),
    (CrossesItsIntervals, "intervals"),
    (IsCertain, "intervals"),
    (LosesSomeIntervals, "intervals"),
]


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.passed]


@pytest.mark.parametrize(("spoilt", "name"), BUILT_TO_FAIL)
def test_a_check_fails_the_predictor_built_to_fail_it_and_no_other_does(
    spoilt: type[Spoilt], name: str, make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    checks = check_behaviour(spoilt(make("linear")), zones, trips, BOUNDS)
    assert failed(checks) == [name]


@pytest.mark.parametrize(
    ("spoilt", "names"),
    [
        # a row's place in the batch is its order and its company; a lost interval is no interval
        (MindsTheOrderOfRows, ["order_of_rows", "batch_and_single"]),
        (MindsTheSizeOfTheBatch, ["batch_and_single"]),
        (AnswersNothingWithinAZone, ["extremes", "intervals"]),
        (ForgetsDistantTimes, ["extremes", "intervals"]),
    ],
)
def test_what_breaks_two_promises_fails_both(
    spoilt: type[Spoilt],
    names: list[str],
    make: Make,
    zones: pd.DataFrame,
    trips: pd.DataFrame,
) -> None:
    checks = check_behaviour(spoilt(make("linear")), zones, trips, BOUNDS)
    assert failed(checks) == names


def test_every_check_has_a_predictor_built_to_fail_it() -> None:
    others = {"order_of_rows", "batch_and_single"}
    assert {name for _, name in BUILT_TO_FAIL} | others == set(CHECKS)


class Raises(Spoilt):
    def predict(self, requests: Any) -> Prediction:
        if self.real.flag(requests)["unknown_zone"].any():
            raise KeyError("no such zone")
        return self.real.predict(requests)


def test_a_predictor_that_raises_has_failed_and_the_others_are_run(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    checks = check_behaviour(Raises(make("linear")), zones, trips, BOUNDS)
    assert failed(checks) == ["unknown_zones", "extremes", "unreadable_values"]
    unknown = next(check for check in checks if check.name == "unknown_zones")
    assert unknown.figure is None
    assert "KeyError" in unknown.words
    assert "no such zone" in unknown.words


def test_a_figure_is_held_against_its_bound(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    def check(**bounds: float) -> Check:
        params = BOUNDS.model_copy(update=bounds)
        return CHECKS["airports"](Exam.of(make("linear"), zones, trips, params))

    # a limit that some ways are faster than, and some not
    limits = (limit for limit in np.arange(5.0, 50.0) if check(speed_limit=limit).figure != 1)
    limit = next(limits)
    figure = check(speed_limit=limit).figure
    assert figure is not None
    assert 0 < figure < 1
    for bound, passed in ((figure, True), (figure * 0.999, False)):
        judged = check(speed_limit=limit, max_speeding_share=bound)
        assert (judged.passed, judged.bound) == (passed, bound)


def test_a_share_fails_only_where_chance_leaves_no_doubt(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    spoilt = ShortensLongerDistances(make("linear"))
    check = CHECKS["longer_distance"](Exam.of(spoilt, zones, trips, BOUNDS))
    assert check.figure is not None
    assert check.lower is not None
    assert check.upper is not None
    assert 0.02 < check.lower < check.figure < check.upper < 1
    for bound, passed in ((check.lower, True), (check.lower * 0.999, False)):
        strict = BOUNDS.model_copy(update={"max_falling_share": bound})
        again = CHECKS["longer_distance"](Exam.of(spoilt, zones, trips, strict))
        assert (again.passed, again.bound) == (passed, bound)


def test_sampled_requests_are_metered_trips_evenly_spaced_in_time() -> None:
    trips = make_trips(1_000).rename(columns={"route_distance": "trip_distance"})
    trips.loc[::2, "trip_distance"] = np.nan
    requests = sample_requests(trips.iloc[::-1], 100)
    assert len(requests) == 100
    assert requests["pickup_datetime"].is_monotonic_increasing
    assert requests["route_distance"].notna().all()
    numbers = np.flatnonzero(trips["pickup_datetime"].isin(requests["pickup_datetime"]))
    assert np.diff(numbers).max() <= 14
    with pytest.raises(DataError, match="no trip has a distance"):
        sample_requests(trips.assign(trip_distance=np.nan), 100)


def test_the_table_without_intervals_says_so(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    plain = make("lookup").with_intervals(None)
    check = check_behaviour(plain, zones, trips, BOUNDS)[-1]
    assert (check.name, check.passed) == ("intervals", True)
    assert check.words == "the predictor has no intervals"


def test_a_city_without_airports_or_new_zones_says_so(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    exam = Exam.of(make("linear"), zones.iloc[:3], trips, BOUNDS)
    assert exam.unseen.tolist() == []
    assert CHECKS["airports"](exam).words == "no airport is far from the centre"
    assert CHECKS["unseen_zones"](exam).words == "every zone has training trips"


def test_busy_pairs_are_those_with_the_most_trips() -> None:
    trips = pd.DataFrame(
        {
            "pickup_zone": [1, 1, 1, 2, 2, 5],
            "dropoff_zone": [2, 2, 2, 1, 1, 5],
            "trip_distance": [1.0, 2.0, 3.0, 4.0, np.nan, 1.0],
        }
    )
    pairs = find_busy_pairs(trips, 2)
    assert pairs[["pickup_zone", "dropoff_zone"]].to_numpy().tolist() == [[1, 2], [2, 1]]
    assert pairs["usual"].tolist() == [2.0, 4.0]
    with pytest.raises(DataError, match="no trip has a distance"):
        find_busy_pairs(trips.assign(trip_distance=np.nan), 2)


def test_the_usual_day_is_the_weekday_with_the_most_trips() -> None:
    # a Saturday with three trips, a Monday with two, a Tuesday with one
    days = ["2023-01-07"] * 3 + ["2023-01-09"] * 2 + ["2023-01-10"]
    trips = pd.DataFrame({"pickup_datetime": pd.to_datetime(days) + pd.Timedelta(hours=5)})
    assert find_usual_day(trips) == pd.Timestamp("2023-01-09")
    with pytest.raises(DataError, match="weekday"):
        find_usual_day(trips.iloc[:3])


def test_a_centre_that_is_not_on_the_map_is_refused_by_name(
    make: Make, zones: pd.DataFrame, trips: pd.DataFrame
) -> None:
    params = BOUNDS.model_copy(update={"centre": "Manhatten"})
    with pytest.raises(DataError, match=r"Manhatten.*Manhattan, Queens"):
        check_behaviour(make("linear"), zones, trips, params)
