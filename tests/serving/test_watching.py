"""Threads that read: one that hangs keeps nobody waiting."""

from __future__ import annotations

import logging
import threading

import pytest

from tests.serving.running import wait_for
from trip_duration.serving.model import ModelHolder
from trip_duration.serving.watching import PeriodicCheck, run_with_timeout


def test_a_look_that_hangs_is_late_once_and_holds_up_neither_start_nor_stop() -> None:
    released, looks = threading.Event(), []

    def look() -> None:
        looks.append(1)
        released.wait()

    watch = PeriodicCheck("model", 0.001, look)
    assert not watch.start(0.05)
    assert not watch.is_late(60)
    wait_for(lambda: watch.is_late(0.01))
    # the same look
    assert not watch.is_late(0.01)
    assert len(looks) == 1
    released.set()
    wait_for(lambda: len(looks) > 3)
    released.clear()
    wait_for(lambda: watch.is_late(0.01))
    watch.stop()


def test_a_look_that_fails_is_followed_by_others(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise OSError("stale file handle")

    watch = PeriodicCheck("keys", 0.001, look)
    with caplog.at_level(logging.ERROR, "trip_duration"):
        assert watch.start(20)
        wait_for(lambda: len(looks) > 2)
    watch.stop()
    assert "looking at the keys has failed" in caplog.text


def test_work_is_waited_for_within_a_limit() -> None:
    released = threading.Event()
    assert run_with_timeout(20, lambda: 7) == 7
    with pytest.raises(KeyError):
        run_with_timeout(20, lambda: {}["nothing"])
    with pytest.raises(TimeoutError, match=r"not done within 0\.05 seconds"):
        run_with_timeout(0.05, released.wait)
    released.set()

    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        run_with_timeout(20, fail)


class HangingSource:
    """A source on a file system that hangs until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def identity(self) -> str:
        self.released.wait()
        raise OSError("stale file handle")

    def load(self) -> None:
        raise NotImplementedError


def test_a_source_that_hangs_is_reported_as_away_once() -> None:
    told: list[tuple[str, str]] = []
    source = HangingSource()
    holder = ModelHolder(
        source,  # type: ignore[arg-type]
        0.001,
        lambda event, facts: told.append((event, facts["reason"])),
    )
    holder.start(0.05)
    assert holder.problem == "it was not read within 0.05 seconds, and is still waited for"
    wait_for(lambda: holder.is_late(0.05))
    holder.report_late(0.05)
    holder.report_late(0.05)
    source.released.set()
    wait_for(lambda: holder.problem == "stale file handle")
    holder.stop()
    assert told == [("source_away", "it was not read within 0.05 seconds, and is still waited for")]
