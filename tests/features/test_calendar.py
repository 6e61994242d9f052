"""Calendar features have the values that a person reads off a calendar."""

from __future__ import annotations

import numpy as np

from trip_duration.features import calendar

NAMES = [feature.name for feature in calendar.FEATURES]


def features_of(*times: str) -> list[dict[str, float]]:
    pickup = np.array(times, dtype="datetime64[us]")
    table = calendar.day_table(calendar.holiday_days())
    rows = calendar.calendar_features(pickup, table)
    return [dict(zip(NAMES, row.tolist(), strict=True)) for row in rows]


def test_an_ordinary_wednesday_morning() -> None:
    assert features_of("2023-04-12T08:30:59") == [
        {
            "hour": 8,
            "minute_of_day": 510,
            "weekday": 2,
            "hour_of_week": 56,
            "season": 1,
            "workday": 1,
            "holiday": 0,
        }
    ]


def test_holidays_weekends_and_seasons() -> None:
    independence, saturday, christmas_eve = features_of("2023-07-04", "2023-07-08", "2023-12-24")
    assert (independence["holiday"], independence["workday"], independence["season"]) == (1, 0, 2)
    assert (saturday["holiday"], saturday["workday"], saturday["weekday"]) == (0, 0, 5)
    assert (christmas_eve["holiday"], christmas_eve["season"]) == (0, 0)


def test_a_holiday_of_the_state_alone_is_a_workday() -> None:
    (lincoln,) = features_of("2021-02-12")
    assert (lincoln["holiday"], lincoln["workday"]) == (0, 1)


def test_days_outside_the_table_are_taken_as_its_ends() -> None:
    early, late = features_of("1999-06-01T10:00", "2200-06-01T10:00")
    assert early["holiday"] == 1  # New Year of the first year
    assert late["weekday"] == 5  # the last day of 2050 is a Saturday
    assert early["hour"] == late["hour"] == 10


def test_hours_of_the_week() -> None:
    times = np.array(["2023-04-10T00:00", "2023-04-16T23:59"], dtype="datetime64[us]")
    assert calendar.hour_of_week(times).tolist() == [0, 167]
