"""A predictor and the files that it is to answer; nothing is read or written before it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from trip_duration.features.requests import Requests
from trip_duration.inference.checking import Findings, check_chunk
from trip_duration.inference.finding import Requested
from trip_duration.inference.reading import Chunk
from trip_duration.models import Predictor

ROW, REASONS = "row", "reasons"


@dataclass(frozen=True)
class Batch:
    """Files of requests with the predictor that answers them.

    Attributes:
        requested: The files.
        predictor: What answers.
        chunk_rows: Rows that are answered at a time.
    """

    requested: Requested
    predictor: Predictor
    chunk_rows: int

    @cached_property
    def sha256(self) -> str:
        """Identity of the predictor; it takes long enough to be asked once."""
        return self.predictor.sha256

    def answer(self, chunk: Chunk) -> tuple[pa.Table, pa.Table]:
        """Answer the rows of a chunk that are requests.

        Returns:
            The answered rows: all columns they came with, ``minutes``, ``lower``, ``upper``,
            ``flags`` (names, separated by spaces) and ``model_sha256``; and the other rows:
            ``row``, ``reasons`` and all columns they came with.

        Raises:
            DataError: If a column is of a type that cannot be read.
        """
        requests, findings = check_chunk(chunk)
        kept = chunk.table
        if findings.bad.any():
            kept = kept.filter(pa.array(~findings.bad))
        prediction = self.predictor.predict(requests)._asdict()
        answers = {
            **prediction,
            "flags": self._flags(requests),
            "model_sha256": pa.repeat(self.sha256, len(requests)),
        }
        for name, values in answers.items():
            kept = kept.append_column(name, pa.array(values, from_pandas=True))
        return kept, _rejected(chunk, findings)

    def _flags(self, requests: Requests) -> pa.Array:
        flags = self.predictor.flag(requests)
        names = list(flags)
        number = sum(
            (flags[name].astype(np.int16) << bit for bit, name in enumerate(names)),
            start=np.zeros(len(requests), dtype=np.int16),
        )
        every = [
            " ".join(name for bit, name in enumerate(names) if combination >> bit & 1)
            for combination in range(1 << len(names))
        ]
        return pa.array(every, pa.string()).take(pa.array(number))


def _rejected(chunk: Chunk, findings: Findings) -> pa.Table:
    """Return the rows that are set aside, in the order of the file."""
    index = np.flatnonzero(findings.bad)
    rows = pa.array(np.append(chunk.rows[index], [row for row, _ in chunk.broken]), pa.int64())
    said = ["; ".join(findings.reasons[number]) for number in index.tolist()]
    reasons = pa.array(said + [reason for _, reason in chunk.broken], pa.string())
    came = chunk.table.take(pa.array(index))
    nothing = pa.Table.from_arrays(
        [pa.nulls(len(chunk.broken), kind.type) for kind in came.schema], schema=came.schema
    )
    both = pa.concat_tables([came, nothing])
    # names that are taken stay with the file's own columns
    columns = {_free(ROW, both): rows, _free(REASONS, both): reasons}
    columns |= {name: both[name] for name in both.column_names}
    return pa.table(columns).take(pa.array(np.argsort(rows.to_numpy(), kind="stable")))


def _free(name: str, table: pa.Table) -> str:
    return name if name not in table.column_names else _free(f"_{name}", table)
