"""The columns of a file of requests: which must be there, and which names cannot be told apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from trip_duration.errors import DataError
from trip_duration.features.requests import REQUEST_COLUMNS, ROUTE_DISTANCE

log = logging.getLogger(__name__)

ANSWER_COLUMNS = ("minutes", "lower", "upper", "flags", "model_sha256")
_READ = (*REQUEST_COLUMNS, ROUTE_DISTANCE)


def check_columns(path: Path, names: Sequence[str]) -> None:
    """Check the names of the columns of a file; names are read as they are written, case included.

    Columns that are only copied to the answers may differ in case alone; a warning names them.

    Args:
        path: The file, for the message.
        names: Its columns.

    Raises:
        DataError: If a column that is needed is missing or there more than once, if a name differs
            from that of a column that is read only in case or in spaces around it, or if it is
            that of an answer, in any case.
    """
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(f"{path} has more than one column {', '.join(duplicates)}")
    reserved_names = [name for name in names if _plain(name) in ANSWER_COLUMNS]
    if reserved_names:
        raise DataError(
            f"{path} has the column {', '.join(reserved_names)}, which is the name of an answer: "
            "rename it"
        )
    _check_spelling(path, names)
    missing = [name for name in REQUEST_COLUMNS if name not in names]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(missing)}: expected the columns "
            f"{', '.join(REQUEST_COLUMNS)} and optionally {ROUTE_DISTANCE}; "
            f"found {', '.join(names) or 'none'}"
        )


def _check_spelling(path: Path, names: Sequence[str]) -> None:
    alike = defaultdict(list)
    for name in names:
        alike[_plain(name)].append(name)
    for plain, spellings in alike.items():
        shown = " and ".join(map(repr, spellings))
        if plain in _READ and spellings != [plain]:
            raise DataError(
                f"{path} has the column {shown}, expected {plain!r} alone: case and spaces count. "
                "Rename the column, or remove the one that is not to be read."
            )
        if len(spellings) > 1:
            log.warning("%s: the columns %s differ only in case or spaces", path, shown)


def _plain(name: str) -> str:
    return name.strip().casefold()
