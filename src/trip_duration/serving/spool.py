"""The spool: entries of the prediction log that wait on disk until the database is back.

Each process appends to segments of JSON lines of its own, beside a lock that the system takes away
when the process ends, however it ends. A lock that can be had is thus that of a dead process, and
its segments are replayed by whoever takes it. Knows rows; must not know where they go.

What comes when the spool is full is lost, not what is in it: the gap in the log then has one
beginning, and nothing that was once safe on disk is given up.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trip_duration.errors import LogError
from trip_duration.serving.entry import Rows, as_line, read_line

logger = logging.getLogger(__name__)

SEGMENT_BYTES = 4 << 20


class Chunk(NamedTuple):
    """The oldest rows of a spool, and how many lines among them were cut short or altered."""

    rows: Rows
    broken: int


@dataclass
class _Segment:
    path: Path
    entries: int
    size: int
    offset: int = 0
    # what was handed out, and goes when it is dropped
    read_entries: int = 0
    read_bytes: int = 0
    written: float = 0.0
    stays: bool = False

    @property
    def owner(self) -> str:
        return self.path.name.partition(".")[0]


class Spool:
    """A first-in, first-out queue of rows on disk.

    Args:
        folder: Where the segments of all processes lie. It is made.
        limit: Largest size of what this process keeps, bytes.

    Raises:
        LogError: If the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, limit: int) -> None:  # noqa: D107 - see the class
        self._folder, self._limit = folder, limit
        self._owner, self._numbered = "", 0
        self._segments: list[_Segment] = []
        self._locks: dict[str, int] = {}
        # a log that is closed while its writer hangs is emptied by another thread
        self._lock = threading.RLock()
        _make(folder)

    @property
    def waiting(self) -> int:
        """Number of entries on disk that are this process's to replay."""
        return sum(segment.entries for segment in tuple(self._segments))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to replay, not even a line that was cut short."""
        return not self._segments

    def append(self, rows: Rows) -> bool:
        """Write rows to the end, on disk when this returns.

        Returns:
            Whether they are written. If the bound is reached, or the disk is full, none is.
        """
        if not (lines := b"".join(map(as_line, rows))):
            return True
        with self._lock:
            if sum(segment.size for segment in self._segments) + len(lines) > self._limit:
                return False
            try:
                self._write(lines, len(rows))
            except OSError as error:
                logger.warning("the spool in %s cannot be written: %s", self._folder, error)
                return False
        return True

    def read(self, count: int) -> Chunk:
        """Return the oldest rows without removing them, at most ``count`` and of one segment.

        The spool must not be empty.
        """
        with self._lock:
            segment = self._segments[0]
            try:
                with segment.path.open("rb") as file:
                    file.seek(segment.offset)
                    lines = [line for line in (file.readline() for _ in range(count)) if line]
            except OSError as error:
                logger.error("%s of the spool cannot be read: %s", segment.path, error)
                segment.read_entries, segment.read_bytes = segment.entries, segment.size
                # one that is still there stays, to be adopted when it can be read again
                segment.stays = not isinstance(error, FileNotFoundError)
                return Chunk([], 0 if segment.stays else segment.entries)
            segment.read_entries = sum(line.endswith(b"\n") for line in lines)
            segment.read_bytes = sum(map(len, lines))
        rows = [row for row in map(read_line, lines) if row is not None]
        return Chunk(rows, len(lines) - len(rows))

    def drop(self) -> None:
        """Remove what was last read."""
        with self._lock:
            segment = self._segments[0]
            segment.offset += segment.read_bytes
            segment.entries -= segment.read_entries
            segment.read_bytes = segment.read_entries = 0
            if segment.offset >= segment.size:
                self._remove(segment)

    def adopt(self) -> int:
        """Take over the segments of processes that have ended, before those of this one.

        Returns:
            The number of entries in them, without those that cannot be read for now.
        """
        with self._lock:
            # a segment without a lock is nobody's either
            left = [*self._folder.glob("*.lock"), *self._folder.glob("*.*.jsonl")]
            owners = {path.name.partition(".")[0] for path in left} - self._locks.keys()
            taken = [owner for owner in owners if self._take(owner)]
            paths = [path for owner in taken for path in self._folder.glob(f"{owner}.*.jsonl")]
            found = sorted(filter(None, map(_find, paths)), key=lambda one: (one.written, one.path))
            self._segments[:0] = found
            for owner in taken:
                self._release(owner)
            return sum(segment.entries for segment in found)

    def close(self) -> None:
        """Give the locks back, so that another process can replay what is left."""
        with self._lock:
            self._segments.clear()
            for owner in tuple(self._locks):
                self._release(owner)

    def _take(self, owner: str) -> bool:
        try:
            handle = os.open(self._folder / f"{owner}.lock", os.O_RDWR | os.O_CREAT, 0o640)
        except OSError as error:
            logger.error("the spool of %s in %s cannot be had: %s", owner, self._folder, error)
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # its process lives
            os.close(handle)
            return False
        self._locks[owner] = handle
        return True

    def _release(self, owner: str) -> None:
        if not any(segment.owner == owner for segment in self._segments):
            if not any(self._folder.glob(f"{owner}.*.jsonl")):
                (self._folder / f"{owner}.lock").unlink(missing_ok=True)
            os.close(self._locks.pop(owner))

    def _remove(self, segment: _Segment) -> None:
        if not segment.stays:
            segment.path.unlink(missing_ok=True)
        self._segments.remove(segment)
        self._release(segment.owner)

    def _write(self, lines: bytes, entries: int) -> None:
        segment = self._last()
        handle = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            _write_whole(handle, lines)
        except OSError:
            os.ftruncate(handle, segment.size)
            if not segment.size:
                self._remove(segment)
            raise
        finally:
            os.close(handle)
        segment.size += len(lines)
        segment.entries += entries

    def _last(self) -> _Segment:
        if self._segments:
            last = self._segments[-1]
            if last.owner == self._owner and last.size < SEGMENT_BYTES:
                return last
        if self._owner not in self._locks:
            self._owner = self._begin()
        self._numbered += 1
        path = self._folder / f"{self._owner}.{self._numbered:06d}.jsonl"
        self._segments.append(_Segment(path, 0, 0))
        return self._segments[-1]

    def _begin(self) -> str:
        # a name is never used again, and a lock is never seen before it is held
        owner = f"{os.getpid()}-{uuid.uuid4().hex}"
        path = self._folder / f"{owner}.lock"
        beside = path.with_suffix(".new")
        handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o640)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        beside.rename(path)
        self._locks[owner] = handle
        return owner


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # a full disk is to be lived with, a wrong place is not
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise LogError(f"the folder of the spool cannot be made: {error}.") from None
    else:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise LogError(f"the folder of the spool, {folder}, cannot be written to.")


def _write_whole(handle: int, lines: bytes) -> None:
    left = memoryview(lines)
    while left:
        left = left[os.write(handle, left) :]
    os.fsync(handle)


def _find(path: Path) -> _Segment | None:
    try:
        content, written = path.read_bytes(), path.stat().st_mtime
    except OSError as error:
        logger.error("%s of the spool is not replayed yet, it cannot be read: %s", path, error)
        return None
    return _Segment(path, content.count(b"\n"), len(content), written=written)
