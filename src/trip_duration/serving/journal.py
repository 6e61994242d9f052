"""Lines of the log: JSON objects, a request id in each, nothing of the people who ask.

What was asked stands in the prediction log alone; addresses and keys stand nowhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from trip_duration.serving.wire import now

_FLUSH_SECONDS = 0.2
# POSIX keeps so much together in a pipe that several processes write to (PIPE_BUF on Linux)
_MOST_AT_ONCE = 4_096
_AUDIT = "trip_duration.audit"
_ACCESS = "trip_duration.access"


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return to_json(said, fallback=str).decode()


# as uvicorn takes it
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": f"{__name__}.JsonLines"}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "formatter": "lines",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"handlers": ["out"], "level": "INFO"},
    "loggers": {"alembic": {"level": "WARNING"}, "mlflow": {"level": "WARNING"}},
}


class AccessLog:
    """A line a request, written a few times a second rather than each by itself."""

    def __init__(self, file: int = 1) -> None:
        """Write to an open file, the standard output if none is given."""
        self._file = file
        self._lines: list[bytes] = []

    def write(self, facts: Mapping[str, Any]) -> None:
        """Take a line, to be written soon."""
        line = {"time": now(), "level": "INFO", "logger": _ACCESS, **facts}
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._lines.append(to_json(line))

    def flush(self) -> None:
        """Write what was taken."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        piece = bytearray()
        for line in lines:
            if piece and len(piece) + len(line) >= _MOST_AT_ONCE:
                self._put(piece)
                piece = bytearray()
            piece += line + b"\n"
        self._put(piece)

    def _put(self, piece: bytes | bytearray) -> None:
        while piece:
            piece = piece[os.write(self._file, piece) :]


class Audit:
    """What was done to the service: keys made and revoked, models swapped and refused.

    Args:
        path: A file that lines are appended to, beside the log.
    """

    def __init__(self, path: Path | None) -> None:
        """Keep the path."""
        self._path = path
        self._lock = threading.Lock()

    def write(self, action: str, **facts: Any) -> None:
        """Note an action with who did it, as far as the system knows."""
        said = {"action": action, "process": os.getpid(), "user": os.getuid(), **facts}
        logging.getLogger(_AUDIT).info(action, extra={"facts": said})
        if self._path is None:
            return
        line = to_json({"time": now(), **said}, fallback=str) + b"\n"
        try:
            with self._lock:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                # one call appends one line, whoever else writes
                with self._path.open("ab", buffering=0) as file:
                    file.write(line)
        except OSError:
            logging.getLogger(_AUDIT).exception("the audit log cannot be written")
