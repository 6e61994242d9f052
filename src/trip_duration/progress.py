"""Progress bars on a terminal, below the log lines; nothing where standard error is no terminal.

All bars of a process share one display, so that a bar may be shown while another one is. Rich draws
them, and is imported only where there is something to draw.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

T = TypeVar("T")

_REFRESHES = 5  # a second


@dataclass
class Bar:
    """A bar; without a display it shows nothing."""

    _display: Progress | None = None
    _task: TaskID | None = None

    def advance(self, steps: float = 1) -> None:
        """Move on by some steps."""
        if self._display is not None and self._task is not None:
            self._display.advance(self._task, steps)

    def update(
        self, what: str | None = None, total: float | None = None, done: float | None = None
    ) -> None:
        """Change what the bar shows; None leaves it as it is."""
        if self._display is not None and self._task is not None:
            self._display.update(self._task, description=what, total=total, completed=done)


@contextmanager
def bar(what: str, total: float | None, unit: str, done: float = 0) -> Iterator[Bar]:
    """Show a bar for as long as the block runs.

    Args:
        what: What goes on.
        total: Number of steps; None if it is not known.
        unit: What a step is, in the plural.
        done: Number of steps that are done.
    """
    if not draws_bars():
        yield Bar()
        return
    with _shared.open() as display:
        task = display.add_task(what, total=total, completed=done, unit=unit)  # type: ignore[arg-type]
        try:
            yield Bar(display, task)
        finally:
            display.remove_task(task)


def track(items: Sequence[T], what: str, unit: str) -> Iterator[T]:
    """Yield items, and show a bar of how many were taken."""
    if not items:
        return
    with bar(what, len(items), unit) as progress_bar:
        for item in items:
            yield item
            progress_bar.advance()


def draws_bars() -> bool:
    """Tell whether bars are drawn: on a terminal that can move its cursor."""
    return _shared.allowed and is_terminal()


def is_terminal() -> bool:
    """Tell whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def disable() -> None:
    """Draw no bars in this process."""
    _shared.allowed = False


@cache
def console() -> Console:
    """Return the terminal at standard error, which bars and log lines share."""
    from rich.console import Console  # noqa: PLC0415 - for terminals alone

    # text is shown as it is
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


class _Shared:
    """The one display of the process, there while any bar is."""

    def __init__(self) -> None:
        self.allowed = True
        self._lock = threading.Lock()
        self._display: Progress | None = None
        self._users = 0

    @contextmanager
    def open(self) -> Iterator[Progress]:
        with self._lock:
            if self._display is None:
                self._display = _new_display()
                self._display.start()
            self._users += 1
            display = self._display
        try:
            yield display
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    display.stop()
                    self._display = None

    def close(self) -> None:
        """Give the terminal its cursor back, however the process ends."""
        if self._display is not None:
            self._display.stop()


def _new_display() -> Progress:
    from rich import progress  # noqa: PLC0415 - for terminals alone

    return progress.Progress(
        progress.SpinnerColumn(),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[unit]}"),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.description}", markup=False),
        console=console(),
        transient=True,
        refresh_per_second=_REFRESHES,
    )


_shared = _Shared()
atexit.register(_shared.close)
