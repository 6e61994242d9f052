"""Lines of the log: those of several processes come whole to whoever reads them together."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from trip_duration.serving.journal import AccessLog

LINES = [{"request_id": f"{number:0{number % 90}}"} for number in range(150)]
LONG = {"request_id": "x" * 6_000}


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that gives what was written by one call to one who reads."""
    if not hasattr(os, "O_DIRECT"):
        pytest.skip("pipes that tell one write from the next are missing here")
    ends = os.pipe2(os.O_DIRECT | os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


def write(lines: list[dict[str, Any]], pipe: tuple[int, int]) -> list[bytes]:
    """Write lines and return what came by each write."""

    async def work() -> None:
        log = AccessLog(pipe[1])
        for line in lines:
            log.write(line)
        log.flush()

    asyncio.run(work())
    pieces: list[bytes] = []
    while True:
        try:
            pieces.append(os.read(pipe[0], 65_536))
        except BlockingIOError:
            return pieces


def said(pieces: list[bytes]) -> list[str]:
    return [json.loads(line)["request_id"] for line in b"".join(pieces).splitlines()]


def test_a_write_is_whole_lines_and_as_long_as_a_pipe_keeps_together(pipe: tuple[int, int]) -> None:
    pieces = write(LINES, pipe)
    assert said(pieces) == [line["request_id"] for line in LINES]
    assert {piece[-1:] for piece in pieces} == {b"\n"}
    assert max(len(piece) for piece in pieces) <= 4_096
    assert len(pieces) < len(LINES) / 10


def test_a_long_line_is_written_alone(pipe: tuple[int, int]) -> None:
    lines = [LINES[0], LONG, LINES[1]]
    before, *long, after = write(lines, pipe)
    assert said([before]) == [LINES[0]["request_id"]]
    assert said(long) == [LONG["request_id"]]
    assert said([after]) == [LINES[1]["request_id"]]


def test_what_was_not_taken_is_written_again(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[:500]))
    lines = LINES[:30]
    assert said(write(lines, pipe)) == [line["request_id"] for line in lines]
