"""The form of log lines: short on a terminal, JSON for machines."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trip_duration import progress
from trip_duration.logs import configure_logs
from trip_duration.terminal.library_noise import silence_libraries


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def logging_to(terminal: Terminal) -> Iterator[None]:
    """Log as ``conf/logging.yml`` says; in the test itself, for pytest has streams of its own."""
    handler = logging.StreamHandler(terminal)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        patch.setenv("TERM", "xterm")
        patch.setattr(progress._shared, "allowed", True)
        patch.setattr(logging.getLogger(), "handlers", [handler])
        progress.console.cache_clear()
        yield
    progress.console.cache_clear()


def test_on_a_terminal_a_line_is_the_time_and_what_is_said() -> None:
    terminal = Terminal()
    command = f"kedro run --params {'a' * 200}=[1] :smile: [red]"
    with logging_to(terminal):
        configure_logs()
        logging.getLogger("trip_duration.any").warning("%s", command)
        assert progress.draws_bars()
    (line,) = terminal.getvalue().splitlines()
    assert line.startswith("\x1b[33m")  # yellow
    assert line.removeprefix("\x1b[33m").removesuffix("\x1b[0m")[8:] == f" WARNING {command}"


def test_elsewhere_lines_are_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    with logging_to(terminal):
        configure_logs()
        logging.getLogger("trip_duration.any").warning("odd")
        assert not progress.draws_bars()
    assert terminal.getvalue() == "WARNING trip_duration.any: odd\n"


def test_for_machines_every_line_and_warning_is_json_and_no_bar_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("TRIP_DURATION_LOG", "json")
    monkeypatch.setattr(logging, "_warnings_showwarning", None)
    with logging_to(terminal), warnings.catch_warnings():
        warnings.simplefilter("always")
        silence_libraries()
        configure_logs()
        logging.getLogger("trip_duration.any").warning("odd", extra={"rows": 3})
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        warnings.warn("\x1b[33mAdd type hints to the `predict` method to", stacklevel=1)
        assert not progress.draws_bars()
    lines = [json.loads(line) for line in terminal.getvalue().splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [
        ("WARNING", "trip_duration.any"),
        ("WARNING", "py.warnings"),
    ]
    assert lines[0]["rows"] == 3
    # plotly, where it was imported, writes a warning over several lines
    assert re.search(r"DeprecationWarning:\s+deprecated", lines[1]["message"])
