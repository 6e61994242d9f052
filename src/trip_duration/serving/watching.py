"""Work that reads files or asks others, in threads that nobody has to wait for.

A file system that hangs keeps its readers for ever. A thread that hangs is left to itself: it keeps
no answer and no shutdown waiting, because it is a daemon and never the event loop's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class PeriodicCheck:
    """Calls a function again and again in a thread of its own.

    Args:
        name: What is looked at, for the log.
        seconds: Time between two looks.
        look: The function.
    """

    def __init__(self, name: str, seconds: float, look: Callable[[], None]) -> None:
        """Keep what is needed; the thread is started by ``start``."""
        self._name, self._seconds, self._look = name, seconds, look
        self._began: float | None = None
        self._late = False
        self._first_look, self._stopped = threading.Event(), threading.Event()

    def start(self, patience: float) -> bool:
        """Begin to look, and tell whether the first look has ended within ``patience`` seconds."""
        threading.Thread(target=self._run, name=f"{self._name}-watch", daemon=True).start()
        return self._first_look.wait(patience)

    def stop(self) -> None:
        """Look no more; a look that has begun is left to itself."""
        self._stopped.set()

    def is_late(self, limit: float) -> bool:
        """Tell, once for each look, whether it takes longer than ``limit`` seconds."""
        began = self._began
        if began is None or self._late or time.monotonic() - began <= limit:
            return False
        self._late = True
        return True

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._began, self._late = time.monotonic(), False
            try:
                self._look()
            except Exception:
                logger.exception("looking at the %s has failed", self._name)
            self._began = None
            self._first_look.set()
            self._stopped.wait(self._seconds)


def run_with_timeout(seconds: float, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns.

    Raises:
        TimeoutError: If it takes longer. It is left to itself then.
    """
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="run-with-timeout", daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        if outcome.done():
            raise
        raise TimeoutError(f"not done within {seconds:g} seconds") from None
