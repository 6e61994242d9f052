"""Callers who ask a service one question after the other, and keep what became of each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.serving.running import REQUEST, Server, wait_for


@dataclass(frozen=True)
class Answered:
    """An answer.

    Attributes:
        status: Of HTTP.
        said: Its body.
        connection: How many connections of the caller had broken before.
    """

    status: int
    said: dict[str, Any]
    connection: int


class Caller(threading.Thread):
    """Asks over a connection that is kept, and over the next one if it breaks."""

    def __init__(self, server: Server, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self._server, self._enough = server, enough
        self.answers: list[Answered] = []
        self.broken = 0

    def run(self) -> None:
        with self._server.client() as client:
            while not self._enough.is_set():
                try:
                    answer = client.post("/v1/predict", json=REQUEST)
                except httpx.TransportError:
                    self.broken += 1
                else:
                    self.answers.append(Answered(answer.status_code, answer.json(), self.broken))


@dataclass(frozen=True)
class Load:
    """All callers of a service."""

    callers: list[Caller]

    @property
    def answers(self) -> list[Answered]:
        return [answer for caller in self.callers for answer in list(caller.answers)]

    @property
    def broken(self) -> int:
        return sum(caller.broken for caller in self.callers)

    def statuses(self) -> set[int]:
        return {answer.status for answer in self.answers}

    def versions(self) -> set[str]:
        return {answer.said["model"]["version"] for answer in self.answers}

    def asks(self, more: int, seconds: float = 60.0) -> None:
        """Wait until every caller has so many more answers."""
        before = [len(caller.answers) for caller in self.callers]
        wait_for(
            lambda: all(
                len(caller.answers) >= count + more
                for caller, count in zip(self.callers, before, strict=True)
            ),
            seconds,
        )


@contextmanager
def load_on(server: Server, callers: int = 4) -> Iterator[Load]:
    """Let callers ask until the block ends."""
    enough = threading.Event()
    load = Load([Caller(server, enough) for _ in range(callers)])
    for caller in load.callers:
        caller.start()
    try:
        yield load
    finally:
        enough.set()
        for caller in load.callers:
            caller.join()
