"""One change to the registry at a time, among all processes that share a ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from trip_duration.errors import RegistryError

WAIT_SECONDS = 30
# any number will do, as long as nothing else in the database locks the same
_KEY = 7_217_934_501


@contextmanager
def hold_lock(engine: sa.Engine, wait: float) -> Iterator[None]:
    """Hold the lock of a ledger; a process that dies lets go of it.

    Args:
        engine: The ledger's database, without a pool of connections.
        wait: Longest wait for another process, seconds.

    Raises:
        RegistryError: If another process holds it for longer, or if this kind of database has no
            such lock.
    """
    kinds = {"sqlite": _hold_file, "postgresql": _hold_advisory}
    if engine.dialect.name not in kinds:
        raise RegistryError(
            f"a ledger cannot be kept in {engine.dialect.name}: expected sqlite or postgresql."
        )
    with kinds[engine.dialect.name](engine, wait):
        yield


def _busy(wait: float) -> RegistryError:
    return RegistryError(
        f"another change to the registry has been going on for {wait:g} s. Try again when it is "
        "done; a process that was killed holds nothing."
    )


@contextmanager
def _hold_file(engine: sa.Engine, wait: float) -> Iterator[None]:
    # a file of its own: the ledger has to take lines meanwhile
    database = engine.url.database
    if not database or database == ":memory:":
        raise RegistryError("a ledger in memory is gone with the process: name a file.")
    path = Path(f"{database}.lock")
    with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise _busy(wait) from None
        yield


@contextmanager
def _hold_advisory(engine: sa.Engine, wait: float) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"SET lock_timeout = {round(wait * 1000)}"))
        try:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != "55P03":
                raise
            raise _busy(wait) from None
        yield
