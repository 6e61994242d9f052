"""Splits by the calendar. There is no random split in this project."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.months import MonthPart, month_bounds, span_months
from trip_duration.params import FeatureEngineeringParams, IngestionParams
from trip_duration.tlc.provenance import choices_of_source, compare_choices

SPLIT_CHOICES = ("train_months", "test_months", "validation_days", "presentation", "refit")


def read_months(
    trips: Mapping[str, MonthPart], passed: Collection[str], months: Sequence[str]
) -> pd.DataFrame:
    """Read processed months, and no others.

    Args:
        trips: Processed months.
        passed: Months that passed the gate.
        months: Those that are asked for.

    Returns:
        Their trips, month after month.

    Raises:
        DataError: If a month was not processed or did not pass.
    """
    absent = [month for month in months if month not in passed or month not in trips]
    if absent:
        raise DataError(
            f"months not processed: {', '.join(absent)}. Processed and passed: "
            f"{', '.join(passed)}. Run the pipelines ingestion and data_processing for them."
        )
    return pd.concat([trips[month].read() for month in months], ignore_index=True)


def split_off_last_days(trips: pd.DataFrame, last_month: str, days: int) -> pd.Timestamp:
    """Return the instant at which the validation window begins.

    Args:
        trips: Training trips.
        last_month: Last training month, ``YYYY-MM``.
        days: Days of the window, which ends with the month.

    Raises:
        DataError: If either side of the instant would have no trips.
    """
    _, end = month_bounds(last_month)
    begin = end - pd.Timedelta(days=days)
    before = int((trips["pickup_datetime"] < begin).sum())
    if not 0 < before < len(trips):
        raise DataError(
            f"a validation window of {days} days up to {end:%Y-%m-%d} leaves {before} of "
            f"{len(trips)} trips to train on: name more train_months, or set validation_days anew"
        )
    return begin


def require_same_choices(
    split_facts: Mapping[str, Any],
    ingestion: IngestionParams,
    feature_engineering: FeatureEngineeringParams,
) -> None:
    """Refuse parameters that differ from those by which the splits were made.

    Args:
        split_facts: What the splits are made of, as the node that made them has recorded it.
        ingestion: Source and service that the parameters of this run name.
        feature_engineering: Months and settings of the splits that they name.

    Raises:
        DataError: With a line for each parameter that differs, and what to do.
    """
    chosen = feature_engineering.model_dump(mode="json", include=set(SPLIT_CHOICES))
    compare_choices(
        {**choices_of_source(ingestion), **_name_choices(chosen)},
        {name: split_facts[name] for name in ("source_root", "service")}
        | _name_choices(split_facts),
        "03_primary/split_facts.json",
    )


def _name_choices(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the choices of the splits as the command line takes them."""
    return {
        "train_months": span_months(values["train_months"]),
        "test_months": span_months(values["test_months"]),
        "feature_engineering.validation_days": str(values["validation_days"]),
        "feature_engineering.presentation": values["presentation"],
        "feature_engineering.refit": str(values["refit"]).lower(),
    }
