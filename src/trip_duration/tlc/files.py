"""The publisher's layout: where files lie, how columns are spelt, what identifies them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from trip_duration.errors import ContractError, DataError
from trip_duration.identity import digest_of_json
from trip_duration.params import Service
from trip_duration.params.flat import flatten
from trip_duration.tlc.integrity import verify_content

ZONE_LOOKUP = "misc/taxi_zone_lookup.csv"
ZONE_SHAPES = "misc/taxi_zones.zip"
# that of a raw month, which the catalog holds against its rows
CONTRACT = "RawTrips"

# what is read of a month, by this project's name and by the spellings met in the files
RAW_COLUMNS: dict[str, tuple[str, ...]] = {
    "pickup_datetime": ("lpep_pickup_datetime", "tpep_pickup_datetime"),
    "dropoff_datetime": ("lpep_dropoff_datetime", "tpep_dropoff_datetime"),
    "pickup_zone": ("PULocationID",),
    "dropoff_zone": ("DOLocationID",),
    "trip_distance": ("trip_distance",),
    "total_amount": ("total_amount",),
}


def trip_file(service: Service | str, month: str) -> str:
    """Return the name of the file of one month, as under ``trip-data/``."""
    return f"{Service(service)}_tripdata_{month}.parquet"


def match_columns(found: list[str], file: str, rows: int = 0) -> dict[str, str]:
    """Find the needed columns among those of a file.

    Args:
        found: Names of the columns of the file, in any case.
        file: Name of the file, for the message.
        rows: Number of its rows, for the message.

    Returns:
        The file's spelling for each of this project's names.

    Raises:
        ContractError: If a needed column has none of its known spellings.
    """
    by_lower = {name.lower(): name for name in found}
    matched = {
        name: by_lower[spelling.lower()]
        for name, spellings in RAW_COLUMNS.items()
        for spelling in spellings
        if spelling.lower() in by_lower
    }
    missing = [name for name in RAW_COLUMNS if name not in matched]
    if missing:
        missing_columns = [" or ".join(RAW_COLUMNS[name]) for name in missing]
        raise ContractError(
            f"{file}: column missing: {'; '.join(missing_columns)}. Found: {', '.join(found)}. "
            "Check that the file is a TLC trip record of the service asked for.",
            file,
            CONTRACT,
            rows,
            [
                {"column": name, "check": "present", "rows": rows, "examples": []}
                for name in missing_columns
            ],
        )
    return matched


def read_month(path: Path, record: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read the needed columns of one month under this project's names.

    Times are New York's local time, distance is in miles, the amount in dollars. Types are those of
    the file: the ``RawTrips`` contract makes them uniform and names what does not fit.

    Args:
        path: The file.
        record: What the content must agree with, as of a mirrored file. Without one, any is read.

    Raises:
        DataError: If the content is not that of the record, cannot be read as parquet or lacks a
            needed column.
    """
    try:
        # one open file for both: what is verified is what is read
        with path.open("rb") as content:
            if record is not None:
                verify_content(content, path, record)
            file = pq.ParquetFile(content)
            spelt = match_columns(file.schema_arrow.names, str(path), file.metadata.num_rows)
            table = file.read(columns=list(spelt.values()), use_threads=True)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise DataError(
            f"{path}: not a readable parquet file ({error}). Ingest it again."
        ) from error
    frame: pd.DataFrame = table.select(list(spelt.values())).rename_columns(list(spelt)).to_pandas()
    return frame


def data_digest(manifest: Mapping[str, Any]) -> str:
    """Return a SHA-256 over the checksums of all ingested files."""
    checksums = {k: v for k, v in flatten(manifest).items() if k.endswith(".sha256")}
    return digest_of_json(checksums)
