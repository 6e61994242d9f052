from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trip_duration.months import MonthPart, month_bounds, parse_months

MONTHS = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: f"{day:%Y-%m}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2023-01", ("2023-01",)),
        ("2023-01..2023-03", ("2023-01", "2023-02", "2023-03")),
        ("2023-11..2024-02", ("2023-11", "2023-12", "2024-01", "2024-02")),
        ("2023-05..2023-05", ("2023-05",)),
        ("2023-03 2023-01", ("2023-01", "2023-03")),
        (" 2023-03,2023-01 , 2022-12\n", ("2022-12", "2023-01", "2023-03")),
        ("2023-01..2023-03 2023-02..2023-04", ("2023-01", "2023-02", "2023-03", "2023-04")),
        (["2023-02", "2023-01"], ("2023-01", "2023-02")),
        (("2023-01..2023-02", "2023-04", "2023-01"), ("2023-01", "2023-02", "2023-04")),
        ("", ()),
        (" , ", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_months_are_read_as_a_person_writes_them(value: Any, expected: tuple[str, ...]) -> None:
    assert parse_months(value) == expected


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("2023-13", "'2023-13' is not a month"),
        ("2023-00", "'2023-00' is not a month"),
        ("2023-1", "'2023-1' is not a month"),
        ("1999-12", "'1999-12' is not a month"),
        ("2023-01-15", "'2023-01-15' is not a month"),
        ("january", "'january' is not a month"),
        ("2023-01..", "'2023-01..' is not a month"),
        ("..2023-01", "'..2023-01' is not a month"),
        ("2023-01...2023-03", "'2023-01...2023-03' is not a month"),
        ("2023-01-2023-03", "'2023-01-2023-03' is not a month"),
        ("2023-02 oops 2023-01", "'oops' is not a month"),
        (["2023-01", 2023], "'2023' is not a month"),
        ("2023-03..2023-01", "'2023-03..2023-01' runs backwards"),
        ("2024-01..2023-12", "'2024-01..2023-12' runs backwards"),
        (2023, "2023 is not a month"),
        (date(2023, 1, 1), "datetime.date(2023, 1, 1) is not a month"),
    ],
)
def test_what_is_not_a_month_is_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_months(value)
    assert str(caught.value).startswith(named)


@given(st.lists(MONTHS, max_size=6))
def test_written_months_are_read_again(months: list[str]) -> None:
    parsed = parse_months(months)
    assert list(parsed) == sorted(set(months))
    assert parse_months(",".join(months)) == parse_months(" ".join(months)) == parsed
    assert parse_months(parsed) == parsed


@given(MONTHS, MONTHS)
def test_range_holds_every_month_between_its_ends(one: str, other: str) -> None:
    first, last = sorted([one, other])
    months = parse_months(f"{first}..{last}")
    years = int(last[:4]) - int(first[:4])
    assert len(months) == 12 * years + int(last[5:]) - int(first[5:]) + 1
    assert (months[0], months[-1]) == (first, last)
    assert all(month_bounds(a)[1] == month_bounds(b)[0] for a, b in pairwise(months))


@pytest.mark.parametrize(
    ("month", "first", "after"),
    [
        ("2023-01", "2023-01-01", "2023-02-01"),
        ("2023-12", "2023-12-01", "2024-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
    ],
)
def test_bounds_are_the_first_instants_of_the_month_and_the_next(
    month: str, first: str, after: str
) -> None:
    assert month_bounds(month) == (pd.Timestamp(first), pd.Timestamp(after))


def test_part_reads_once_for_each_time_and_not_before() -> None:
    reads: list[str] = []

    def read() -> pd.DataFrame:
        reads.append("read")
        return pd.DataFrame({"minutes": [1, 2]})

    def double(frame: pd.DataFrame) -> pd.DataFrame:
        reads.append("step")
        return frame * 2

    part = MonthPart("2023-01", {"sha256": "ab"}, read)
    doubled = part.then(double)
    fourfold = doubled.then(double)
    assert reads == []
    assert fourfold.read()["minutes"].tolist() == [4, 8]
    assert reads == ["read", "step", "step"]
    assert doubled.read()["minutes"].tolist() == [2, 4]
    assert part.read()["minutes"].tolist() == [1, 2]
    assert reads == ["read", "step", "step", "read", "step", "read"]
    assert (fourfold.month, fourfold.record) == ("2023-01", {"sha256": "ab"})
