"""Manifests of the ingestion, as tests of nodes need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trip_duration.months import MonthPart
from trip_duration.params import SYNTHETIC, IngestionParams

INGESTION = IngestionParams(service="green", source_root=SYNTHETIC, months="2023-01")


def record_of(month: str, sha256: str, root: str = SYNTHETIC) -> dict[str, Any]:
    """Return the record of a month that was ingested from a root."""
    file = f"trip-data/green_tripdata_{month}.parquet"
    source = root if root == SYNTHETIC else f"{root}/{file}"
    return {"sha256": sha256, "rows": 2000, "source": source, "file": file}


def manifest_of(trips: Mapping[str, MonthPart], root: str = SYNTHETIC) -> dict[str, Any]:
    """Return the manifest of the raw files that processed months were made of."""
    months = {month: record_of(month, part.record["sha256"], root) for month, part in trips.items()}
    return {"service": "green", "months": months, "zones": {}}
