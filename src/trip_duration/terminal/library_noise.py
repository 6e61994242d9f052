"""Messages of libraries that a user can do nothing about, silenced one by one."""

from __future__ import annotations

import logging
import os
import warnings

_PYTHON_WARNINGS = "PYTHONWARNINGS"
# to kedro-mlflow's class of models when it is imported, which is at every command; MLflow sets
# filters of its own around it
_SILENCED = ("Add type hints to the `predict` method",)


class _SilencedWarnings(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not any(text in record.getMessage() for text in _SILENCED)


_silenced_warnings = _SilencedWarnings()


def silence_libraries() -> None:
    """Silence some messages, in this process and in those that it starts.

    Any other warning becomes a log line.
    """
    # OmegaConf to Kedro 1.7 and kedro-mlflow 2.0, five times at every command
    warnings.filterwarnings("ignore", "register_new_resolver", UserWarning)
    logging.captureWarnings(capture=True)
    logging.getLogger("py.warnings").addFilter(_silenced_warnings)
    # FastAPI to Kedro-Viz 12.5, in a process of its own that imports nothing of this project first
    _ignore_in_children("ORJSONResponse is deprecated")
    # on its own MLflow writes past conf/logging.yml: what its database migrates, at the first run
    os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")


def _ignore_in_children(message: str) -> None:
    rule, rules = f"ignore:{message}", os.environ.get(_PYTHON_WARNINGS, "")
    if rule not in rules.split(","):
        os.environ[_PYTHON_WARNINGS] = ",".join(filter(None, [rules, rule]))
