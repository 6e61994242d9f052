"""Nodes that make trips of raw months, and judge the months."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.identity import digest_of_json
from trip_duration.months import MonthPart
from trip_duration.params import DataProcessingParams, MonthGateParams
from trip_duration.pipelines.data_processing.identity import digest_of_rules
from trip_duration.pipelines.data_processing.rules import clean_month
from trip_duration.tlc import zones as tlc_zones
from trip_duration.tlc.provenance import kind_of_source, root_of

log = logging.getLogger(__name__)


def build_zones(raw_zone_files: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read the zones once, for geometry and for drawing.

    Args:
        raw_zone_files: The lookup and the zipped shapefile, by file name.

    Returns:
        The table of zones, and their simplified outlines as GeoJSON.
    """
    shapes = tlc_zones.read_shapes(Path(raw_zone_files["taxi_zones.zip"].path))
    lookup = tlc_zones.read_lookup(Path(raw_zone_files["taxi_zone_lookup.csv"].path))
    zones = tlc_zones.describe_zones(shapes, lookup)
    log.info("%d zones in %d boroughs", len(zones), zones["borough"].nunique())
    named = shapes.join(zones.set_index("zone")[["name", "borough"]])
    return zones, tlc_zones.outline_zones(named)


def clean_months(
    raw_trips: dict[str, MonthPart], zones: pd.DataFrame, params: DataProcessingParams
) -> dict[str, MonthPart]:
    """Say how each wanted month is made; the dataset makes those that changed.

    Args:
        raw_trips: Months as ingested.
        zones: Known zones.
        params: Wanted months and rules.

    Returns:
        Each wanted month, with the digest of all that its trips depend on.

    Raises:
        DataError: If a wanted month was not ingested, or was altered since.
    """
    missing = [month for month in params.wanted if month not in raw_trips]
    if missing:
        raise DataError(
            f"months not ingested: {', '.join(missing)}. Found: {', '.join(raw_trips) or 'none'}. "
            "Run the pipeline ingestion with the same months first."
        )
    for month in params.wanted:
        raw_trips[month].verify()
    known = zones["zone"].to_numpy()
    return {month: _plan(raw_trips[month], known, params) for month in params.wanted}


def _plan(raw: MonthPart, known: Any, params: DataProcessingParams) -> MonthPart:
    record = {
        "file": raw.record["file"],
        "sha256": raw.record["sha256"],
        "source": kind_of_source(root_of(raw.record)),
        "service": params.service.value,
        "digest": _digest(raw, known.tolist(), params),
    }
    return MonthPart(raw.month, record, partial(_clean, raw, known, params))


def _clean(raw: MonthPart, known: Any, params: DataProcessingParams) -> pd.DataFrame:
    trips = clean_month(raw.read(), raw.month, known, params.rules)
    quality = trips.attrs["quality"]
    log.info(
        "%s: %d rows read, %d kept, %d rejected",
        raw.month,
        quality["rows_read"],
        quality["rows_kept"],
        sum(quality["rejected"].values()),
    )
    return trips


def _digest(raw: MonthPart, known: list[int], params: DataProcessingParams) -> str:
    rules = params.rules.model_dump()
    return digest_of_json([digest_of_rules(), raw.month, raw.record["sha256"], known, rules])


def assess_months(trips: dict[str, MonthPart], params: DataProcessingParams) -> dict[str, Any]:
    """Collect what was kept and rejected, and hold every month against the gate.

    Args:
        trips: Processed months; their rows are not read.
        params: Wanted months and bounds.

    Returns:
        Under ``months`` the counts of each month, under ``failures`` a line for each bound broken.

    Raises:
        DataError: If a wanted month is absent or its file is damaged.
    """
    absent = [m for m in params.wanted if m not in trips or "quality" not in trips[m].record]
    if absent:
        raise DataError(
            f"months not processed, or damaged: {', '.join(absent)}. Run the node clean_months."
        )
    months = {month: dict(trips[month].record["quality"]) for month in params.wanted}
    return hold_against_gate(months, params)


def hold_against_gate(
    months: dict[str, dict[str, Any]], params: DataProcessingParams
) -> dict[str, Any]:
    """Return the quality report of months.

    Args:
        months: Counts of each month.
        params: The bounds.
    """
    failures = [
        f"{month}: {failure}"
        for month, quality in months.items()
        for failure in _hold_against(quality, params.gate)
    ]
    return {"service": params.service.value, "months": months, "failures": failures}


def _hold_against(quality: dict[str, Any], gate: MonthGateParams) -> list[str]:
    read = max(quality["rows_read"], 1)
    rejected = sum(quality["rejected"].values()) / read
    unknown = quality["rejected"]["unknown_zone"] / read
    median = quality["median_duration"]
    broken = {
        f"{quality['rows_kept']} trips kept, min_rows is {gate.min_rows}": (
            quality["rows_kept"] < gate.min_rows
        ),
        f"{rejected:.1%} of rows rejected, max_rejected_share is {gate.max_rejected_share:.1%}": (
            rejected > gate.max_rejected_share
        ),
        f"{unknown:.1%} of rows in unknown zones, max_unknown_zone_share is "
        f"{gate.max_unknown_zone_share:.1%}": unknown > gate.max_unknown_zone_share,
        f"median duration {median} minutes, expected {gate.min_median_duration} to "
        f"{gate.max_median_duration}": (
            median is None or not gate.min_median_duration <= median <= gate.max_median_duration
        ),
    }
    return [line for line, failed in broken.items() if failed]


def pass_months(data_quality: dict[str, Any]) -> list[str]:
    """Let months through to training only if all keep the bounds of the gate.

    Args:
        data_quality: The quality report, written before this gate so that it can be read after.

    Returns:
        The months that may be learnt from.

    Raises:
        DataError: With a line for each bound that a month breaks.
    """
    if data_quality["failures"]:
        lines = "\n".join(f"- {failure}" for failure in data_quality["failures"])
        raise DataError(
            f"months that no model should learn from:\n{lines}\nSee data_quality.json. Leave the "
            "month out, or change data_processing.gate if the month is right."
        )
    return list(data_quality["months"])
