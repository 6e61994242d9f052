"""Checks that the same request gets the same answer, to the bit, in whatever form it comes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.evaluation.behaviour.exam import Check, Exam
from trip_duration.features.requests import ROUTE_DISTANCE
from trip_duration.models.predictor import Prediction
from trip_duration.months import TIME_ZONE

_SINGLES = 36
# hours looked at on either side of a change of the clock
_AROUND = 3


def check_order_of_rows(exam: Exam) -> Check:
    """Ask the same requests in reverse order."""
    requests = exam.usual()
    forth, back = exam.ask(requests), exam.ask(requests.iloc[::-1])
    differ = unlike(forth, Prediction(*(column[::-1] for column in back)))
    return Check.of_count("order_of_rows", differ, "requests get another answer in another order")


def check_order_of_columns(exam: Exam) -> Check:
    """Ask the same requests with their columns in reverse order."""
    requests = exam.usual()
    differ = unlike(exam.ask(requests), exam.ask(requests[requests.columns[::-1]]))
    what = "requests get another answer when their columns are in another order"
    return Check.of_count("order_of_columns", differ, what)


def check_batch_and_single(exam: Exam) -> Check:
    """Ask requests one by one that were asked together."""
    requests = exam.usual()
    chosen = np.linspace(0, len(requests) - 1, min(_SINGLES, len(requests))).astype(int)
    together = Prediction(*(column[chosen] for column in exam.ask(requests)))
    alone = [exam.ask(requests.iloc[[row]]) for row in chosen]
    differ = unlike(together, Prediction(*map(np.concatenate, zip(*alone, strict=True))))
    return Check.of_count("batch_and_single", differ, "requests get another answer when alone")


def check_time_zones(exam: Exam) -> Check:
    """Ask at instants told in local time, in New York's zone and in UTC, around clock changes."""
    instants = _instants(exam.day)
    local = instants.tz_convert(TIME_ZONE)
    rows = exam.pairs.iloc[np.arange(len(instants)) % len(exam.pairs)]
    told = [
        exam.ask(
            {
                "pickup_datetime": times,
                "pickup_zone": rows["pickup_zone"].to_numpy(),
                "dropoff_zone": rows["dropoff_zone"].to_numpy(),
            }
        )
        for times in (local.tz_localize(None), local, instants)
    ]
    differ = unlike(told[0], told[1]) | unlike(told[0], told[2])
    what = "instants get another answer when told in another time zone"
    return Check.of_count("time_zones", differ, what)


def _instants(day: pd.Timestamp) -> pd.DatetimeIndex:
    """Return half past every hour of a day, and around both changes of the clock of its year."""
    first = pd.Timestamp(year=day.year, month=1, day=1, tz="UTC")
    hours = pd.date_range(first, first + pd.DateOffset(years=1), freq="h", unit="us")
    offset = hours.tz_convert(TIME_ZONE).tz_localize(None) - hours.tz_localize(None)
    changes = np.flatnonzero(np.diff(offset.to_numpy()))
    around = changes[:, None] + np.arange(-_AROUND, _AROUND + 1)
    usual = hours.searchsorted(day.tz_localize("UTC")) + np.arange(24)
    return hours[np.unique(np.append(usual, around))] + pd.Timedelta(minutes=30)


def check_no_distance(exam: Exam) -> Check:
    """Ask without the column of distances, and with one that says nothing."""
    requests = exam.usual().drop(columns=ROUTE_DISTANCE)
    without = exam.ask(requests)
    nothing = [
        requests.assign(**{ROUTE_DISTANCE: np.nan}),
        requests.assign(**{ROUTE_DISTANCE: pd.Series([None] * len(requests), dtype=object)}),
    ]
    differ = np.logical_or.reduce([unlike(without, exam.ask(form)) for form in nothing])
    differ |= ~exam.predictor.flag(requests)["no_distance"]
    what = "requests without a distance are not flagged, or get another answer with an empty one"
    return Check.of_count("no_distance", differ, what)


def unlike(one: Prediction, other: Prediction) -> npt.NDArray[np.bool_]:
    """Tell which answers differ in any bit."""
    first, second = np.column_stack(one), np.column_stack(other)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    differ: npt.NDArray[np.bool_] = ~same.all(axis=1)
    return differ
