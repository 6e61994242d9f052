"""Checks at the edges: zones that are not known, extremes, values that say nothing, intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.behaviour.exam import (
    ENDS,
    HOURS,
    Check,
    Exam,
    Floats,
    Integers,
    make_requests,
)
from trip_duration.features.requests import ROUTE_DISTANCE

# what callers send where they have no zone; 264 and 265 are TLC's own
_NO_ZONES = (0, -1, 264, 265, 1_000_000)
_NEIGHBOURS = 5
# miles driven within the zones of both ends, so that a trip within one has a length
_WITHIN = 0.5
# the other ends of requests whose one end is not known
_OTHER_ENDS = 4
# miles: a sign error, a stopped meter, another unit, a placeholder
_MILES = (-1.0, 0.0, 1e-6, 1e3, 1e6)
_FAR = 1e3
_TIMES = ("1970-01-01T00:00", "1999-12-31T23:59", "2100-02-28T12:00", "2900-01-01T00:00")
_NOTHING = (
    ("pickup_zone", None),
    ("dropoff_zone", None),
    ("pickup_zone", np.nan),
    ("dropoff_zone", np.nan),
    ("pickup_zone", "Astoria"),
    ("dropoff_zone", ""),
    ("pickup_datetime", "soon"),
    (ROUTE_DISTANCE, "far"),
)


def check_unknown_zones(exam: Exam) -> Check:
    """See whether the answers for zones that are not on the map are usual ones."""
    times = np.array([exam.at(hour).to_datetime64() for hour in HOURS])[:, None]
    asked = [
        make_requests(*ends, times)
        for ends in _one_end(exam, np.array(_off_map(exam), dtype=np.int64)[:1])
    ]
    minutes = exam.ask(pd.concat(asked, ignore_index=True)).minutes
    median = float(np.median(minutes))
    shorter = float(np.searchsorted(exam.durations, median) / len(exam.durations))
    side, bound = min(shorter, 1 - shorter), exam.params.min_usual_share
    words = (
        f"with an unknown zone the median answer is {median:.1f} minutes ({minutes.min():.1f} to "
        f"{minutes.max():.1f}); {shorter:.1%} of the trips are shorter, and at least {bound:.0%} "
        "are to lie on either side"
    )
    return Check("unknown_zones", bool(side >= bound), side, bound, words)


def check_unseen_zones(exam: Exam) -> Check:
    """Compare answers for zones without training trips with those for the zones around them."""
    factor, bound = exam.params.neighbour_factor, exam.params.max_unlike_share
    if not len(exam.unseen):
        return Check("unseen_zones", True, 0.0, bound, "every zone has training trips")
    seen = np.setdiff1d(exam.zones.index.to_numpy(np.int64), exam.unseen)
    factors = np.stack([_factors(exam, int(zone), seen) for zone in exam.unseen])
    share = float((factors > factor).mean())
    words = (
        f"{share:.1%} of the requests from and to the {len(exam.unseen)} zones without training "
        "trips are off the pace of the zones around them by a factor above "
        f"{factor:g}, at most {factors.max():.2f}; {bound:.1%} are allowed"
    )
    return Check("unseen_zones", share <= bound, share, bound, words)


def _factors(exam: Exam, zone: int, seen: Integers) -> Floats:
    """Return the factors between a zone's minutes per mile and its neighbours' median.

    Returns:
        One for each direction and other end.
    """
    away = exam.straight_miles(np.full(len(seen), zone), seen)
    near = seen[np.argsort(away, kind="stable")[:_NEIGHBOURS]]
    columns = np.append(zone, near)[:, None]
    asked = [make_requests(*ends, exam.at(HOURS[2])) for ends in _one_end(exam, columns)]
    requests = pd.concat(asked, ignore_index=True)
    ends = (requests[name].to_numpy() for name in ENDS)
    # neighbours may lie much nearer to the other end: what they have in common is the pace
    pace = exam.ask(requests).minutes / (exam.straight_miles(*ends) + _WITHIN)
    rows = pace.reshape(len(asked), len(columns), -1)
    ratio = rows[:, 0] / np.median(rows[:, 1:], axis=1)
    factors: Floats = np.maximum(ratio, 1 / ratio).ravel()
    return factors


def _one_end(exam: Exam, zones: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Return pickups and drop-offs: from zones to busy ones, and from busy ones to zones.

    Args:
        exam: Knows the busy ones.
        zones: Ids, shape ``(n, 1)``.
    """
    yield zones, exam.pairs["dropoff_zone"].unique()[:_OTHER_ENDS]
    yield exam.pairs["pickup_zone"].unique()[:_OTHER_ENDS], zones


def _off_map(exam: Exam) -> list[int]:
    return [zone for zone in _NO_ZONES if zone not in exam.zones.index]


def check_zone_flags(exam: Exam) -> Check:
    """See that unknown and unseen zones are flagged as such, at either end, and busy ones not."""
    off_map, unseen = np.array(_off_map(exam), dtype=np.int64)[:, None], exam.unseen[:, None]
    expected: list[tuple[Any, Any, bool, bool]] = [
        *((*ends, True, False) for ends in _one_end(exam, off_map)),
        *((*ends, False, True) for ends in _one_end(exam, unseen)),
        (exam.pairs["pickup_zone"], exam.pairs["dropoff_zone"], False, False),
    ]
    wrong = []
    for pickup, dropoff, unknown, is_unseen in expected:
        flags = exam.predictor.flag(make_requests(pickup, dropoff, exam.at(HOURS[2])))
        wrong.append((flags["unknown_zone"] != unknown) | (flags["unseen_zone"] != is_unseen))
    what = "requests are flagged wrongly as to whether their zones are known and seen"
    return Check.of_count("zone_flags", np.concatenate(wrong), what)


def _extremes(exam: Exam) -> pd.DataFrame:
    """Return requests that no one should send: distances, times, and trips within a zone."""
    pickup, dropoff = exam.pairs["pickup_zone"].to_numpy(), exam.pairs["dropoff_zone"].to_numpy()
    noon = exam.at(HOURS[2])
    every = exam.zones.index.to_numpy(np.int64)
    parts = [
        make_requests(pickup, dropoff, noon, np.array(_MILES)[:, None]),
        make_requests(pickup, dropoff, np.array(_TIMES, dtype="datetime64[us]")[:, None]),
        make_requests(every, every, noon),
        make_requests(_off_map(exam), _off_map(exam), noon),
    ]
    return pd.concat(parts, ignore_index=True)


def check_extremes(exam: Exam) -> Check:
    """See that the answers to extreme requests are durations that a trip can have."""
    requests, bounds = _extremes(exam), exam.params
    minutes = exam.ask(requests).minutes
    walking = requests[ROUTE_DISTANCE].fillna(0).to_numpy() / bounds.walking_speed * 60
    longest = np.maximum(walking, bounds.longest_minutes)
    # written so that NaN is none of them
    sane = (minutes >= bounds.shortest_minutes) & (minutes <= longest)
    what = (
        f"extreme requests get an answer outside {bounds.shortest_minutes:g} to "
        f"{bounds.longest_minutes:g} minutes, or longer than walking takes"
    )
    return Check.of_count("extremes", ~sane, what)


def check_extreme_flags(exam: Exam) -> Check:
    """See that distances and times out of all proportion are flagged, and usual ones not."""
    requests, usual = _extremes(exam), exam.usual()
    miles, times = requests[ROUTE_DISTANCE], requests["pickup_datetime"]
    expected = (miles < 0) | (miles >= _FAR) | times.isin(np.array(_TIMES, dtype="M8[us]"))
    asked = pd.concat([requests, usual], ignore_index=True)
    found = exam.predictor.flag(asked)["outside_training_range"]
    wrong = found != np.append(expected.to_numpy(), np.zeros(len(usual), dtype=bool))
    what = "requests are flagged wrongly as to whether they are outside of what was learnt from"
    return Check.of_count("extreme_flags", wrong, what)


def check_unreadable_values(exam: Exam) -> Check:
    """See that values which say nothing are refused, or flagged as an unknown zone."""
    request = exam.on_pairs(HOURS[2]).iloc[:1]
    accepted = [_is_accepted(exam, request, name, value) for name, value in _NOTHING]
    what = "values that say nothing are answered without a DataError or a flag"
    return Check.of_count("unreadable_values", accepted, what)


def _is_accepted(exam: Exam, request: pd.DataFrame, name: str, value: object) -> bool:
    unreadable = request.assign(**{name: pd.Series([value], dtype=object)})
    try:
        exam.ask(unreadable)
        return not exam.predictor.flag(unreadable)["unknown_zone"].all()
    except DataError:
        return False


def check_intervals(exam: Exam) -> Check:
    """See that every answer given so far lies in its interval, which has a width."""
    minutes, lower, upper = map(np.concatenate, zip(*exam.answers, strict=True))
    if np.isnan([lower, upper]).all():
        return Check("intervals", True, 0, 0, "the predictor has no intervals")
    what = "answers lie outside of their interval, or it has no width"
    return Check.of_count("intervals", ~_is_inside(minutes, lower, upper), what)


def _is_inside(minutes: Floats, lower: Floats, upper: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (lower <= minutes) & (minutes <= upper) & (lower < upper)
    return inside
