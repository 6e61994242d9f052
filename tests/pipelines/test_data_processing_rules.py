from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trip_duration.params import RuleParams
from trip_duration.pipelines.data_processing.rules import clean_month
from trip_duration.schemas import Trips

RULES = RuleParams()
ZONES = np.array([1, 2, 3, 57, 263], np.int16)
MONTH = "2023-03"
TYPES = {
    "pickup_datetime": "datetime64[us]",
    "dropoff_datetime": "datetime64[us]",
    "pickup_zone": "Int32",
    "dropoff_zone": "Int32",
    "trip_distance": "float64",
    "total_amount": "float64",
}


def _trip(
    pickup: str | None = "2023-03-15 10:00", minutes: float = 10, **other: Any
) -> dict[str, Any]:
    start = pd.Timestamp(pickup)
    end = start + pd.Timedelta(minutes=minutes)
    values = {"pickup_datetime": start, "dropoff_datetime": end, "pickup_zone": 1}
    return {**values, "dropoff_zone": 2, "trip_distance": 1.5, "total_amount": 10.0, **other}


def _ride(pickup: str, dropoff: str) -> dict[str, Any]:
    return _trip(pickup, dropoff_datetime=pd.Timestamp(dropoff))


def _raw(*trips: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(trips), columns=list(TYPES)).astype(TYPES)


def _clean(*trips: dict[str, Any], month: str = MONTH, **rules: float) -> pd.DataFrame:
    return clean_month(_raw(*trips), month, ZONES, RuleParams(**rules))


def _rejected(cleaned: pd.DataFrame) -> dict[str, int]:
    return {rule: n for rule, n in cleaned.attrs["quality"]["rejected"].items() if n}


def test_good_trips_keep_their_values_and_their_order() -> None:
    trips = _clean(
        _trip("2023-03-31 23:59:30", 45.5, pickup_zone=263, trip_distance=0.01),
        _trip("2023-03-01 00:00:00", 1, dropoff_zone=57, total_amount=-5.0),
        _trip("2023-03-15 10:00:00", 180, trip_distance=100.0),
    )
    assert {name: str(dtype) for name, dtype in trips.dtypes.items()} == {
        "pickup_datetime": "datetime64[us]",
        "pickup_zone": "int16",
        "dropoff_zone": "int16",
        "trip_distance": "float64",
        "duration_minutes": "float64",
    }
    assert trips["pickup_datetime"].astype(str).tolist() == [
        *("2023-03-31 23:59:30", "2023-03-01 00:00:00", "2023-03-15 10:00:00"),
    ]
    assert trips["pickup_zone"].tolist() == [263, 1, 1]
    assert trips["dropoff_zone"].tolist() == [2, 57, 2]
    assert trips["trip_distance"].tolist() == [0.01, 1.5, 100.0]
    assert trips["duration_minutes"].tolist() == [45.5, 1.0, 180.0]
    assert trips.index.tolist() == [0, 1, 2]
    assert _rejected(trips) == {}


def test_quality_says_what_was_read_kept_and_rejected() -> None:
    bad = [_trip(pickup_zone=264), _trip(minutes=0), _trip(minutes=500)]
    trips = _clean(_trip(minutes=10), *bad, _trip(minutes=20, trip_distance=101))
    assert trips.attrs["quality"] == {
        "rows_read": 5,
        "rows_kept": 2,
        "rejected": {
            **{"missing_value": 0, "outside_month": 0, "clock_change": 0, "unknown_zone": 1},
            **{"too_short": 1, "too_long": 1, "refund": 0, "duplicate": 0, "too_fast": 0},
        },
        "distance_made_null": 1,
        "median_duration": 15.0,
    }


def test_empty_month_gives_no_trips_and_no_median() -> None:
    trips = _clean()
    assert len(Trips.validate(trips)) == 0
    quality = trips.attrs["quality"]
    assert (quality["rows_read"], quality["rows_kept"], quality["median_duration"]) == (0, 0, None)
    assert len(quality["rejected"]) == 9
    assert _rejected(trips) == {}


def test_raw_rows_are_not_changed() -> None:
    raw = _raw(_trip(), _trip(trip_distance=1e6, pickup_zone=None), _trip(dropoff_datetime=None))
    before = raw.copy(deep=True)
    clean_month(raw, MONTH, ZONES, RULES)
    pd.testing.assert_frame_equal(raw, before)


# one fault in each row, and the rule that has to find it
FAULTS: list[tuple[dict[str, Any], str]] = [
    (_trip(pickup_datetime=None), "missing_value"),
    (_trip(dropoff_datetime=None), "missing_value"),
    (_trip(pickup_zone=None), "missing_value"),
    (_trip(dropoff_zone=None), "missing_value"),
    (_trip(pickup_zone=0), "missing_value"),
    (_trip("2023-02-28 23:59:59.999999"), "outside_month"),
    (_trip("2023-04-01 00:00"), "outside_month"),
    (_trip("2008-12-31 23:00"), "outside_month"),
    (_trip("2041-03-15 10:00"), "outside_month"),
    (_trip(pickup_zone=264), "unknown_zone"),
    (_trip(dropoff_zone=265), "unknown_zone"),
    (_trip(pickup_zone=-1), "unknown_zone"),
    (_trip(pickup_zone=-2), "unknown_zone"),
    (_trip(dropoff_zone=10**6), "unknown_zone"),
    (_trip(pickup_zone=4), "unknown_zone"),
    (_trip(minutes=0.99), "too_short"),
    (_trip(minutes=0), "too_short"),
    (_trip(minutes=-30), "too_short"),
    (_trip(minutes=180.01), "too_long"),
    (_trip(minutes=1439), "too_long"),
    (_trip(minutes=1, trip_distance=1.67), "too_fast"),
    (_trip(minutes=30, trip_distance=50.1), "too_fast"),
]


@pytest.mark.parametrize(("fault", "rule"), FAULTS)
def test_each_fault_is_counted_under_its_rule(fault: dict[str, Any], rule: str) -> None:
    trips = _clean(_trip("2023-03-02 08:00"), fault, _trip("2023-03-03 08:00"))
    assert _rejected(trips) == {rule: 1}
    assert trips["pickup_datetime"].dt.day.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("trip", "rules", "rejected"),
    [
        (_trip(minutes=2), {"min_duration": 2}, {}),
        (_trip(minutes=2), {"min_duration": 2.5}, {"too_short": 1}),
        (_trip(minutes=60), {"max_duration": 60}, {}),
        (_trip(minutes=60), {"max_duration": 59}, {"too_long": 1}),
        (_trip(minutes=60, trip_distance=30), {"max_speed": 30}, {}),
        (_trip(minutes=60, trip_distance=30), {"max_speed": 29}, {"too_fast": 1}),
    ],
)
def test_bounds_are_those_of_the_parameters_and_inclusive(
    trip: dict[str, Any], rules: dict[str, float], rejected: dict[str, int]
) -> None:
    assert _rejected(_clean(trip, **rules)) == rejected


@pytest.mark.parametrize(
    ("distance", "kept", "nulled"),
    [
        (0.01, 0.01, 0),
        (0.0, None, 1),
        (100.0, 100.0, 0),
        (100.1, None, 1),
        (260_000.0, None, 1),
        (-0.1, None, 1),
        (float("inf"), None, 1),
        (float("nan"), None, 0),
    ],
)
def test_absurd_distance_is_made_null_and_the_trip_is_kept(
    distance: float, kept: float | None, nulled: int
) -> None:
    trips = _clean(_trip(minutes=120, trip_distance=distance))
    assert (
        trips["trip_distance"].astype(object).where(trips["trip_distance"].notna(), None)[0] == kept
    )
    assert trips.attrs["quality"]["distance_made_null"] == nulled
    assert _rejected(trips) == {}


def test_row_counts_under_the_first_rule_that_rejects_it() -> None:
    # every row has the fault of its own rule and of all the later ones
    worst = {"trip_distance": 99.0, "dropoff_zone": 264}
    trips = _clean(
        _trip("2024-01-01", -5, **worst, pickup_zone=None),
        _trip("2024-01-01", -5, **worst),
        _trip("2023-03-12 02:10", -5, **worst),
        _trip(minutes=-5, **worst),
        _trip(minutes=0.5, trip_distance=99.0),
        _trip(minutes=0.5, trip_distance=99.0),
    )
    assert _rejected(trips) == {
        **{"missing_value": 1, "outside_month": 1, "clock_change": 1, "unknown_zone": 1},
        "too_short": 2,
    }
    assert list(trips.attrs["quality"]["rejected"]) == [
        *("missing_value", "outside_month", "clock_change", "unknown_zone"),
        *("too_short", "too_long", "refund", "duplicate", "too_fast"),
    ]


@pytest.mark.parametrize(
    ("month", "pickup", "dropoff", "minutes"),
    [
        # spring: 02:00 becomes 03:00
        ("2023-03", "2023-03-12 01:50", "2023-03-12 03:20", 30.0),
        ("2023-03", "2023-03-11 23:50", "2023-03-12 03:20", 150.0),
        ("2023-03", "2023-03-12 03:00", "2023-03-12 03:20", 20.0),
        ("2023-03", "2023-03-12 01:00", "2023-03-12 01:20", 20.0),
        ("2023-03", "2023-03-12 01:50", "2023-03-12 02:20", None),
        ("2023-03", "2023-03-12 02:20", "2023-03-12 03:20", None),
        # autumn: the hour from 01:00 comes twice
        ("2023-11", "2023-11-05 00:50", "2023-11-05 02:10", 140.0),
        ("2023-11", "2023-11-04 23:50", "2023-11-05 00:20", 30.0),
        ("2023-11", "2023-11-05 02:00", "2023-11-05 02:30", 30.0),
        ("2023-11", "2023-11-05 01:10", "2023-11-05 01:30", None),
        ("2023-11", "2023-11-05 01:50", "2023-11-05 01:10", None),
        ("2023-11", "2023-11-05 00:50", "2023-11-05 01:10", None),
        ("2023-11", "2023-11-05 01:50", "2023-11-05 02:10", None),
        # the day of the change is the first of the next month
        ("2020-10", "2020-10-31 23:50", "2020-11-01 00:20", 30.0),
        ("2020-10", "2020-10-31 23:50", "2020-11-01 02:10", 200.0),
        ("2020-10", "2020-10-31 23:50", "2020-11-01 01:10", None),
        ("2020-11", "2020-11-01 00:50", "2020-11-01 02:10", 140.0),
        ("2021-10", "2021-10-31 23:50", "2021-11-01 00:20", 30.0),
        ("2021-10", "2021-10-31 23:50", "2021-11-07 00:10", 8_660.0),
        # other days have 24 hours
        ("2023-03", "2023-03-15 01:50", "2023-03-15 03:20", 90.0),
        ("2023-11", "2023-11-15 01:10", "2023-11-15 01:30", 20.0),
    ],
)
def test_durations_around_a_change_of_the_clock(
    month: str, pickup: str, dropoff: str, minutes: float | None
) -> None:
    trips = _clean(_ride(pickup, dropoff), month=month, max_duration=10_000)
    assert trips["duration_minutes"].tolist() == ([] if minutes is None else [minutes])
    assert _rejected(trips) == ({"clock_change": 1} if minutes is None else {})


@pytest.mark.parametrize("missing", ["pickup_datetime", "dropoff_datetime"])
def test_missing_time_on_the_day_of_a_change_is_a_missing_value(missing: str) -> None:
    trip = {**_ride("2023-03-12 01:50", "2023-03-12 03:20"), missing: None}
    assert _rejected(_clean(trip)) == {"missing_value": 1}


# amounts of the records of one trip, and what becomes of them
@pytest.mark.parametrize(
    ("amounts", "rejected"),
    [
        ([10, -10], {"refund": 1}),
        ([-10, 10], {"refund": 1}),
        ([10, -10, 10], {"refund": 1, "duplicate": 1}),
        ([-10, 10, -10], {"refund": 2}),
        ([10, 10], {"duplicate": 1}),
        ([10, 12, 14], {"duplicate": 2}),
        ([-10, -10], {"duplicate": 1}),
        ([0, -10], {"refund": 1}),
        ([10, None], {"duplicate": 1}),
        ([None, -10], {"refund": 1}),
        ([-10], {}),
        ([None], {}),
    ],
)
def test_of_the_records_of_one_trip_one_is_kept(
    amounts: list[float | None], rejected: dict[str, int]
) -> None:
    other = _trip("2023-03-15 10:00", 11)
    trips = _clean(other, *[_trip(total_amount=amount) for amount in amounts])
    assert trips["duration_minutes"].tolist() == [11.0, 10.0]
    assert _rejected(trips) == rejected


@pytest.mark.parametrize(
    "other",
    [
        {"pickup_datetime": pd.Timestamp("2023-03-15 10:00:00.5")},
        {"dropoff_datetime": pd.Timestamp("2023-03-15 10:10:01")},
        {"pickup_zone": 3},
        {"dropoff_zone": 3},
        {"trip_distance": 1.51},
        {"trip_distance": None},
    ],
)
def test_records_that_differ_are_two_trips(other: dict[str, Any]) -> None:
    assert len(_clean(_trip(), _trip(total_amount=-10.0, **other))) == 2


def test_repeats_are_found_among_trips_without_a_distance() -> None:
    unmetered = [_trip(trip_distance=None, total_amount=amount) for amount in (10, -10, 10)]
    assert _rejected(_clean(*unmetered)) == {"refund": 1, "duplicate": 1}


def _times(month: str) -> st.SearchStrategy[pd.Timestamp]:
    start = pd.Timestamp(f"{month}-01")
    return st.integers(-90, 60 * 24 * 31 + 90).map(lambda n: start + pd.Timedelta(minutes=n))


@st.composite
def _months(draw: st.DrawFn) -> tuple[str, pd.DataFrame]:
    month = draw(st.sampled_from(["2023-01", "2023-03", "2020-10", "2020-11"]))
    zone = st.sampled_from([1, 2, 3, 4, 263, 264, 265, 0, -1, 10**6, None])
    trip = st.builds(
        _trip,
        st.one_of(st.sampled_from([f"{month}-01 01:30", f"{month}-12 02:30"]), _times(month)),
        st.sampled_from([-60, 0, 0.5, 1, 10, 60, 180, 181]),
        pickup_zone=zone,
        dropoff_zone=zone,
        trip_distance=st.sampled_from([None, -1.0, 0.0, 1.5, 30.0, 1e5]),
        total_amount=st.sampled_from([None, -10.0, 10.0]),
    )
    return month, _raw(*draw(st.lists(trip, max_size=10)))


@given(_months())
@settings(max_examples=60, deadline=None)
def test_what_is_kept_and_rejected_adds_up_and_what_is_kept_keeps_the_rules(
    drawn: tuple[str, pd.DataFrame],
) -> None:
    month, raw = drawn
    trips = Trips.validate(clean_month(raw, month, ZONES, RULES))
    quality = trips.attrs["quality"]
    assert quality["rows_read"] == len(raw)
    assert quality["rows_kept"] == len(trips) == len(raw) - sum(quality["rejected"].values())
    assert trips["pickup_datetime"].dt.strftime("%Y-%m").isin([month]).all()
    assert trips[["pickup_zone", "dropoff_zone"]].isin(ZONES).all(axis=None)
    assert trips["duration_minutes"].between(1, 180).all()
    assert trips["trip_distance"].dropna().between(0, 100).all()
    assert not (trips["trip_distance"] / trips["duration_minutes"] * 60 > 100).any()
