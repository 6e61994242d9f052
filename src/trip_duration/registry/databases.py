"""How the databases of registry and ledger are opened, and how long they are waited for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from trip_duration.errors import RegistryError
from trip_duration.registry.places import with_driver

CONNECT_SECONDS = 5
ENCODE = (
    "In a password write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25 "
    "(percent-encoding)."
)


def open_database(url: str, name: str) -> sa.Engine:
    """Return the engine of a database, without a pool: a session's lock goes with its connection.

    Args:
        url: The address.
        name: What it is the address of, for the error.

    Raises:
        RegistryError: If it is no address that can be read.
        ImportError: If its driver is missing.
        SQLAlchemyError: If its kind is unknown.
    """
    parsed = read_address(url)
    if parsed is None:
        # the address is not shown, because where its password is cannot be told
        raise RegistryError(
            f"the address of the {name} cannot be read: expected sqlite:///path/of/file.db or "
            f"postgresql://user:password@host:port/name. {ENCODE}"
        )
    timed = parsed.drivername.startswith("postgresql+psycopg")
    missing = timed and "connect_timeout" not in parsed.query
    asked = {"connect_timeout": CONNECT_SECONDS} if missing else {}
    return sa.create_engine(parsed, poolclass=sa.NullPool, connect_args=asked)


def read_address(url: str) -> URL | None:
    """Return the parts of the address of a database, or None if they cannot be told apart."""
    try:
        parsed = make_url(with_driver(url))
    except (ArgumentError, ValueError):
        return None
    # SQLAlchemy ends a password at the first @, wherever its user has meant it to end
    torn = parsed.get_backend_name() != "sqlite" and url.count("@") > 1
    return None if torn else parsed


def require_answer(url: str, name: str) -> None:
    """Connect to a database once.

    Raises:
        RegistryError: If its address cannot be read.
        ImportError: If its driver is missing.
        SQLAlchemyError: If it does not answer.
    """
    with open_database(url, name).connect():
        pass
