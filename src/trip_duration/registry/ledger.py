"""The ledger: a table of every change to the registry, to which lines can only be added.

Each line carries the hash of the one before it, so that a line cannot be altered, left out or put
in between without every later one showing it. Triggers refuse it in the first place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trip_duration.errors import RegistryError
from trip_duration.registry.databases import open_database
from trip_duration.registry.locks import WAIT_SECONDS, hold_lock
from trip_duration.registry.places import DATABASE_VARIABLE, sqlite_file
from trip_duration.secrets import masked_uri, without_password

GENESIS = "0" * 64
INTENT, DONE, UNDONE = EVENTS = ("intent", "done", "undone")
_REFUSE = "the ledger is append-only"

_metadata = sa.MetaData()
_table = sa.Table(
    "model_ledger",
    _metadata,
    # not given by the database: of two that write the same number, one is refused
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("event", sa.String(10), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("version", sa.String(20), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
)
_SQLITE = [
    f"CREATE TRIGGER model_ledger_no_{event.lower()} BEFORE {event} ON model_ledger "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END"
    for event in ("UPDATE", "DELETE")
]
_POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION model_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSE}'; END $$",
    "CREATE TRIGGER model_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON model_ledger "
    "FOR EACH STATEMENT EXECUTE FUNCTION model_ledger_refuse()",
]
for _dialect, _statements in (("sqlite", _SQLITE), ("postgresql", _POSTGRESQL)):
    for _statement in _statements:
        # with the table or not at all
        _ddl: Any = sa.DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
        sa.event.listen(_table, "after_create", _ddl)


@dataclass(frozen=True)
class Entry:
    """What a line says.

    Attributes:
        event: ``intent``, then ``done`` or ``undone``.
        action: ``register``, ``promote``, ``rollback`` or ``archive``.
        version: The version that it is about.
        sha256: Its identity.
        actor: Who.
        reason: Why.
        content: The registry, its aliases and stages before and after, the gate report; JSON.
    """

    event: str
    action: str
    version: str
    sha256: str
    actor: str
    reason: str
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line(Entry):
    """A line as it stands in the ledger.

    Attributes:
        sequence: Its number, from 1 on.
        at: When it was written, UTC, in ISO 8601.
        previous_hash: The hash of the line before it.
        hash: SHA-256 over everything else in this line.
    """

    sequence: int = 0
    at: str = ""
    previous_hash: str = GENESIS
    hash: str = ""

    def computed_hash(self) -> str:
        """Return the hash that this line has to have."""
        said = {name: value for name, value in asdict(self).items() if name != "hash"}
        return hashlib.sha256(_dump(said).encode()).hexdigest()


@dataclass(frozen=True)
class Ledger:
    """The ledger of a database, SQLite or PostgreSQL; its table is made with the first line.

    Attributes:
        url: The database, as SQLAlchemy names it.
        patience: Longest wait for another change to end, seconds.
    """

    url: str
    patience: float = WAIT_SECONDS

    @cached_property
    def _engine(self) -> sa.Engine:
        file = sqlite_file(self.url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        with self._asking():
            return open_database(self.url, f"ledger ({DATABASE_VARIABLE})")

    def lines(self) -> list[Line]:
        """Return all lines, the oldest first; none if there is no ledger yet."""
        file = sqlite_file(self.url)
        if file is not None and not file.is_file():
            return []
        with self._asking():
            if not sa.inspect(self._engine).has_table(_table.name):
                return []
            with self._engine.connect() as connection:
                rows = connection.execute(_table.select().order_by(_table.c.sequence)).mappings()
                return [Line(**{**row, "content": _read(row["content"])}) for row in rows]

    def append(self, entry: Entry) -> Line:
        """Add a line behind the last one.

        Raises:
            RegistryError: If another line was added at the same moment; this one is not there.
        """
        lines = self.lines()
        line = Line(
            **asdict(entry),
            sequence=lines[-1].sequence + 1 if lines else 1,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            previous_hash=lines[-1].hash if lines else GENESIS,
        )
        row = {**asdict(line), "content": _dump(line.content), "hash": line.computed_hash()}
        with self._asking(), self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                # else each statement that makes the table would be a transaction of its own
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            _metadata.create_all(connection)
            try:
                connection.execute(_table.insert().values(row))
            except IntegrityError:
                raise RegistryError(
                    f"another change was written to the ledger as line {line.sequence} at the same "
                    "time. Look at `trip-duration models show` and try again."
                ) from None
        return Line(**{**row, "content": line.content})

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process that uses the same lock out; it goes when this process does.

        Raises:
            RegistryError: If another process keeps it for too long.
        """
        with self._asking(), hold_lock(self._engine, self.patience):
            yield

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, ImportError) as error:
            where = masked_uri(self.url)
            said = without_password(str(getattr(error, "orig", None) or error), self.url).strip()
            raise RegistryError(f"the ledger at {where} does not answer: {said}") from None


def find_broken(lines: Sequence[Line]) -> str | None:
    """Return what is wrong with the first line that breaks the chain, or None."""
    before = GENESIS
    for expected, line in enumerate(lines, start=1):
        name = f"line {line.sequence} ({line.event} {line.action} of version {line.version})"
        if line.sequence != expected:
            return f"{name} stands where line {expected} should: a line was removed or put in"
        if line.previous_hash != before:
            return f"{name} does not follow the line before it: one of the two was replaced"
        if line.hash != line.computed_hash():
            return f"{name} was altered: its hash is not that of what it says"
        before = line.hash
    return None


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _read(text: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(text)
    except ValueError:
        # an altered line has to be shown as one, not to stop the reader
        return {"unreadable": text}
    return content
