"""What only one process does at a time: write to a data folder, open a new tracking database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from trip_duration.registry.places import DATA_VARIABLE, sqlite_file
from trip_duration.storage import hold_lock

_FOLDER_LOCK = ".run.lock"


def lock_data_folder(folder: Path, run_params: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Return a lock on a data folder, for the time of a run.

    Args:
        folder: The data folder.
        run_params: How Kedro was called.

    Raises:
        BusyError: On entry, if another run holds the lock.
    """
    names = run_params.get("pipeline_names")
    command = f"kedro run --pipelines {','.join(sorted(names))}" if names else "kedro run"
    return hold_lock(
        folder / _FOLDER_LOCK,
        f"the data folder {folder}",
        command,
        advice=f"Wait until it ends, or set {DATA_VARIABLE} to another folder for this run.",
    )


def opening_database(uri: str | None) -> AbstractContextManager[None]:
    """Return a lock for the time in which MLflow opens, and makes if need be, a SQLite database.

    MLflow makes the tables in many steps, and fails where another process is at it. Others wait.

    Args:
        uri: Where runs are tracked. A server looks after itself.
    """
    path = sqlite_file(uri) if uri else None
    if path is None:
        return nullcontext()
    lock = path.with_name(f".{path.name}.lock")
    return hold_lock(lock, f"the tracking database {path}", "opening it")
