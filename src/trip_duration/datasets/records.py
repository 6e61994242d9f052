"""Results as JSON: one file each, so that what was computed once is there the next time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from trip_duration.datasets.folders import local_folder

Record = dict[str, Any]


class RecordsDataset(AbstractDataset[Mapping[str, Record], dict[str, Record]]):
    """A folder of JSON records by name. Saving adds to it and replaces, but removes nothing.

    A node that yields one record after the other has each of them on disk when it is killed.

    Args:
        path: The folder.
        metadata: For Kedro's plugins.
    """

    def __init__(self, path: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._folder = local_folder(path)
        self.metadata = metadata

    def load(self) -> dict[str, Record]:
        """Return all records by name, in the order of the names; none is no error."""
        files = sorted(self._folder.glob("*.json"))
        return {path.stem: json.loads(path.read_bytes()) for path in files}

    def save(self, data: Mapping[str, Record]) -> None:
        """Write records, each whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, record in data.items():
            _write(self._folder / f"{name}.json", record)

    def preview(self) -> JSONPreview:
        """Return the records, for Kedro-Viz."""
        return JSONPreview(json.dumps(self.load()))

    def _exists(self) -> bool:
        return any(self._folder.glob("*.json"))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._folder.as_posix()}


class ReportDataset(AbstractDataset[Record, Record]):
    """A report as JSON that need not have been made: where there is none, it is empty.

    Args:
        filepath: The file.
        metadata: For Kedro's plugins.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:  # noqa: D107 - see the class
        self._file = local_folder(filepath)
        self.metadata = metadata

    def load(self) -> Record:
        """Return the report, or nothing at all."""
        return json.loads(self._file.read_bytes()) if self._file.is_file() else {}

    def save(self, data: Record) -> None:
        """Write the report, whole or not at all."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        _write(self._file, data)

    def preview(self) -> JSONPreview:
        """Return the report, for Kedro-Viz."""
        return JSONPreview(json.dumps(self.load()))

    def _exists(self) -> bool:
        return self._file.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._file.as_posix()}


def _write(path: Path, record: Record) -> None:
    beside = path.with_suffix(".part")
    try:
        beside.write_text(json.dumps(record, indent=2) + "\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
