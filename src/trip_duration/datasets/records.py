"""Results as JSON: one file each, so that what was computed once is there the next time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview
from kedro_datasets.json import JSONDataset

from trip_duration.datasets.folders import local_folder
from trip_duration.storage import replacing

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


class ReportDataset(JSONDataset):  # type: ignore[misc]
    """A report as JSON that need not have been made: where there is none, it is empty."""

    def load(self) -> Record:
        """Return the report, or nothing at all."""
        report: Record = super().load() if self.exists() else {}
        return report


def _write(path: Path, record: Record) -> None:
    # several runs may write one record at once: outcomes of folds are shared between studies
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
