"""Real durations, joined to the predictions that they belong to: whole or not at all.

Knows files and tables. What is not loaded is written beside the file, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trip_duration.errors import LogError
from trip_duration.serving.database import (
    known,
    outcomes,
    predictions,
    require_file,
    unreadable,
    upgrade,
)

ID, DURATION = COLUMNS = ("prediction_id", "duration_minutes")
# a meter that was left on runs for a day; nothing longer is a trip
LONGEST = 1440.0
NO_ID = "no prediction_id"
NO_DURATION = f"duration_minutes is not a number above 0 and up to {LONGEST:.0f}"
REPEATED = "the same prediction_id and duration came before in this file"
CONTRADICTED = "this file gives several durations for this prediction_id"
UNKNOWN = "no such prediction in the log"
LOADED = "an outcome of this prediction was loaded before"


@dataclass(frozen=True)
class Loaded:
    """What became of the rows of a file.

    Attributes:
        rows: Rows of the file.
        loaded: Those that are in the table now and were not before.
        set_aside: Numbers of the others, by reason.
        beside: File that holds the others; None if there are none.
    """

    rows: int
    loaded: int
    set_aside: dict[str, int]
    beside: Path | None


def load_outcomes(engine: Engine, path: Path) -> Loaded:
    """Load the real durations of a file.

    Args:
        engine: The database of the prediction log.
        path: CSV or parquet with the columns ``prediction_id`` and ``duration_minutes``; others are
            left out.

    Raises:
        LogError: If the file or the database cannot be used. Nothing is loaded then.
    """
    frame, digest = _read(path)
    require_file(engine)
    beside = path.with_name(f"{path.name}.set-aside.csv")
    part = beside.with_name(f"{beside.name}.part")
    try:
        upgrade(engine)
        with engine.begin() as connection:
            reasons = _judge(connection, frame)
            good = frame[reasons == ""]
            _insert(connection, good, {"source": path.name, "source_sha256": digest})
            # before the commit: a disk that is full must not leave rows without their reasons
            refused = _write(frame, reasons, part)
        _put(part, beside, refused)
    except IntegrityError:
        raise LogError(
            f"{path}: nothing was loaded, because the log was changed at the same time. Try again."
        ) from None
    except SQLAlchemyError as error:
        raise unreadable(engine, error) from None
    except OSError as error:
        raise LogError(
            f"{beside} cannot be written: {error}. Load the file again: no row is loaded twice."
        ) from None
    finally:
        part.unlink(missing_ok=True)
    counts = {str(reason): int(n) for reason, n in reasons[reasons != ""].value_counts().items()}
    return Loaded(len(frame), len(good), counts, beside if refused else None)


def _read(path: Path) -> tuple[pd.DataFrame, str]:
    try:
        content = path.read_bytes()
        frame = _parse(path, BytesIO(content))
    # pyarrow and pandas have errors of their own for what is no such file
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise LogError(
            f"{path} cannot be read ({said}); expected CSV or parquet with the columns "
            f"{' and '.join(COLUMNS)}."
        ) from None
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise LogError(
            f"{path} lacks {', '.join(missing)}; found: {', '.join(map(str, frame.columns))}. "
            f"Expected the columns {' and '.join(COLUMNS)}."
        )
    return frame[list(COLUMNS)].reset_index(drop=True), hashlib.sha256(content).hexdigest()


def _parse(path: Path, content: BytesIO) -> pd.DataFrame:
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(content)
    # an id may look like a number, and keeps its zeros
    return pd.read_csv(content, dtype=str, keep_default_na=False, skipinitialspace=True)


def _judge(connection: Connection, frame: pd.DataFrame) -> pd.Series[str]:
    """Return why each row is not loaded; an empty text if it is."""
    ids, minutes = _ids(frame), _minutes(frame)
    usable = (ids != "") & minutes.between(0, LONGEST, inclusive="right")
    pairs = pd.DataFrame({"id": ids, "minutes": minutes})[usable]
    variants = pairs.drop_duplicates()["id"].value_counts()
    repeated = pairs.duplicated().reindex(frame.index, fill_value=False)
    wanted = pairs["id"].unique()
    there = known(connection, predictions.c.prediction_id, wanted)
    before = known(connection, outcomes.c.prediction_id, wanted)
    conditions = {
        NO_ID: ids == "",
        NO_DURATION: ~usable,
        CONTRADICTED: ids.isin(variants.index[variants > 1]),
        REPEATED: repeated,
        UNKNOWN: ~ids.isin(there),
        LOADED: ids.isin(before),
    }
    found = np.select(list(conditions.values()), list(conditions), default="")
    return pd.Series(found, index=frame.index, dtype=str)


def _ids(frame: pd.DataFrame) -> pd.Series[str]:
    ids = frame[ID].astype("string").fillna("").astype(str).str.strip()
    # no database takes it in a text
    return ids.mask(ids.str.contains("\x00", regex=False), "")


def _minutes(frame: pd.DataFrame) -> pd.Series[float]:
    return pd.to_numeric(frame[DURATION], errors="coerce").astype(float)


def _insert(connection: Connection, good: pd.DataFrame, source: dict[str, str]) -> None:
    extra = {"loaded_at": datetime.now(UTC), **source}
    pairs: Iterable[tuple[str, float]] = zip(_ids(good), _minutes(good).tolist(), strict=True)
    rows = [{ID: key, DURATION: minutes, **extra} for key, minutes in pairs]
    if rows:
        connection.execute(sa.insert(outcomes), rows)


def _write(frame: pd.DataFrame, reasons: pd.Series[str], part: Path) -> bool:
    """Write the rows that have a reason, and tell whether there are any."""
    refused = frame.assign(row=frame.index + 1, reason=reasons)[reasons != ""]
    if refused.empty:
        return False
    refused.to_csv(part, index=False)
    return True


def _put(part: Path, beside: Path, refused: bool) -> None:
    if refused:
        part.replace(beside)
    else:
        # what an earlier load has left is not of this one
        beside.unlink(missing_ok=True)
