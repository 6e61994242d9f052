"""How log lines look: as ``conf/logging.yml`` says, or each a JSON object for machines.

Kedro's logging configuration may name only classes of the standard library and its own, so that the
JSON formatter is put in place here.
"""

from __future__ import annotations

import logging
import os

VARIABLE = "TRIP_DURATION_LOG"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}


def log_as_asked() -> None:
    """Make every line of the configured handlers a JSON object if ``TRIP_DURATION_LOG`` is json."""
    if os.environ.get(VARIABLE) != "json":
        return
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - for production only

    formatter = JsonFormatter(_FIELDS, rename_fields=_NAMES)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
