"""Months: copies of what was published, and what was made of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview, TablePreview

from trip_duration.datasets.folders import local_folder
from trip_duration.errors import BrokenMonthsError, ContractError
from trip_duration.months import MonthPart
from trip_duration.params import Service
from trip_duration.progress import track
from trip_duration.storage import hold_lock, remove_unfinished, replacing
from trip_duration.tlc.fetch import MirroredFile, mirror, mirrored_files
from trip_duration.tlc.files import read_month, trip_file
from trip_duration.tlc.integrity import verify_file
from trip_duration.tlc.source import RemoteFile, trip_month

log = logging.getLogger(__name__)
_LOCK = ".processing.lock"
_RECORD = b"trip_duration"


class MirroredFilesDataset(AbstractDataset[Mapping[str, RemoteFile], dict[str, MirroredFile]]):
    """Files copied from their source: save brings the copies up to date, load lists them.

    Args:
        path: Folder of the copies.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._folder = local_folder(path)
        self.metadata = metadata

    def load(self) -> dict[str, MirroredFile]:
        """Return the copies by name relative to the folder.

        Raises:
            DataError: If a copy was altered since; as the cause of Kedro's ``DatasetError``.
        """
        copies = mirrored_files(self._folder)
        for copy in copies.values():
            verify_file(copy.path, copy.record)
        return copies

    def save(self, data: Mapping[str, RemoteFile]) -> None:
        """Fetch what is missing, damaged or changed at the source.

        Args:
            data: The file for each name relative to the folder.

        Raises:
            SourceError: If a file cannot be had; as the cause of Kedro's ``DatasetError``.
        """
        mirror(data, self._folder)

    def preview(self) -> JSONPreview:
        """Return the record of each copy, for Kedro-Viz."""
        return JSONPreview(json.dumps({name: copy.record for name, copy in self.load().items()}))

    def _exists(self) -> bool:
        return bool(mirrored_files(self._folder))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._folder.as_posix()}


class RawMonthsDataset(AbstractDataset[Mapping[str, RemoteFile], dict[str, MonthPart]]):
    """The months of one taxi service, as published: saved from their source, loaded as parts.

    Args:
        path: Folder of the copies.
        service: Taxi service; files of another are left alone.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str, service: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._folder = local_folder(path)
        self._service = Service(service)
        self.metadata = metadata

    def load(self) -> dict[str, MonthPart]:
        """Return every month that was ingested, in calendar order; rows are read on demand.

        Reading a month that was altered since raises ``DataError``.
        """
        copies = mirrored_files(self._folder)
        named = {trip_month(name): copy for name, copy in copies.items()}
        return {
            key[1]: MonthPart(
                key[1],
                copy.record,
                partial(read_month, copy.path, copy.record),
                partial(verify_file, copy.path, copy.record),
            )
            for key, copy in named.items()
            if key is not None and key[0] == self._service
        }

    def save(self, data: Mapping[str, RemoteFile]) -> None:
        """Fetch the months that are missing, damaged or changed at the source.

        Args:
            data: The file for each month.

        Raises:
            SourceError: If a month cannot be had; as the cause of Kedro's ``DatasetError``.
        """
        files = {trip_file(self._service, month): file for month, file in data.items()}
        mirror(files, self._folder)

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows of the first month as published, for Kedro-Viz."""
        names = (trip_file(self._service, month) for month in self.load())
        return _first_rows([self._folder / name for name in names], nrows)

    def _exists(self) -> bool:
        return bool(self.load())

    def _describe(self) -> dict[str, Any]:
        return {"path": self._folder.as_posix(), "service": self._service.value}


class TripMonthsDataset(AbstractDataset[Mapping[str, MonthPart], dict[str, MonthPart]]):
    """Processed months, one parquet file each, made anew only where what they are made of changed.

    Each file carries its record (digest and counts) in its own footer, so that the two cannot part.

    Args:
        path: Folder of the months.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._folder = local_folder(path)
        self.metadata = metadata

    def load(self) -> dict[str, MonthPart]:
        """Return every processed month in calendar order; rows are read on demand."""
        files = sorted(self._folder.glob("*.parquet"))
        return {
            path.stem: MonthPart(path.stem, _read_record(path), partial(pd.read_parquet, path))
            for path in files
        }

    def save(self, data: Mapping[str, MonthPart]) -> None:
        """Make the months whose digest differs from that of their file, one at a time.

        One process does so at a time; others wait for it and take the months that it has made.

        Args:
            data: The months, each with the digest of all that its rows depend on.

        Raises:
            BrokenMonthsError: If months break a contract; all others were written by then.
        """
        with hold_lock(self._folder / _LOCK, f"the folder {self._folder}", "data processing"):
            remove_unfinished(self._folder)
            done = {month: part.record.get("digest") for month, part in self.load().items()}
            changed = [month for month in data if data[month].record["digest"] != done.get(month)]
            log.info("%d months unchanged, %d to process", len(data) - len(changed), len(changed))
            broken = []
            for month in track(changed, "cleaning", "months"):
                try:
                    self._write(data[month])
                except ContractError as error:
                    broken.append(error)
            if broken:
                raise BrokenMonthsError(broken)

    def _write(self, part: MonthPart) -> None:
        target = self._folder / f"{part.month}.parquet"
        rows = part.read()
        record = {**part.record, "quality": rows.attrs["quality"]}
        table = pa.Table.from_pandas(rows, preserve_index=False)
        table = table.replace_schema_metadata(
            {**table.schema.metadata, _RECORD: json.dumps(record).encode()}
        )
        with replacing(target) as temporary:
            pq.write_table(table, temporary)

    def preview(self, nrows: int = 5) -> TablePreview:
        """Return the first rows of the first month, for Kedro-Viz."""
        return _first_rows(sorted(self._folder.glob("*.parquet")), nrows)

    def _exists(self) -> bool:
        return any(self._folder.glob("*.parquet"))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._folder.as_posix()}


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(pq.read_schema(path).metadata[_RECORD])
    except (OSError, ValueError, KeyError, TypeError):
        # a damaged file has no digest, and is therefore made anew
        return {"file": path.name}
    return record


def _first_rows(files: list[Path], nrows: int) -> TablePreview:
    with pq.ParquetFile(files[0]) as month:
        rows = next(month.iter_batches(nrows)).to_pandas()
    return TablePreview(rows.to_dict(orient="split"))
