"""The version of a file, read without opening it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class FileVersion(NamedTuple):
    """Numbers of which at least one changes when a file is written to or replaced.

    Attributes:
        device: Device that the file is on.
        inode: Inode of the file; another file that is renamed to the path has another one.
        size: Bytes.
        modified: Time of the last change of the content, nanoseconds.
        changed: Time of the last change of content or inode, nanoseconds; a program that sets
            ``modified`` back cannot set this one.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int


def file_version(path: Path) -> FileVersion:
    """Return the version of a file, or of the file that a link points to.

    Raises:
        OSError: If the file does not exist or cannot be looked up.
    """
    status = path.stat()
    return FileVersion(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )
