"""Locks between real processes: one holds, one is refused or waits, one is killed."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from trip_duration.errors import BusyError
from trip_duration.storage import hold_lock, locks

HOLD = """
import sys
from pathlib import Path
from trip_duration.storage import hold_lock
with hold_lock(Path(sys.argv[1]), "the folder", "training"):
    print("held", flush=True)
    sys.stdin.readline()
"""
Hold = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "a.lock"


@pytest.fixture
def hold(path: Path) -> Iterator[Hold]:
    """Start processes that hold the lock until they read a line."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], text=True, **pipes)  # type: ignore[call-overload]
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_held_lock_is_refused_by_name_of_the_holder(path: Path, hold: Hold) -> None:
    holder = hold()
    with (
        pytest.raises(BusyError) as caught,
        hold_lock(path, "the folder", "scoring", advice="Wait until it ends."),
    ):
        pass
    message = str(caught.value)
    assert message.startswith(f"the folder is in use by process {holder.pid} on ")
    assert message.endswith(" (training). Wait until it ends.")


def test_the_lock_file_is_removed_at_the_end(path: Path) -> None:
    with hold_lock(path, "the folder", "scoring"):
        assert path.is_file()
    assert list(path.parent.iterdir()) == []


def test_a_lock_of_a_killed_process_blocks_nobody(path: Path, hold: Hold) -> None:
    holder = hold()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert path.is_file()
    with hold_lock(path, "the folder", "scoring", advice="Wait."):
        pass
    assert list(path.parent.iterdir()) == []


def test_without_advice_the_lock_is_waited_for(
    path: Path, hold: Hold, caplog: pytest.LogCaptureFixture
) -> None:
    holder, acquired = hold(), threading.Event()

    def wait() -> None:
        with hold_lock(path, "the folder", "scoring"):
            acquired.set()

    thread = threading.Thread(target=wait)
    with caplog.at_level(logging.WARNING):
        thread.start()
        assert not acquired.wait(locks._SILENT_SECONDS + 1)
        holder.communicate("\n")
        assert acquired.wait(20)
    thread.join()
    assert f"waiting for the folder: it is in use by process {holder.pid}" in caplog.text
    assert list(path.parent.iterdir()) == []


def test_of_many_processes_one_holds_the_lock_at_a_time(path: Path, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    add = (
        "import sys\nfrom pathlib import Path\nfrom trip_duration.storage import hold_lock\n"
        "count = Path(sys.argv[2])\n"
        "for _ in range(10):\n"
        "    with hold_lock(Path(sys.argv[1]), 'the count', 'counting'):\n"
        "        count.write_text(str(int(count.read_text()) + 1))\n"
    )
    command = [sys.executable, "-c", add, str(path), str(count)]
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert count.read_text() == "30"


def test_a_lock_file_that_was_removed_and_made_anew_is_left_to_its_new_holder(path: Path) -> None:
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(hold_lock(path, "the folder", "first"))
        path.unlink()
        second.enter_context(hold_lock(path, "the folder", "second", advice="Wait."))
        first.close()
        assert path.is_file()
        second.close()
        assert not path.exists()


def test_a_file_system_without_locks_is_warned_of_and_the_block_runs(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object, **__: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    runs = []
    with caplog.at_level(logging.WARNING), hold_lock(path, "the folder", "x", advice="Wait."):
        runs.append(1)
    assert runs == [1]
    assert "the folder cannot be locked" in caplog.text
