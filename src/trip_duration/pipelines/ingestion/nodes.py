"""What to ingest, and what was ingested. The datasets do the fetching."""

from __future__ import annotations

from typing import Any

from trip_duration.errors import DataError
from trip_duration.months import MonthPart
from trip_duration.params import IngestionParams
from trip_duration.tlc.fetch import MirroredFile
from trip_duration.tlc.files import ZONE_LOOKUP, ZONE_SHAPES, trip_file
from trip_duration.tlc.source import RemoteFile, open_source

_IN_MANIFEST = ("sha256", "bytes", "rows", "columns", "source", "ingested_at", "file")


def request_months(params: IngestionParams) -> dict[str, RemoteFile]:
    """Return the file at the source for each wanted month."""
    source = open_source(params.source_root, params)
    return {
        month: source.file(f"trip-data/{trip_file(params.service, month)}")
        for month in params.wanted
    }


def request_zone_files(params: IngestionParams) -> dict[str, RemoteFile]:
    """Return the files at the source that describe the zones, by their bare names."""
    source = open_source(params.source_root, params)
    return {name.rpartition("/")[2]: source.file(name) for name in (ZONE_LOOKUP, ZONE_SHAPES)}


def write_manifest(
    raw_trips: dict[str, MonthPart],
    raw_zone_files: dict[str, MirroredFile],
    params: IngestionParams,
) -> dict[str, Any]:
    """Describe what was ingested: the wanted months and the zone files.

    Args:
        raw_trips: All ingested months of the service.
        raw_zone_files: The ingested zone files by name.
        params: Which months are wanted.

    Returns:
        ``service``, ``months`` and ``zones``; for each month and file its ``sha256``, ``bytes``,
        ``rows``, ``columns``, ``source``, ``ingested_at`` (UTC) and ``file``.

    Raises:
        DataError: If a wanted month was not ingested, or was altered since.
    """
    missing = [month for month in params.wanted if month not in raw_trips]
    if missing:
        raise DataError(
            f"{params.service}: months wanted but not ingested: {', '.join(missing)}. "
            "Run the ingestion pipeline from its first node."
        )
    for month in params.wanted:
        raw_trips[month].verify()
    return {
        "service": params.service.value,
        "months": {month: _entry(raw_trips[month].record) for month in params.wanted},
        "zones": {name: _entry(file.record) for name, file in sorted(raw_zone_files.items())},
    }


def _entry(record: Any) -> dict[str, Any]:
    return {key: record[key] for key in _IN_MANIFEST}
