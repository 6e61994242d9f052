"""Files of requests, read a chunk at a time: Parquet and CSV, whatever columns they have."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from trip_duration.errors import DataError
from trip_duration.inference.columns import check_columns
from trip_duration.inference.finding import kind_of
from trip_duration.storage import FileVersion, file_version

_BLOCK = 1 << 20
# a record of a CSV file may be as long as a block; Arrow reads 32 blocks ahead
_BYTES_A_ROW, _LEAST_BLOCK = 32, 1 << 16
_SHOWN = 200
# Arrow takes no rows of a view
_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
# what stands for bytes that are no UTF-8
_REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Chunk:
    """Rows that follow each other in a file.

    Attributes:
        table: All columns of the file as they are; those of CSV files are text.
        rows: The number of each row in the file, shape ``(n,)``; the first is 1.
        broken: Rows that have no columns to speak of: the number, and what is wrong.
        garbled: Values that are no UTF-8: the index in the table, and the column.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]
    broken: tuple[tuple[int, str], ...] = ()
    garbled: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Identity:
    """What tells a file from another.

    Attributes:
        sha256: Of its content.
        size: Bytes.
        lines: How often a line ends in it.
    """

    sha256: str
    size: int
    lines: int


@dataclass(frozen=True)
class RequestFile:
    """A file of requests.

    Attributes:
        path: Where it lies.
    """

    path: Path

    def identify(self) -> Identity:
        """Read the file once and say which it is.

        Raises:
            DataError: If it cannot be read.
        """
        digest, size, lines = hashlib.sha256(), 0, 0
        with self._readable(), self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
        return Identity(digest.hexdigest(), size, lines)

    def version(self) -> FileVersion:
        """Return the version of the file, which changes when the file is written to or replaced.

        Raises:
            DataError: If it is not there.
        """
        with self._readable():
            return file_version(self.path)

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Read the file, at least one chunk of it, in the same chunks each time.

        Args:
            rows: Rows of a chunk; those of CSV files have about so many.

        Raises:
            DataError: If it cannot be read as what its name says, or lacks a column.
        """
        read = _parquet_chunks if kind_of(self.path) == ".parquet" else _csv_chunks
        with self._readable():
            yield from read(self.path, rows)

    def expected_rows(self, identity: Identity) -> int:
        """Return how many rows it has; of a CSV file with breaks in its values, at most so many."""
        if kind_of(self.path) == ".csv":
            return max(identity.lines - 1, 0)
        with self._readable():
            return int(pq.read_metadata(self.path).num_rows)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self.path} cannot be read: {error}") from error


def _parquet_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    # buffered, or the whole of a row group is read at once
    with pq.ParquetFile(path, buffer_size=_BLOCK, pre_buffer=False) as file:
        check_columns(path, file.schema_arrow.names)
        kinds = [field.with_type(_VIEWS.get(field.type, field.type)) for field in file.schema_arrow]
        schema, done = pa.schema(kinds), 0
        for batch in file.iter_batches(batch_size=rows):
            numbers = np.arange(done + 1, done + 1 + len(batch))
            yield Chunk(_cast(pa.Table.from_batches([batch]), schema), numbers)
            done += len(batch)
        if not done:
            yield Chunk(schema.empty_table(), np.arange(0))


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = zip(table.columns, schema, strict=True)
    same = [column if column.type == to.type else column.cast(to.type) for column, to in columns]
    return pa.table(same, schema=schema)


def _csv_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    broken: list[tuple[int, str]] = []

    def set_aside(row: Any) -> str:
        # its number counts the header
        problem = f"expected {row.expected_columns} values, found {row.actual_columns}"
        if breaks := row.text.count("\n"):
            problem += f", over {breaks + 1:,} lines (is a quote left open?)"
        broken.append((row.number - 1, f"{problem}: {row.text[:_SHOWN]!r}"))
        return "skip"

    with _explain_long_records(path, 0, rows):
        opened = _open_csv(path, rows, set_aside)
    with opened as file:
        done = 0
        while True:
            with _explain_long_records(path, done, rows):
                batch = next(file, None)
            if batch is None:
                break
            numbers = _numbers_of(len(batch), done, broken)
            # the reader is ahead: only what lies before the last row belongs to the chunk
            done = int(numbers[-1]) if len(numbers) else done
            before = tuple(sorted(entry for entry in broken if entry[0] <= done))
            broken[:] = [entry for entry in broken if entry[0] > done]
            table, garbled = _as_text(batch)
            yield Chunk(table, numbers, before, garbled)
        if broken or not done:
            table, _ = _as_text(pa.RecordBatch.from_pylist([], schema=file.schema))
            yield Chunk(table, np.arange(0), tuple(sorted(broken)))


@contextmanager
def _explain_long_records(path: Path, after: int, rows: int) -> Iterator[None]:
    """Say of a record that is longer than a block where it begins, and why that may be."""
    try:
        yield
    except pa.ArrowInvalid as error:
        if "straddling object" not in str(error):
            raise
        raise DataError(
            f"{path}: after row {after} begins a record of more than {_block_size(rows):,} bytes. "
            "Is a quote left open there? If not, raise inference.chunk_rows."
        ) from error


def _block_size(rows: int) -> int:
    return max(rows * _BYTES_A_ROW, _LEAST_BLOCK)


def _as_text(batch: pa.RecordBatch) -> tuple[pa.Table, tuple[tuple[int, str], ...]]:
    """Return the bytes of a batch as text, and where they are none."""
    columns, garbled = {}, []
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        try:
            columns[name] = values.cast(pa.string())
        except pa.ArrowInvalid:
            words = [value.decode("utf-8", "replace") for value in values.to_pylist()]
            columns[name] = pa.array(words, pa.string())
            garbled += [(row, name) for row, word in enumerate(words) if _REPLACED in word]
    return pa.table(columns), tuple(garbled)


def _open_csv(path: Path, rows: int, set_aside: Any) -> Any:
    # values are read as they stand, for the type of a column must not depend on the chunk
    read = pacsv.ReadOptions(use_threads=False, block_size=_block_size(rows), encoding="utf8")
    first = pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda _: "skip")
    plain = pacsv.ConvertOptions(check_utf8=False)
    source = _whole_lines(path, read.block_size)
    with pacsv.open_csv(source(), read, first, plain) as file:
        try:
            names = file.schema.names
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: the names of its columns are no UTF-8") from error
    check_columns(path, names)
    parse = pacsv.ParseOptions(
        newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
    )
    kinds = dict.fromkeys(names, pa.binary())
    convert = pacsv.ConvertOptions(check_utf8=False, column_types=kinds)
    return pacsv.open_csv(source(), read, parse, convert)


def _whole_lines(path: Path, most: int) -> Callable[[], Any]:
    """Return what opens a file; a short one is given the end of its last line.

    Arrow takes a header alone for an empty file without it.
    """
    with path.open("rb") as file:
        head = file.read(most)
    if head.removeprefix(BOM_UTF8).startswith((b"\n", b"\r")):
        raise DataError(f"{path}: its first line is empty, expected the names of the columns")
    if head and len(head) < most and not head.endswith((b"\n", b"\r")):
        return lambda: pa.BufferReader(head + b"\n")
    return lambda: path


def _numbers_of(count: int, done: int, broken: list[tuple[int, str]]) -> npt.NDArray[np.int64]:
    """Number the rows that follow the ``done``-th, leaving out those that are broken."""
    left_out = np.array([row for row, _ in broken if row > done], dtype=np.int64)
    numbers = np.arange(done + 1, done + 1 + count + len(left_out))
    return numbers[~np.isin(numbers, left_out)][:count]
