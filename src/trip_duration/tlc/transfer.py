"""Copies one file from its source, with a bar on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fsspec.callbacks import Callback

from trip_duration.progress import Bar, bar

MEGABYTE = 1_000_000


def copy_file(fs: Any, path: str, to: Path) -> int | None:
    """Copy a file.

    Args:
        fs: fsspec's file system.
        path: The file in it.
        to: Where the copy is written.

    Returns:
        Number of bytes that the source has announced, if it has.
    """
    with bar(f"downloading {Path(path).name}", None, "MB") as progress_bar:
        callback = _BarCallback(progress_bar)
        fs.get_file(path, str(to), callback=callback)
        size: int | None = callback.size
        return size


class _BarCallback(Callback):  # type: ignore[misc]
    """Moves a bar on as fsspec tells how many bytes have come."""

    def __init__(self, progress_bar: Bar) -> None:
        super().__init__()
        self._bar = progress_bar

    def call(self, hook_name: str | None = None, **_: Any) -> None:
        total = None if self.size is None else self.size / MEGABYTE
        self._bar.update(done=self.value / MEGABYTE, total=total)
