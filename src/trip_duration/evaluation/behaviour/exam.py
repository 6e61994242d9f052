"""What a check is, and what all checks need: the predictor, busy pairs, a usual day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.features.requests import ROUTE_DISTANCE
from trip_duration.models.predictor import Prediction
from trip_duration.params import BehaviourParams

ENDS = ["pickup_zone", "dropoff_zone"]
# a night hour, the morning rush, midday and the evening rush
HOURS = (3, 8, 13, 18)
_FEET_PER_MILE = 5280.0
_SATURDAY = 5

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = dict[str, npt.NDArray[np.bool_]]


class Predicts(Protocol):
    """What can be examined."""

    def predict(self, requests: Any) -> Prediction:
        """Return durations and their intervals, which may be NaN."""

    def flag(self, requests: Any) -> Flags:
        """Return which requests are out of the ordinary, by the name of the flag."""


@dataclass(frozen=True)
class Check:
    """The outcome of a check.

    Attributes:
        name: Which.
        passed: Whether the figure keeps the bound.
        figure: What was measured; None if the predictor raised an error.
        bound: What it was held against.
        words: Both in a sentence.
        lower: Lower end of the 95 % interval of the figure; None if chance has no part in it.
        upper: Upper end.
    """

    name: str
    passed: bool
    figure: float | None
    bound: float
    words: str
    lower: float | None = None
    upper: float | None = None

    @classmethod
    def of_count(cls, name: str, wrong: npt.ArrayLike, what: str) -> Self:
        """Make a check that nothing may fail.

        Args:
            name: Which.
            wrong: Whether each request was answered wrongly.
            what: What is wrong with them.
        """
        wrong = np.asarray(wrong, dtype=bool)
        count = int(wrong.sum())
        return cls(name, not count, count, 0, f"{count} of {wrong.size} {what}")

    @classmethod
    def of_share(cls, name: str, violates: npt.NDArray[np.bool_], bound: float, what: str) -> Self:
        """Make a check that a share of requests may violate, but surely no more.

        Args:
            name: Which.
            violates: Whether each request violates it. The check fails if the lower end of the
                interval of their share is above the bound.
            bound: Largest share that passes.
            what: What the share of requests does, and how far it goes.
        """
        share = float(violates.mean())
        lower, upper = bound_share(violates)
        words = (
            f"{share:.2%} of the requests ({lower:.2%} to {upper:.2%}) {what}; {bound:.1%} are "
            "allowed"
        )
        return cls(name, lower <= bound, share, bound, words, lower, upper)


def bound_share(holds: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the 95 % interval of a share of requests, those looked at being a sample of all.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - half a second that others need not pay

    ends = binomtest(int(holds.sum()), holds.size).proportion_ci(method="wilson")
    return float(ends.low), float(ends.high)


def bound_median(values: Floats) -> tuple[float, float]:
    """Return the 95 % interval of a median over requests, by their order statistics."""
    from scipy.stats import quantile_test  # noqa: PLC0415 - see bound_share

    ends = quantile_test(values, p=0.5).confidence_interval()
    return float(ends.low), float(ends.high)


@dataclass(frozen=True)
class Exam:
    """A predictor and what it is asked about.

    Attributes:
        predictor: What is examined.
        zones: Geometry by zone id.
        unseen: Zones on the map that no trip touches.
        pairs: The busiest pairs: their zones, and ``usual``, the median miles of their trips.
        day: The weekday with the most trips, midnight: an ordinary day that was learnt from.
        durations: Minutes of the trips, in order.
        requests: A sample of real requests: trips with a distance, evenly spaced in time.
        params: Bounds.
        answers: Every answer it has given so far.
    """

    predictor: Predicts
    zones: pd.DataFrame
    unseen: Integers
    pairs: pd.DataFrame
    day: pd.Timestamp
    durations: Floats
    requests: pd.DataFrame
    params: BehaviourParams
    answers: list[Prediction] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        predictor: Predicts,
        zones: pd.DataFrame,
        trips: pd.DataFrame,
        params: BehaviourParams,
    ) -> Self:
        """Look the busy pairs, the day and the unseen zones up.

        Raises:
            DataError: If there is no such day or pair, or no zone in the centre.
        """
        by_id = zones.set_index("zone")
        if params.centre not in set(zones["borough"]):
            raise DataError(
                f"no zone is in {params.centre}: set behaviour.centre to one of "
                f"{', '.join(sorted(set(zones['borough'])))}"
            )
        touched = {int(zone) for end in ENDS for zone in trips[end].unique()}
        unseen = np.array([zone for zone in zones["zone"] if zone not in touched], dtype=np.int64)
        durations = np.sort(trips["duration_minutes"].to_numpy(np.float64))
        pairs, day = find_busy_pairs(trips, params.busy_pairs), find_usual_day(trips)
        requests = sample_requests(trips, params.requests)
        return cls(predictor, by_id, unseen, pairs, day, durations, requests, params)

    def ask(self, requests: Any) -> Prediction:
        """Have requests answered, and keep the answers for the check of the intervals."""
        answer = self.predictor.predict(requests)
        self.answers.append(answer)
        return answer

    def usual(self) -> pd.DataFrame:
        """Return requests on the busy pairs at all hours, every second with its usual distance."""
        parts = [self.on_pairs(hour) for hour in HOURS]
        requests = pd.concat(parts, ignore_index=True)
        hidden = np.arange(len(requests)) % 2 == 0
        return requests.assign(**{ROUTE_DISTANCE: requests[ROUTE_DISTANCE].mask(hidden)})

    def sampled_requests(self, hour: int | None = None, distance: bool = True) -> pd.DataFrame:
        """Return the sample of real requests.

        Args:
            hour: If given, all of them are at this hour of the usual day.
            distance: Whether they have their distance.
        """
        changes: dict[str, Any] = {}
        if hour is not None:
            changes["pickup_datetime"] = self.at(hour).to_datetime64()
        if not distance:
            changes[ROUTE_DISTANCE] = np.nan
        return self.requests.assign(**changes)

    def on_pairs(self, hour: int) -> pd.DataFrame:
        """Return a request on each busy pair at an hour of the usual day, with its usual miles."""
        pickup, dropoff, miles = (self.pairs[name].to_numpy() for name in (*ENDS, "usual"))
        return make_requests(pickup, dropoff, self.at(hour), miles)

    def at(self, hour: int) -> pd.Timestamp:
        """Return an hour of the usual day."""
        return self.day + pd.Timedelta(hours=hour)

    def straight_miles(self, pickup: Integers, dropoff: Integers) -> Floats:
        """Return the straight distances between centroids of zones on the map."""
        ends = (self.zones.loc[ids, ["x", "y"]].to_numpy(np.float64) for ids in (pickup, dropoff))
        first, second = ends
        miles: Floats = np.hypot(*(second - first).T) / _FEET_PER_MILE
        return miles


def sample_requests(trips: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return requests of trips with a distance, evenly spaced in time.

    Args:
        trips: Trips.
        most: Number of requests, if there are so many trips.

    Raises:
        DataError: If no trip has a distance.
    """
    metered = trips[trips["trip_distance"] > 0].sort_values("pickup_datetime", kind="stable")
    if metered.empty:
        raise DataError("no trip has a distance: behaviour cannot be checked without any")
    rows = np.linspace(0, len(metered) - 1, min(most, len(metered))).astype(int)
    chosen = metered.iloc[rows]
    pickup, dropoff, miles = (chosen[name] for name in (*ENDS, "trip_distance"))
    return make_requests(pickup, dropoff, chosen["pickup_datetime"], miles)


def find_busy_pairs(trips: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the pairs of zones with the most trips, and the median miles of these.

    Raises:
        DataError: If no trip has a distance.
    """
    metered = trips.loc[trips["trip_distance"].notna(), [*ENDS, "trip_distance"]]
    count = metered.groupby(ENDS).size().sort_values(ascending=False, kind="stable").head(most)
    pairs = count.index.to_frame(index=False).astype(np.int64)
    if pairs.empty:
        raise DataError("no trip has a distance: behaviour cannot be checked without busy pairs")
    miles = metered.merge(pairs, on=ENDS).groupby(ENDS)["trip_distance"]
    return pairs.join(miles.median().rename("usual"), on=ENDS)


def find_usual_day(trips: pd.DataFrame) -> pd.Timestamp:
    """Return the weekday with the most trips, which is no holiday.

    Raises:
        DataError: If all trips are at weekends.
    """
    days = trips["pickup_datetime"].dt.normalize().value_counts().sort_index()
    workdays = days[pd.DatetimeIndex(days.index).dayofweek < _SATURDAY]
    if workdays.empty:
        raise DataError("no trip is on a weekday: behaviour cannot be checked without a rush hour")
    return pd.Timestamp(str(workdays.idxmax()))


def make_requests(
    pickup: npt.ArrayLike, dropoff: npt.ArrayLike, when: Any, miles: npt.ArrayLike = np.nan
) -> pd.DataFrame:
    """Put requests together of columns, or of values that hold for all of them."""
    time = np.asarray(when, dtype="datetime64[us]")
    start, end, at, distance = np.broadcast_arrays(pickup, dropoff, time, miles)
    return pd.DataFrame(
        {
            "pickup_datetime": at.ravel(),
            "pickup_zone": start.ravel().astype(np.int64),
            "dropoff_zone": end.ravel().astype(np.int64),
            ROUTE_DISTANCE: distance.ravel().astype(np.float64),
        }
    )
