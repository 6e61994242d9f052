"""Reads files that others may have written, within bounds.

A pipe or a device in the place of a file would be waited for without end, and a file without end
would fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# a pipe without a writer is opened at once, and then refused
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a regular file, or of one that a link points to.

    Args:
        path: The file.
        most: Most bytes that it may have.

    Raises:
        OSError: If it cannot be opened, is no regular file, or is longer.
    """
    _require_regular(path, path.stat(), most)
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        # it may have been replaced meanwhile
        _require_regular(path, os.fstat(file.fileno()), most)
        content = file.read(most + 1)
    if len(content) > most:
        raise _too_long(path, len(content), most)
    return content


def _require_regular(path: Path, status: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "expected a regular file, found a folder, pipe or device", path)
    if status.st_size > most:
        raise _too_long(path, status.st_size, most)


def _too_long(path: Path, size: int, most: int) -> OSError:
    return OSError(errno.EFBIG, f"expected at most {most} bytes, found {size}", path)
