"""Several processes that answer on one socket, each replaced when it ends or falls silent.

They are forked from a parent that has imported everything, so that one is ready as soon as it has
loaded the model. The parent itself answers nothing, loads no model and has no threads, but for the
sender of traces, which starts itself again in each process. uvicorn's own supervisor starts each
from nothing, and waits for a dead one to speak.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from trip_duration.serving.model import ModelHolder
from trip_duration.serving.server import Server

logger = logging.getLogger(__name__)
_FORK = multiprocessing.get_context("fork")
_LOOK_SECONDS = 0.2
# what cannot live must not keep the machine busy by dying
_PAUSE_SECONDS = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Workers:
    """The processes.

    Args:
        config: What uvicorn is told, with the application itself and the number of processes.
        holder: Holds the model of each process; the first process says which model that is.
        silence: Longest time that one may take to start, or do nothing but one thing, seconds.
        forget: Told of each process that has ended, by its id.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        holder: ModelHolder,
        silence: float,
        forget: Callable[[int], None],
    ) -> None:
        """Take the address; nothing listens on it yet."""
        # once, for all
        config.load()
        self._config, self._holder = config, holder
        self._silence, self._forget = silence, forget
        self._socket = config.bind_socket()
        self._beats = _FORK.RawArray("d", config.workers)
        self._ending = False

    def run(self) -> None:
        """Keep the processes alive until told to end, then let them finish what runs.

        Raises:
            SystemExit: If one could not start, as uvicorn says it.
        """
        for number in _SIGNALS:
            signal.signal(number, self._end)
        processes = [self._start(place) for place in range(self._config.workers)]
        try:
            while not self._ending:
                wait([process.sentinel for process in processes], _LOOK_SECONDS)
                for place, process in enumerate(processes):
                    if not self._ending and not self._lives(place, process):
                        self._bury(process)
                        processes[place] = self._start(place)
        finally:
            self._stop(processes)

    def _end(self, *_: object) -> None:
        self._ending = True

    def _start(self, place: int) -> BaseProcess:
        self._beats[place] = time.monotonic()
        process = _FORK.Process(target=self._serve, args=(place, os.getpid()))
        # a signal must find the child with handlers of its own
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return process

    def _serve(self, place: int, parent: int) -> None:
        for number in _SIGNALS:
            signal.signal(number, lambda *_: sys.exit(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

        def beat() -> bool:
            self._beats[place] = time.monotonic()
            return os.getppid() == parent

        _Server(self._config, None if place else self._holder, beat).run([self._socket])

    def _lives(self, place: int, process: BaseProcess) -> bool:
        if process.is_alive() and time.monotonic() - self._beats[place] > self._silence:
            logger.error("process %d is silent and is ended", process.pid)
            process.kill()
            process.join()
        return process.is_alive()

    def _bury(self, process: BaseProcess) -> None:
        self._forget(process.pid or 0)
        if process.exitcode == STARTUP_FAILURE:
            logger.error("process %d could not start", process.pid)
            sys.exit(STARTUP_FAILURE)
        said = "process %d has ended with %s, another takes its place"
        logger.error(said, process.pid, process.exitcode)
        time.sleep(_PAUSE_SECONDS)

    def _stop(self, processes: list[BaseProcess]) -> None:
        for process in processes:
            process.terminate()
        # requests, then the log, then traces, and a moment to end
        deadline = time.monotonic() + 2 * (self._config.timeout_graceful_shutdown or 0) + 3
        for process in processes:
            process.join(max(deadline - time.monotonic(), 0))
            if process.is_alive():
                process.kill()
        self._socket.close()


class _Server(Server):
    """A server that tells ten times a second that its loop turns, and ends with its parent."""

    def __init__(
        self, config: uvicorn.Config, holder: ModelHolder | None, beat: Callable[[], bool]
    ) -> None:
        super().__init__(config, holder)
        self._beat = beat

    async def on_tick(self, counter: int) -> bool:
        return not self._beat() or await super().on_tick(counter)
