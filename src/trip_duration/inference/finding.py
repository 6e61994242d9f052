"""Which files are to be answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from trip_duration.errors import DataError

log = logging.getLogger(__name__)
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Requested:
    """What is to be answered.

    Attributes:
        files: The files, by name.
        folder: Whether they were named as a folder; so are the answers then.
    """

    files: tuple[Path, ...]
    folder: bool


def find_files(place: Path) -> Requested:
    """Return the file, or those of a folder.

    Raises:
        DataError: If there is nothing to read, or what is called like a file of requests is none.
    """
    wanted = f"expected a file that ends in {' or '.join(SUFFIXES)}, or a folder of them"
    if place.is_dir():
        visible = sorted(path for path in place.iterdir() if path.name[0] != ".")
        found = tuple(path for path in visible if kind_of(path) in SUFFIXES)
        if not found:
            raise DataError(f"{place} holds nothing to read: {wanted}")
        none = [path for path in found if not path.is_file()]
        if none:
            raise DataError(f"{none[0]} is no file, though it is called like one: move it away")
        others = [p.name for p in visible if p.is_file() and kind_of(p) not in SUFFIXES]
        if others:
            log.warning("%s: not read, %s: %s", place, wanted, ", ".join(others))
        return Requested(found, folder=True)
    if not place.is_file():
        raise DataError(f'{place} is not there: {wanted}. Give it by --params "input=..."')
    if kind_of(place) not in SUFFIXES:
        raise DataError(f"{place} is of an unknown kind: {wanted}")
    return Requested((place,), folder=False)


def kind_of(path: Path) -> str:
    """Return the suffix of a file in lower case."""
    return path.suffix.lower()
