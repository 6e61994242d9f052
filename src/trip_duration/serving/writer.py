"""The writer of the prediction log: rows into the database, whatever has happened to its file.

Knows the database. Must not know the queue, the spool or when to try again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import Engine

from trip_duration.errors import LogError
from trip_duration.serving.database import WAIT_SECONDS, insert, is_of_the_rows, masked, upgrade
from trip_duration.serving.entry import Rows

logger = logging.getLogger(__name__)

FileIdentity = tuple[int, int]
# a server looks after its own files
_SERVER = (0, 0)


class DatabaseWriter:
    """Writes batches of rows: in one transaction, or in several if the database refuses a row.

    A connection to a SQLite file stays with that file when it is deleted, renamed or replaced, and
    what is written through it is gone. The file is therefore compared, by device and inode, before
    and after each batch; another file, or none, is opened anew and gets its tables.

    Args:
        engine: The database. It need not be up.
    """

    def __init__(self, engine: Engine) -> None:  # noqa: D107 - see the class
        self._engine = engine
        self._ready = False
        self._file: FileIdentity | None = None

    def write(self, rows: Rows) -> list[str]:
        """Write rows; those that are in the database already are left as they are.

        Returns:
            Why a row was refused, for each row that no database would take.

        Raises:
            LogError: If the tables are of a later version, or if the file was replaced meanwhile.
            SQLAlchemyError: If the database is down. The rows may then be written in part.
        """
        self._prepare()
        refused = list(self._insert(rows))
        self._require_file()
        _empty_journal(self._engine)
        return refused

    def reset(self) -> None:
        """Close all connections; the next write opens the database anew and checks its tables."""
        self._engine.dispose()
        self._ready = False

    def _prepare(self) -> None:
        if self._ready and self._identify() != self._file:
            logger.warning(
                "the database file of the prediction log at %s was deleted or replaced. "
                "The log goes on in a new file, or in the one that is there now.",
                masked(self._engine.url),
            )
            self.reset()
        if not self._ready:
            upgrade(self._engine)
            self._file = self._identify()
            self._require_file()
            self._ready = True

    def _require_file(self) -> None:
        if self._file is None or self._identify() != self._file:
            raise LogError(f"{masked(self._engine.url)} was deleted or replaced during a write")

    def _identify(self) -> FileIdentity | None:
        """Return device and inode of a SQLite file, None if there is none; the same of a server."""
        url = self._engine.url
        if url.get_backend_name() != "sqlite":
            return _SERVER
        try:
            status = Path(str(url.database)).stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _insert(self, rows: Rows) -> Iterator[str]:
        """Insert rows; yield why, for each of them that is refused."""
        try:
            insert(self._engine, rows)
        except Exception as error:
            if not is_of_the_rows(error):
                raise
            if len(rows) == 1:
                yield f"the database refuses a row ({type(error).__name__})"
                return
            # one of them must not hold up the others
            middle = len(rows) // 2
            yield from self._insert(rows[:middle])
            yield from self._insert(rows[middle:])


def _empty_journal(engine: Engine) -> None:
    """Move what is in SQLite's write-ahead log into the database file, unless that is in use.

    SQLite would take what is left in the log for a part of any file that is put in the place of
    this one, such as a backup, and spoil it.
    """
    if engine.dialect.name != "sqlite":
        return
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        # a long reader must not hold up the writer
        cursor.execute("PRAGMA busy_timeout=0")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute(f"PRAGMA busy_timeout={1_000 * WAIT_SECONDS}")
