from __future__ import annotations

import pytest

from trip_duration.months import span_months
from trip_duration.params.flat import flatten
from trip_duration.pipelines.reporting.facts import write_command


@pytest.mark.parametrize(
    ("months", "written"),
    [
        ((), ""),
        (("2023-04",), "2023-04"),
        (("2022-12", "2023-01", "2023-02"), "2022-12..2023-02"),
        (("2023-01", "2023-03"), "2023-01 2023-03"),
    ],
)
def test_months_are_written_as_the_command_line_takes_them(
    months: tuple[str, ...], written: str
) -> None:
    assert span_months(months) == written


def test_settings_are_written_with_dots_and_truth_in_small_letters() -> None:
    flat = flatten({"a": {"b": {"c": 1}, "d": True}, "e": 0.5})
    assert flat == {"a.b.c": 1, "a.d": True, "e": 0.5}
    assert write_command(flat) == 'kedro run --params "a.b.c=1,a.d=true,e=0.5"'
