"""Checks of what everyone knows of the roads: longer takes longer, rush hours, airports."""

from __future__ import annotations

import numpy as np

from trip_duration.evaluation.behaviour.exam import ENDS, HOURS, Check, Exam, Floats, make_requests

_GRID = 12
# distances are looked at up to so many times the usual one of a pair
_LONGEST = 3.0
_RUSH = (8, 9, 17, 18)
_NIGHT = (2, 3, 4)
# the hour with the emptiest roads, and one in daylight
_AIRPORT_HOURS = (3, 13)


def check_longer_distance(exam: Exam) -> Check:
    """Lengthen the distance on busy pairs and look for answers that fall."""
    short, usual = exam.pairs["short"].to_numpy(), exam.pairs["usual"].to_numpy()
    steps = np.linspace(0, 1, _GRID)[:, None]
    miles = short + steps * (_LONGEST * usual - short)
    pickup, dropoff = (exam.pairs[end].to_numpy() for end in ENDS)
    times = np.array([exam.at(hour).to_datetime64() for hour in HOURS])[:, None, None]
    requests = make_requests(pickup, dropoff, times, miles)
    minutes = exam.ask(requests).minutes.reshape(len(HOURS), *miles.shape)
    drops = 1 - minutes / np.maximum.accumulate(minutes, axis=1)
    worst = np.unravel_index(drops.argmax(), drops.shape)
    drop, bound = float(drops[worst]), exam.params.max_drop
    words = (
        f"of two distances the longer takes up to {drop:.1%} less: {miles[worst[1:]]:.1f} miles "
        f"from zone {pickup[worst[2]]} to {dropoff[worst[2]]} at {HOURS[worst[0]]}:00; "
        f"{bound:.1%} are allowed"
    )
    return Check("longer_distance", drop <= bound, drop, bound, words)


def check_rush_hour(exam: Exam) -> Check:
    """Compare the median busy pair in the rush hour with night."""
    ratio, bound = float(np.median(_rush_ratios(exam))), exam.params.min_rush_ratio
    words = (
        f"the median busy pair takes {ratio:.2f} times as long in the rush hour as at night; "
        f"{bound:.2f} at least are expected"
    )
    return Check("rush_hour", ratio >= bound, ratio, bound, words)


def check_rush_hour_pairs(exam: Exam) -> Check:
    """Count busy pairs that are clearly faster in the rush hour than at night."""
    tolerance, bound = exam.params.rush_tolerance, exam.params.max_faster_pairs
    share = float((_rush_ratios(exam) < 1 - tolerance).mean())
    words = (
        f"{share:.1%} of the busy pairs are faster in the rush hour than at night by more than "
        f"{tolerance:.0%}; {bound:.1%} are allowed"
    )
    return Check("rush_hour_pairs", share <= bound, share, bound, words)


def _rush_ratios(exam: Exam) -> Floats:
    """Return rush hour against night for each busy pair, without distance and with the usual."""
    parts = []
    for miles in (np.nan, None):
        rush, night = (
            np.mean([exam.ask(exam.on_pairs(hour, miles)).minutes for hour in hours], axis=0)
            for hours in (_RUSH, _NIGHT)
        )
        parts.append(rush / night)
    return np.concatenate(parts)


def check_airports(exam: Exam) -> Check:
    """Look for the fastest way from the centre to an airport, along a straight line."""
    centre = exam.zones.index[exam.zones["borough"] == exam.params.centre].to_numpy(np.int64)
    airports = exam.zones.index[exam.zones["airport"]].to_numpy(np.int64)
    pickup, dropoff = np.repeat(centre, len(airports)), np.tile(airports, len(centre))
    miles = exam.straight_miles(pickup, dropoff)
    far = miles >= exam.params.airport_miles
    pickup, dropoff, miles = pickup[far], dropoff[far], miles[far]
    bound = exam.params.max_airport_speed
    if not len(miles):
        return Check("airports", True, 0.0, bound, "no airport is far from the centre")
    times = np.array([exam.at(hour).to_datetime64() for hour in _AIRPORT_HOURS])[:, None, None]
    # the shortest distance that a caller could give, and none
    known = np.stack([miles, np.full(len(miles), np.nan)])
    minutes = exam.ask(make_requests(pickup, dropoff, times, known)).minutes
    speeds = (miles / (minutes.reshape(-1, len(miles)) / 60)).max(axis=0)
    fastest = int(speeds.argmax())
    words = (
        f"from zone {pickup[fastest]} the airport {dropoff[fastest]}, {miles[fastest]:.1f} miles "
        f"straight away, is reached at {speeds[fastest]:.1f} miles per hour; {bound:.1f} are "
        "allowed"
    )
    speed = float(speeds[fastest])
    return Check("airports", speed <= bound, speed, bound, words)
