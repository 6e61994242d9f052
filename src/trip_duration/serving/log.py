"""The prediction log: what was asked and answered, by which model, written off the request path.

A request only appends to a queue in memory. One thread a process writes batches to the database, or
to the spool while it is down. Knows neither the service nor HTTP.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine

from trip_duration.serving.database import open_database
from trip_duration.serving.entry import Entry, Rows, as_row
from trip_duration.serving.spool import Spool
from trip_duration.serving.writer import DatabaseWriter

__all__ = ["Entry", "Limits", "PredictionLog", "open_log"]

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_COMPLAINTS = 10.0


@dataclass(frozen=True)
class Limits:
    """How much the log holds and how long it waits.

    Attributes:
        queue: Most entries in memory; what comes on top is lost.
        batch: Entries that are written at once.
        interval: Longest time that an entry waits for others, seconds.
        retry: Time between tries to reach a database that is down, seconds.
        spool_bytes: Most that a process keeps on disk.
        adopt: Time between looks for spools of processes that have ended, seconds.
    """

    queue: int = 100_000
    batch: int = 500
    interval: float = 0.2
    retry: float = 1.0
    spool_bytes: int = 256 << 20
    adopt: float = 30.0


def open_log(url: str, spool: Path, limits: Limits | None = None) -> PredictionLog:
    """Return a log that is not started yet.

    Args:
        url: The database, see ``open_database``. It need not be up.
        spool: Folder in which entries wait while it is down; processes share it.
        limits: Other limits than usual.

    Raises:
        LogError: If the address or the folder cannot be used at all.
    """
    limits = limits or Limits()
    return PredictionLog(open_database(url), Spool(spool, limits.spool_bytes), limits)


class PredictionLog:
    """A log that never makes a request wait and never fails it.

    Entries are written at least once and kept once, in the order in which they came. One that is
    not written is counted: in ``queued`` and ``spooled`` while it may still be, in ``lost`` after.
    """

    def __init__(self, engine: Engine, spool: Spool, limits: Limits) -> None:  # noqa: D107 - see open_log
        self._writer, self._spool, self._limits = DatabaseWriter(engine), spool, limits
        self._queue: deque[Entry] = deque()
        self._in_hand: Rows = []
        self._written = self._lost = 0
        self._counting, self._wake = threading.Lock(), threading.Event()
        self._closed, self._deadline = False, math.inf
        self._down = False
        self._retry_at = self._adopt_at = self._complain_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def queued(self) -> int:
        """Entries in memory."""
        return len(self._queue) + len(self._in_hand)

    @property
    def spooled(self) -> int:
        """Entries on disk that wait for the database."""
        return self._spool.waiting

    @property
    def lost(self) -> int:
        """Entries that will never be in the database, since the start."""
        return self._lost

    @property
    def written(self) -> int:
        """Entries that the database has taken, since the start."""
        return self._written

    def put(self, entries: Sequence[Entry]) -> None:
        """Take entries to be written soon. It never waits; without room they are lost."""
        queue = self._queue
        waiting = len(queue) + len(entries)
        if waiting > self._limits.queue or self._closed:
            self._lose(len(entries), "the queue is full")
            return
        queue.extend(entries)
        if waiting >= self._limits.batch and not self._wake.is_set():
            self._wake.set()

    def start(self) -> None:
        """Begin to write; first of all what an earlier process has left."""
        # one that is made before a fork is said to be dead after it, even when it was started there
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Write what is left to the database, or else to the spool, and stop.

        Args:
            timeout: Longest time for the database, seconds.
        """
        self._deadline, self._closed = time.monotonic() + timeout, True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        # if the database hangs: what it takes in the end is not doubled by the replay
        self._set_aside([*self._in_hand, *self._take(len(self._queue))])
        self._in_hand = []
        self._spool.close()
        self._writer.reset()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._limits.interval)
            self._wake.clear()
            if closed := self._closed:
                self._retry_at = 0.0
            try:
                self._turn()
            except Exception:
                # whatever it is, the next entries may do better
                logger.exception("the prediction log has met an error of its own")
                self._lose(len(self._in_hand), "the log has failed")
                self._in_hand = []
            if closed:
                return

    def _turn(self) -> None:
        self._adopt()
        while True:
            rows = self._take(self._limits.batch)
            # what waits on disk came first
            if rows and not (self._spool.empty and self._store(rows)):
                self._set_aside(rows)
            self._in_hand = []
            self._catch_up()
            if not self._queue or time.monotonic() > self._deadline:
                return

    def _adopt(self) -> None:
        # one that hung while it was closed must not take back what it has given up
        if time.monotonic() >= self._adopt_at and not self._closed:
            self._adopt_at = time.monotonic() + self._limits.adopt
            if found := self._spool.adopt():
                logger.info("%d entries of a process that has ended are replayed", found)

    def _catch_up(self) -> None:
        """Replay the spool, at least two batches for each that comes in meanwhile."""
        while not self._spool.empty and time.monotonic() <= self._deadline:
            rows, broken = self._spool.read(2 * self._limits.batch)
            if rows and not self._store(rows):
                return
            self._lose(broken, "lines of the spool were cut short")
            self._spool.drop()
            if len(self._queue) >= self._limits.batch:
                return

    def _take(self, count: int) -> Rows:
        # each is in hand before it has left the queue, so that all are counted at any moment
        rows = self._in_hand = []
        while self._queue and len(rows) < count:
            try:
                rows.append(as_row(self._queue[0]))
            except (TypeError, ValueError, AttributeError):
                self._lose(1, "an entry is not what it should be")
            self._queue.popleft()
        return rows

    def _set_aside(self, rows: Rows) -> None:
        if not self._spool.append(rows):
            self._lose(len(rows), "the database is down, and the spool is full or not writable")

    def _store(self, rows: Rows) -> bool:
        """Write rows to the database unless it is down, and tell whether that is done."""
        if time.monotonic() < self._retry_at:
            return False
        try:
            refused = self._writer.write(rows)
        except Exception as error:  # drivers raise errors of many kinds when a server goes away
            self._note_outage(error)
            return False
        if self._down:
            logger.warning("the prediction log is back at its database")
        self._down = False
        for reason in refused:
            self._lose(1, reason)
        self._written += len(rows) - len(refused)
        return True

    def _note_outage(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self._limits.retry
        # it may be another database that comes back
        self._writer.reset()
        if not self._down:
            said = str(getattr(error, "orig", None) or error).strip()
            logger.warning("the prediction log goes to the spool, its database is down: %s", said)
        self._down = True

    def _lose(self, count: int, reason: str) -> None:
        if not count:
            return
        with self._counting:
            self._lost += count
            complain = time.monotonic() >= self._complain_at
            if complain:
                self._complain_at = time.monotonic() + SECONDS_BETWEEN_COMPLAINTS
        if complain:
            logger.error("%d entries of the prediction log are lost: %s", count, reason)
