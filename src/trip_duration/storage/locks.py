"""Locks between processes, one file each.

They are locks of the operating system (flock): it frees them when a process ends, however it ends.
A lock file that a killed process has left therefore blocks nobody.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trip_duration.errors import BusyError

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
# waits shorter than this are not logged
_SILENT_SECONDS = 2.0
# some network file systems have no locks
_WITHOUT_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK})


@contextmanager
def hold_lock(path: Path, resource: str, task: str, *, advice: str = "") -> Iterator[None]:
    """Hold a lock while the block runs; the lock file is removed at the end.

    Args:
        path: The lock file. Its folder is made.
        resource: What the lock protects, as messages name it.
        task: What this process does with it; another process that finds the lock held shows it.
        advice: What to do when another process holds the lock. Without it, this process waits, and
            logs what it waits for.

    Raises:
        BusyError: If another process holds the lock and there is an advice.
        OSError: If the lock file cannot be made.
    """
    from filelock import FileLock  # noqa: PLC0415 - most commands lock nothing

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(
        path,
        thread_local=False,
        poll_interval=_POLL_SECONDS,
        on_acquired=lambda descriptor: _write_holder(descriptor, task),
    )
    locked = _acquire(lock, path, resource, advice)
    inode = path.stat().st_ino if locked else None
    try:
        yield
    finally:
        if locked:
            _remove(path, inode)
            lock.release()


def _acquire(lock: FileLock, path: Path, resource: str, advice: str) -> bool:
    """Acquire a lock; return False where the file system has no locks."""
    from filelock import Timeout  # noqa: PLC0415 - see hold_lock

    try:
        try:
            lock.acquire(timeout=0 if advice else _SILENT_SECONDS)
        except Timeout:
            holder = _describe_holder(path)
            if advice:
                raise BusyError(f"{resource} is in use by {holder}. {advice}") from None
            log.warning("waiting for %s: it is in use by %s", resource, holder)
            lock.acquire()
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
        log.warning(
            "%s cannot be locked, because its file system has no locks (%s). "
            "Take care that no two processes write to it at once.",
            *(resource, error.strerror),
        )
        return False
    return True


def _remove(path: Path, inode: int | None) -> None:
    """Remove a lock file, unless someone has removed it and another process has made it anew.

    It is removed before the lock is released: a process that waits for it notices that.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


def _write_holder(descriptor: int, task: str) -> None:
    holder = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": task,
    }
    content = json.dumps(holder).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)


def _describe_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        return "process {process} on {host} since {since} ({task})".format(**holder)
    except (OSError, ValueError, KeyError, TypeError):
        # it has just ended, or has not written its description yet
        return "another process"
