"""Where datasets of several files lie."""

from __future__ import annotations

from pathlib import Path

from trip_duration.errors import ParameterError


def local_folder(path: str) -> Path:
    """Return the folder, which has to be a local one."""
    if "://" in path:
        raise ParameterError(
            f"{path}: this dataset lies in a local folder, not at a URL. "
            "Set the path of this dataset to a folder."
        )
    return Path(path)
