"""Integrity of local copies: whether a file still has the content that its record describes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from trip_duration.errors import DataError

Record = Mapping[str, Any]


def verify_file(path: Path, record: Record) -> None:
    """Compare a file with its record: size and time of change, and the content where these differ.

    Args:
        path: The file.
        record: Its ``sha256``, ``bytes``, ``modified_ns`` (may be missing) and ``ingested_at``.

    Raises:
        DataError: If the content is another one.
    """
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if (state.st_size, state.st_mtime_ns) != (record.get("bytes"), record.get("modified_ns")):
            verify_content(file, path, record)


def verify_content(file: BufferedReader, path: Path, record: Record) -> None:
    """Compare the content of an open file with its record; the file is then at its beginning.

    Args:
        file: The file, at its beginning.
        path: Its path, for the message.
        record: As ``verify_file`` takes it.

    Raises:
        DataError: If the content is another one.
    """
    actual_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = file.tell()
    file.seek(0)
    if actual_sha256 != record.get("sha256"):
        raise DataError(
            f"{path} was altered after it was ingested at {record.get('ingested_at')}: expected "
            f"sha256 {record.get('sha256')} ({record.get('bytes')} bytes), "
            f"found {actual_sha256} ({size} bytes). It is not used. Ingest it again "
            "(kedro run --pipelines ingestion, for the same environment and months), or put the "
            "original file back."
        )
