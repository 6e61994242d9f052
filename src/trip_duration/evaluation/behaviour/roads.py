"""Checks of what everyone knows of the roads: longer takes longer, rush hours, airports.

Each check bounds the share of sampled requests that break a rule, with its 95 % interval.
"""

from __future__ import annotations

import numpy as np

from trip_duration.evaluation.behaviour.exam import (
    Check,
    Exam,
    Floats,
    bound_median,
    make_requests,
)
from trip_duration.features.requests import ROUTE_DISTANCE

_RUSH = (8, 9, 17, 18)
_NIGHT = (2, 3, 4)
# the hour with the emptiest roads, and one in daylight
_AIRPORT_HOURS = (3, 13)


def check_longer_distance(exam: Exam) -> Check:
    """Count requests that take less time when their route is longer."""
    requests, params = exam.sampled_requests(), exam.params
    longer = requests.assign(**{ROUTE_DISTANCE: requests[ROUTE_DISTANCE] * (1 + params.longer_by)})
    falls = 1 - exam.ask(longer).minutes / exam.ask(requests).minutes
    what = (
        f"are answered with over {params.fall_tolerance:.0%} less time when their route is "
        f"{params.longer_by:.0%} longer, the worst with {max(falls.max(), 0.0):.1%} less"
    )
    return Check.of_share(
        "longer_distance", falls > params.fall_tolerance, params.max_falling_share, what
    )


def check_rush_hour(exam: Exam) -> Check:
    """Compare the median request in the rush hour with night."""
    ratios, bound = _rush_ratios(exam).mean(axis=0), exam.params.min_rush_ratio
    ratio, (lower, upper) = float(np.median(ratios)), bound_median(ratios)
    words = (
        f"the median request takes {ratio:.3f} times ({lower:.3f} to {upper:.3f}) as long in the "
        f"rush hour as at night; {bound:.2f} at least are expected"
    )
    return Check("rush_hour", upper >= bound, ratio, bound, words, lower, upper)


def check_faster_in_rush_hour(exam: Exam) -> Check:
    """Count requests that are clearly faster in the rush hour, without their distance or with."""
    tolerance, ratios = exam.params.rush_tolerance, _rush_ratios(exam).min(axis=0)
    what = (
        f"take over {tolerance:.0%} less time in the rush hour than at night, the worst "
        f"{max(1 - ratios.min(), 0.0):.1%} less"
    )
    faster, bound = ratios < 1 - tolerance, exam.params.max_faster_share
    return Check.of_share("faster_in_rush_hour", faster, bound, what)


def _rush_ratios(exam: Exam) -> Floats:
    """Return rush hour against night: a row without distances and one with, a column a request."""
    parts = []
    for distance in (False, True):
        rush, night = (
            np.mean(
                [exam.ask(exam.sampled_requests(hour, distance)).minutes for hour in hours], axis=0
            )
            for hours in (_RUSH, _NIGHT)
        )
        parts.append(rush / night)
    return np.stack(parts)


def check_airports(exam: Exam) -> Check:
    """Count ways from the centre to an airport that are faster than any road allows."""
    centre = exam.zones.index[exam.zones["borough"] == exam.params.centre].to_numpy(np.int64)
    airports = exam.zones.index[exam.zones["airport"]].to_numpy(np.int64)
    pickup, dropoff = np.repeat(centre, len(airports)), np.tile(airports, len(centre))
    miles = exam.straight_miles(pickup, dropoff)
    far = miles >= exam.params.airport_miles
    pickup, dropoff, miles = pickup[far], dropoff[far], miles[far]
    bound, limit = exam.params.max_speeding_share, exam.params.speed_limit
    if not len(miles):
        return Check("airports", True, 0.0, bound, "no airport is far from the centre")
    times = np.array([exam.at(hour).to_datetime64() for hour in _AIRPORT_HOURS])[:, None, None]
    # the shortest distance that a caller could give, and none
    distances = np.stack([miles, np.full(len(miles), np.nan)])
    minutes = exam.ask(make_requests(pickup, dropoff, times, distances)).minutes
    speeds = miles / (minutes.reshape(-1, len(miles)) / 60)
    share = float((speeds > limit).mean())
    fastest = int(speeds.max(axis=0).argmax())
    words = (
        f"{share:.1%} of the ways from the centre to an airport are faster than {limit:g} miles "
        f"per hour along a straight line, the fastest {speeds.max():.1f} from zone "
        f"{pickup[fastest]} to {dropoff[fastest]}, {miles[fastest]:.1f} miles; {bound:.1%} are "
        "allowed"
    )
    return Check("airports", share <= bound, share, bound, words)
