"""The exact bits of a frame: a digest of each column, and what two columns are compared by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

MISSING = "\x00"
_NUMBERS = "biufmM"


class FrameDigest(BaseModel):
    """A frame by its digests.

    Attributes:
        rows: Number of rows.
        columns: SHA-256 of each column, in the order of the columns.
        sha256: SHA-256 of all of the above.
    """

    rows: int
    columns: dict[str, str]
    sha256: str


def bits_of(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Return what two values are the same by.

    Args:
        column: Any column of a frame.

    Returns:
        Numbers and times as unsigned integers with the same bits, so that zero is not minus zero
        and a NaN is a value like others; anything else as text, whatever pandas stores it as.
    """
    values = column.to_numpy()
    if values.dtype.kind in _NUMBERS:
        return np.ascontiguousarray(values).view(f"<u{values.dtype.itemsize}")
    texts = [MISSING if pd.isna(value) else str(value) for value in values]
    return np.array(texts, dtype=object)


def kind_of(column: pd.Series[Any]) -> str:
    """Return the type as far as bits depend on it: ``float64``, or ``text``."""
    dtype = column.to_numpy().dtype
    return str(dtype) if dtype.kind in _NUMBERS else "text"


def digest_parts(parts: Iterable[pd.DataFrame]) -> FrameDigest:
    """Digest a frame that comes in parts, one of which is in memory at a time.

    Args:
        parts: Frames with the same columns. Where one ends does not matter.
    """
    rows, hashes = 0, {}
    for part in parts:
        rows += len(part)
        for name in part.columns:
            if name not in hashes:
                hashes[name] = hashlib.sha256(kind_of(part[name]).encode())
            hashes[name].update(_bytes(bits_of(part[name])))
    columns = {str(name): found.hexdigest() for name, found in hashes.items()}
    whole = hashlib.sha256(json.dumps([rows, columns]).encode()).hexdigest()
    return FrameDigest(rows=rows, columns=columns, sha256=whole)


def _bytes(bits: npt.NDArray[Any]) -> bytes:
    if bits.dtype != object:
        return bits.tobytes()
    # with its length before each text, as no separator is safe from being part of one
    return b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in bits)
