"""The parts of a file of answers: one for each chunk, put together once all are there.

A part bears its name only when it is whole, so that a run that was killed finds what it has done.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from trip_duration.errors import DataError
from trip_duration.inference.finding import kind_of
from trip_duration.storage import remove_unfinished, replacing

ANSWERED, REJECTED = "answered", "rejected"
Key = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What was made of a file so far, in a hidden folder beside the place of its answers.

    Attributes:
        target: The place of the answers.
        key: What the parts are made of, as the journal has it: file, model, size of a chunk.
    """

    target: Path
    key: Key

    @property
    def folder(self) -> Path:
        """Where the parts lie."""
        return self.target.with_name(f".{self.target.name}.parts")

    @property
    def rejects(self) -> Path:
        """The place of the rows that are no requests."""
        return rejects_of(self.target)

    def begin(self) -> None:
        """Keep the parts if they were made of the same; else begin anew."""
        if read_json(self._journal) == self.key:
            return
        self.discard()
        self.folder.mkdir(parents=True)
        write_json(self._journal, self.key)

    def discard(self) -> None:
        """Remove the parts."""
        # the journal is first: without it, what is left after a kill counts for nothing
        self._journal.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def has(self, number: int) -> bool:
        """Tell whether a chunk is done."""
        return self._path(number, ANSWERED).is_file()

    def add(self, number: int, answered: pa.Table, rejected: pa.Table) -> None:
        """Save the answers of one chunk.

        Raises:
            DataError: If another run has begun anew in the folder, which a lock should prevent.
        """
        self._require_own()
        # the answers are last: where they are, the chunk is done
        for table, kind in ((rejected, REJECTED), (answered, ANSWERED)):
            write_whole(self._path(number, kind), partial(_write_part, table))

    def finish(self, chunks: int) -> None:
        """Put the parts together, each table in its place; without rejected rows there is none.

        Args:
            chunks: Number of chunks of the file.

        Raises:
            DataError: If the parts are not those of this run, or not all of them are there.
        """
        self._require_own()
        part_count = len(self._all(ANSWERED))
        if part_count != chunks:
            raise DataError(
                f"{self.folder} holds {part_count} parts, expected {chunks}, one for each chunk of "
                "the file. Remove the folder and run again."
            )
        if self.count(REJECTED):
            _join(self._all(REJECTED), self.rejects)
        else:
            self.rejects.unlink(missing_ok=True)
        _join(self._all(ANSWERED), self.target)
        self.discard()

    def count(self, kind: str) -> int:
        """Return how many rows were ``answered``, or ``rejected``."""
        return sum(_rows(path) for path in self._all(kind))

    def _require_own(self) -> None:
        if read_json(self._journal) != self.key:
            raise DataError(
                f"{self.folder}: another run has removed or replaced the parts of this one, so "
                f"{self.target} is not written. Run again when no other run writes to it."
            )

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.json"

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:08}.{kind}.arrow"

    def _all(self, kind: str) -> list[Path]:
        return sorted(self.folder.glob(f"*.{kind}.arrow"))


def rejects_of(target: Path) -> Path:
    """Return the place of the rows that are no requests, beside that of the answers."""
    return target.with_name(f"{target.stem}.rejected{target.suffix}")


def write_whole(place: Path, write: Callable[[Path], object]) -> None:
    """Write a file to a temporary path and rename it when it is whole.

    The caller holds the lock of the file: what a killed run has left is removed.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(place.parent, place.name)
    with replacing(place) as temporary:
        write(temporary)


def write_json(place: Path, content: Key) -> None:
    """Write a file of JSON, whole or not at all."""
    write_whole(place, lambda path: path.write_text(json.dumps(content, indent=1) + "\n"))


def read_json(place: Path) -> Key:
    """Read a file of JSON; one that is not there, or not readable, is empty."""
    with suppress(OSError, ValueError):
        content = json.loads(place.read_bytes())
        return dict(content) if isinstance(content, dict) else {}
    return {}


def _write_part(table: pa.Table, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, table.schema, options=options) as w,
    ):
        w.write_table(table)


def _read_part(path: Path) -> pa.Table:
    with pa.OSFile(str(path), "rb") as file:
        return pa.ipc.open_file(file).read_all()


def _rows(path: Path) -> int:
    with pa.OSFile(str(path), "rb") as file:
        reader = pa.ipc.open_file(file)
        return sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))


def _join(parts: list[Path], place: Path) -> None:
    try:
        write_whole(place, lambda path: _write_joined(parts, path, kind_of(place)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise DataError(
            f"the columns cannot be written as {place.suffix}: {error}. "
            "Name an output that ends in .parquet"
        ) from error


def _write_joined(parts: list[Path], path: Path, kind: str) -> None:
    schema = _read_part(parts[0]).schema
    make_writer = pacsv.CSVWriter if kind == ".csv" else pq.ParquetWriter
    with make_writer(path, schema) as writer:
        for part in parts:
            writer.write_table(_read_part(part))
