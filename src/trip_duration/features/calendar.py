"""Calendar features: what the time of the request alone tells."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from trip_duration.features.dictionary import Feature
from trip_duration.request_bounds import FIRST_YEAR, LAST_YEAR

FEATURES = (
    Feature("hour", "hour of the day of the pickup", "0-23", "calendar"),
    Feature("minute_of_day", "minutes since midnight at the pickup", "minutes", "calendar"),
    Feature("weekday", "day of the week, Monday is 0", "0-6", "calendar"),
    Feature("hour_of_week", "hours since Monday midnight", "0-167", "calendar"),
    Feature("season", "season, winter (December to February) is 0", "0-3", "calendar"),
    Feature("workday", "neither weekend nor federal holiday", "0 or 1", "calendar"),
    Feature("holiday", "federal holiday", "0 or 1", "calendar"),
)
_FIRST_DAY = np.datetime64(f"{FIRST_YEAR}-01-01")
_FIRST_DAY_NUMBER = int(_FIRST_DAY.astype(np.int64))
_MINUTE = 60_000_000
_DAY = 1_440 * _MINUTE


def holiday_days() -> npt.NDArray[np.int64]:
    """List the federal holidays as days since 1970, over the years that requests may name.

    Fitted transformers keep the list, so that prediction needs no library and no later version of
    it can change a prediction. Source: the ``holidays`` package.
    """
    import holidays  # noqa: PLC0415 - needed to fit only

    # federal holidays: the state's further ones (Lincoln's Birthday, Election Day) are workdays
    days = holidays.country_holidays("US", years=range(FIRST_YEAR, LAST_YEAR + 1))
    return np.array(sorted(np.datetime64(day, "D").astype(np.int64) for day in days))


def day_table(holidays_: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Tabulate what depends on the day alone.

    Args:
        holidays_: Days since 1970 that are federal holidays.

    Returns:
        A row per day of the years covered: weekday, season, workday, holiday. No
        finer date than the season is given: from it, trees would learn single days by heart.
    """
    season = _seasons()
    numbers = np.arange(len(season)) + _FIRST_DAY_NUMBER
    weekday = (numbers + 3) % 7
    holiday = np.isin(numbers, holidays_)
    workday = (weekday < 5) & ~holiday  # noqa: PLR2004 - Saturday is 5
    columns = [weekday, season, workday, holiday]
    return np.column_stack(columns).astype(np.float32)


@cache
def _seasons() -> npt.NDArray[np.int64]:
    days = np.arange(f"{FIRST_YEAR}-01-01", f"{LAST_YEAR + 1}-01-01", dtype="datetime64[D]")
    # months are counted from January 1970
    return (days.astype("datetime64[M]").astype(np.int64) + 1) % 12 // 3


def calendar_features(
    pickup: npt.NDArray[np.datetime64], table: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Compute the calendar features.

    Args:
        pickup: Local times, ``datetime64[us]``, shape ``(n,)``. Days outside the table are taken as
            its first or last.
        table: The table of ``day_table``.

    Returns:
        Shape ``(n, 7)``, in the order of ``FEATURES``.
    """
    day, within = np.divmod(pickup.view(np.int64), _DAY)
    minute = within // _MINUTE
    hour = minute // 60
    rows = table[(day - _FIRST_DAY_NUMBER).clip(0, len(table) - 1)]
    out = np.empty((len(pickup), len(FEATURES)), dtype=np.float32)
    out[:, 0] = hour
    out[:, 1] = minute
    out[:, 2] = rows[:, 0]
    out[:, 3] = rows[:, 0] * 24 + hour
    out[:, 4:] = rows[:, 1:]
    return out


def hour_of_week(pickup: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Return the hours since Monday midnight, 0 to 167, of local times."""
    hours = pickup.view(np.int64) // (60 * _MINUTE)
    return (hours + 3 * 24) % 168
