"""A survey of a file of requests while it is answered: what its rows look like as a whole.

It finds what no single row shows: lines that a quote has swallowed, a distance that is never there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from trip_duration.features.requests import ROUTE_DISTANCE
from trip_duration.inference.checking import is_missing
from trip_duration.inference.reading import Chunk, Identity


@dataclass
class _Longest:
    """The value or header with the most line breaks; 0 breaks if there are none."""

    breaks: int = 0
    where: str = ""


class Survey:
    """Statistics over the rows read so far.

    Args:
        text: Whether it is a CSV file, in whose values lines can break.
    """

    def __init__(self, text: bool) -> None:  # noqa: D107 - see the class
        self._text = text
        self._rows = 0
        self._longest = _Longest()
        self._distances = False
        self._with_column = False

    def add(self, chunk: Chunk) -> None:
        """Look at the next chunk; every chunk of the file has to be added once."""
        self._rows += len(chunk.rows) + len(chunk.broken)
        names = chunk.table.column_names
        self._with_column = ROUTE_DISTANCE in names
        if self._with_column and not self._distances:
            self._distances = not bool(is_missing(chunk.table[ROUTE_DISTANCE]).all())
        if self._text:
            self._note_breaks(sum(name.count("\n") for name in names), "the header")
            for name in names:
                self._look_for_breaks(chunk, name)

    def _note_breaks(self, breaks: int, where: str) -> None:
        if breaks > self._longest.breaks:
            self._longest = _Longest(breaks, where)

    def _look_for_breaks(self, chunk: Chunk, name: str) -> None:
        if not len(chunk.rows):
            return
        # a value that is open until the end of the file has the end of its last line in it
        values = pc.utf8_rtrim(chunk.table[name], "\n")
        breaks = pc.count_substring(values, "\n").fill_null(0).to_numpy()
        row = int(np.argmax(breaks))
        self._note_breaks(int(breaks[row]), f"column {name} of row {chunk.rows[row]}")

    def warnings(self, identity: Identity) -> list[str]:
        """Return warnings about the whole file, after all chunks were added.

        Args:
            identity: The file.
        """
        warnings = [self._describe_lines(identity.lines) if self._text else None]
        if self._with_column and self._rows and not self._distances:
            warnings.append(
                f"{ROUTE_DISTANCE} is empty in all {self._rows:,} rows, so each is answered as a "
                "request without a distance"
            )
        return [warning for warning in warnings if warning is not None]

    def _describe_lines(self, lines: int) -> str | None:
        # the header is a line as well; a last line without an end is not counted
        lines -= 1
        swallowed = lines - self._rows
        if swallowed <= 0:
            return None
        spans = f", {self._longest.breaks + 1:,} in {self._longest.where}"
        return (
            f"{lines:,} lines below the header hold {self._rows:,} rows, answered or set aside: "
            f"{swallowed:,} lines lie inside quoted values"
            f"{spans if self._longest.breaks else ', all in rows that were set aside'}. "
            "If they should be rows, a quote is left open there"
        )
