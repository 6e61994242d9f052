"""The database of the prediction log: its tables, and how SQLite and PostgreSQL are spoken to.

Knows rows. It must not know the service, its threads or its spool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)

from trip_duration.errors import LogError
from trip_duration.registry.databases import ENCODE, read_address
from trip_duration.secrets import masked_uri, without_password

Row = Mapping[str, Any]

MIGRATIONS = Path(__file__).with_name("migrations")
# any number that nothing else in the database locks by
LOCK_KEY = 7_245_160_423
WAIT_SECONDS = 5
IDS_PER_QUERY = 500
READING = {"trip_duration_reading": True}

metadata = sa.MetaData()

predictions = sa.Table(
    "predictions",
    metadata,
    sa.Column("prediction_id", sa.Text, primary_key=True),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("pickup_datetime", sa.DateTime, nullable=False),
    sa.Column("pickup_zone", sa.BigInteger, nullable=False),
    sa.Column("dropoff_zone", sa.BigInteger, nullable=False),
    sa.Column("route_distance", sa.Double),
    sa.Column("minutes", sa.Double, nullable=False),
    sa.Column("lower", sa.Double),
    sa.Column("upper", sa.Double),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("flags", sa.Text, nullable=False),
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column(
        "prediction_id",
        sa.Text,
        sa.ForeignKey("predictions.prediction_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("duration_minutes", sa.Double, nullable=False),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.Text, nullable=False),
)


def open_database(url: str) -> Engine:
    """Return the engine of a database, which need not be up yet.

    Args:
        url: ``sqlite:///path/of/file.db`` or ``postgresql://user:password@host/name``.

    Raises:
        LogError: If the address is not that of a SQLite file or of a PostgreSQL database.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    connect = {"connect_timeout": WAIT_SECONDS, "tcp_user_timeout": 2_000 * WAIT_SECONDS}
    connect_args = {name: value for name, value in connect.items() if name not in parsed.query}
    try:
        return sa.create_engine(
            parsed, connect_args=connect_args, pool_size=1, pool_pre_ping=True, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise LogError(
            f"{masked(parsed)} needs {error.name}, which is not installed. "
            "Install trip-duration[postgres]."
        ) from None


def _parse(url: str) -> URL:
    expected = (
        "expected sqlite:///path/of/file.db or postgresql://user:password@host/name "
        "as the address of the prediction log"
    )
    parsed = read_address(url)
    if parsed is None:
        # the address is not shown, because where its password is cannot be told
        raise LogError(f"{expected}, found something that is no address of a database. {ENCODE}")
    known = parsed.drivername in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg2"}
    in_memory = parsed.drivername.startswith("sqlite") and parsed.database in {None, "", ":memory:"}
    if not known or in_memory:
        raise LogError(f"{expected}, found {masked(parsed)}")
    return parsed


def masked(url: URL) -> str:
    """Return an address without its passwords."""
    return masked_uri(url.render_as_string(hide_password=False))


def _open_sqlite(url: URL) -> Engine:
    # the driver would begin transactions by itself, and too late to lock
    connect = {"timeout": WAIT_SECONDS, "isolation_level": None}
    # what was asked must not stand in an error
    engine = sa.create_engine(url, connect_args=connect, hide_parameters=True)
    sa.event.listen(engine, "connect", _configure_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _: Any) -> None:
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().keys() & READING.keys()
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def upgrade(engine: Engine) -> None:
    """Bring the tables of a database to the form that this version knows; one process at a time.

    Raises:
        LogError: If the database is of a later version.
        SQLAlchemyError: If it cannot be reached.
    """
    from alembic import command  # noqa: PLC0415 - not needed by what only reads
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    _make_folder(engine.url)
    with engine.begin() as connection:
        # SQLite is locked by the BEGIN IMMEDIATE of the transaction itself
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LogError(
                f"the tables at {masked(engine.url)} are not of this version or an earlier one "
                f"({error}). Install the version of trip-duration that made them, or a later one."
            ) from None


def _make_folder(url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)


def insert(engine: Engine, rows: Sequence[Row]) -> None:
    """Write rows of ``predictions`` in one transaction; those that are there are left as they are.

    Raises:
        SQLAlchemyError: If they cannot be written. None of them is then.
    """
    # only what is used: SQLAlchemy knows many drivers of PostgreSQL, and imports them all
    dialect = import_module(f"sqlalchemy.dialects.{engine.dialect.name}")
    statement = dialect.insert(predictions)
    ignoring = statement.on_conflict_do_nothing(index_elements=["prediction_id"])
    with engine.begin() as connection:
        connection.execute(ignoring, rows)


def is_of_the_rows(error: Exception) -> bool:
    """Tell whether it is for its rows that an insert has failed, and not for the database."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | ValueError | TypeError | OverflowError)


def find(engine: Engine, prediction_id: str) -> dict[str, Any]:
    """Return the logged row of a prediction.

    Raises:
        LogError: If there is none, or if the log cannot be read.
    """
    wanted = sa.select(predictions).where(predictions.c.prediction_id == prediction_id)
    require_file(engine)
    try:
        with engine.connect().execution_options(**READING) as connection:
            row = connection.execute(wanted).mappings().first()
    except (SQLAlchemyError, ValueError) as error:
        raise unreadable(engine, error) from None
    if row is None:
        raise LogError(
            f"no prediction {prediction_id} in the log at {masked(engine.url)}. One that was just "
            "answered may still wait in the queue or the spool of the service."
        )
    return {**row, "requested_at": _as_utc(row["requested_at"])}


def _as_utc(moment: datetime) -> datetime:
    # SQLite keeps no time zone, and what was written is UTC
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def require_file(engine: Engine) -> None:
    """Refuse a SQLite file that is not there, which reading would make.

    Raises:
        LogError: If it is not there.
    """
    url = engine.url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise LogError(f"no prediction log at {masked(url)}: there is no such file.")


def unreadable(engine: Engine, error: Exception) -> LogError:
    """Return the error to raise when a database does not do what was asked."""
    address = engine.url.render_as_string(hide_password=False)
    said = without_password(str(getattr(error, "orig", None) or error), address).strip()
    down = isinstance(error, OperationalError) and "no such table" not in said
    hint = (
        "Check its address, and that it runs."
        if down
        else "`trip-duration database upgrade` brings its tables to the form of this version."
    )
    return LogError(f"the prediction log at {masked(engine.url)} cannot be used: {said}. {hint}")


def known(connection: Connection, column: sa.Column[Any], ids: Iterable[str]) -> set[str]:
    """Return those of some values that a column has."""
    wanted, found = list(ids), set[str]()
    for start in range(0, len(wanted), IDS_PER_QUERY):
        part = wanted[start : start + IDS_PER_QUERY]
        found.update(connection.scalars(sa.select(column).where(column.in_(part))))
    return found
