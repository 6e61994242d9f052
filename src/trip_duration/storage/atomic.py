"""Atomic writes: a reader sees the old file or the new one, never a part of either."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

_UNFINISHED = ".part"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it to ``target`` unless the block fails.

    The temporary name is unique, so that two writers of one target never write into one file.

    Args:
        target: The file to replace. Its folder must exist.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{uuid.uuid4().hex}{_UNFINISHED}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(folder: Path, name: str = "*") -> None:
    """Remove the temporary files that killed processes have left in ``folder``.

    Only the holder of a lock on the folder, or on the named target in it, may call it: a live
    writer would lose its file.

    Args:
        folder: The folder.
        name: Name of the target whose temporary files are removed; all targets if not given.
    """
    pattern = name if name == "*" else escape(name)
    for path in folder.glob(f".{pattern}.*{_UNFINISHED}"):
        path.unlink(missing_ok=True)
