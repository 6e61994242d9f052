"""Form of log lines: JSON for machines, short on a terminal, else as ``conf/logging.yml`` says.

Kedro's logging configuration may name only classes of the standard library and its own, so that
formatter and handler are put in place here.
"""

from __future__ import annotations

import logging
import os
import sys

from trip_duration import progress

VARIABLE = "TRIP_DURATION_LOG"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}
_STYLES = {logging.ERROR: "red", logging.WARNING: "yellow"}


def logs_json() -> bool:
    """Tell whether log lines are JSON objects: ``TRIP_DURATION_LOG`` is json."""
    return os.environ.get(VARIABLE) == "json"


class TerminalHandler(logging.Handler):
    """Writes lines to the terminal, above the progress bars if there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line: the time, and the level if it is more than information."""
        try:
            self._write(self.format(record), record.levelno)
        except Exception:
            self.handleError(record)

    def _write(self, line: str, level: int) -> None:
        style = next((style for least, style in _STYLES.items() if level >= least), None)
        # no line ends are put in, so that a command in it can be copied
        progress.console().print(line, style=style, soft_wrap=True)


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        mark = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        return f"{self.formatTime(record, self.datefmt)} {mark}{line}"


def configure_logs() -> None:
    """Give the configured handlers the form of lines that their reader wants."""
    if logs_json():
        _log_json()
    elif progress.is_terminal():
        _log_to_terminal()


def _log_json() -> None:
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - for production only

    formatter = JsonFormatter(_FIELDS, rename_fields=_NAMES)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    progress.disable()


def _log_to_terminal() -> None:
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            terminal = TerminalHandler(handler.level)
            terminal.setFormatter(_TerminalFormatter("%(message)s", "%H:%M:%S"))
            root.removeHandler(handler)
            root.addHandler(terminal)
