"""The tables, made once whoever comes first, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner

from tests.serving.entries import AT, PICKUP, entry, expected, ids, sqlite_at
from trip_duration.cli import cli
from trip_duration.errors import LogError
from trip_duration.serving.database import find, insert, metadata, open_database, upgrade
from trip_duration.serving.entry import as_row


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_at(tmp_path)
    address: str = request.getfixturevalue("postgres")
    return address


def test_the_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    engine = open_database(url)
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "trip_duration_version"}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_many_upgrade_at_once(url: str) -> None:
    engines = [open_database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(upgrade, engines)) == [None] * 4
    insert(engines[0], [as_row(entry(0))])
    assert ids(url) == expected(1)
    for engine in engines:
        engine.dispose()


def test_a_row_is_kept_once_and_comes_back_as_it_was(url: str) -> None:
    engine = open_database(url)
    upgrade(engine)
    row = as_row(entry(0, route_distance=None, lower=float("nan")))
    insert(engine, [row, row])
    insert(engine, [as_row(entry(0, minutes=99.0)), as_row(entry(1))])
    assert ids(url) == expected(2)
    assert find(engine, "id-000000") == {
        "prediction_id": "id-000000",
        "requested_at": AT,
        "pickup_datetime": PICKUP,
        "pickup_zone": 74,
        "dropoff_zone": 236,
        "route_distance": None,
        "minutes": 12.25,
        "lower": None,
        "upper": 21.75,
        "model_version": "3",
        "model_sha256": "ab" * 32,
        "flags": "no_distance,unseen_zone",
    }
    engine.dispose()


def test_a_prediction_that_is_not_there_is_named(url: str) -> None:
    engine = open_database(url)
    with pytest.raises(LogError, match=r"no such file|database upgrade"):
        find(engine, "x")
    upgrade(engine)
    with pytest.raises(LogError, match="no prediction x in the log"):
        find(engine, "x")
    engine.dispose()


def test_tables_of_a_later_version_are_refused(url: str) -> None:
    engine = open_database(url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE trip_duration_version SET version_num = '9999'"))
    with pytest.raises(LogError, match="not of this version"):
        upgrade(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no address"),
        ("sqlite://", "expected sqlite:///"),
        ("mysql://user:secret@host/name", r"mysql://user:\*\*\*@host/name"),
        ("mysql://host/name?password=secret", r"mysql://host/name\?password=\*\*\*"),
        ("postgresql://u:secret@t:w/r#d@host/name", "write @ as %40"),
        ("postgresql://u:secret@word@host/name", "write @ as %40"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused(address: str, said: str) -> None:
    with pytest.raises(LogError, match=said) as caught:
        open_database(address)
    assert "secret" not in str(caught.value)


def test_the_command_makes_the_tables(tmp_path: Path) -> None:
    place = sqlite_at(tmp_path / "new")
    done = CliRunner().invoke(cli, ["database", "upgrade", "--database", place])
    assert (done.exit_code, ids(place)) == (0, [])


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://trip:s3cret@127.0.0.1:1/none",
        "postgresql://127.0.0.1:1/none?user=trip&password=s3cret",
    ],
)
def test_the_command_says_when_the_database_is_down(place: str) -> None:
    done = CliRunner().invoke(cli, ["database", "upgrade", "--database", place])
    assert done.exit_code == 2
    assert "Connection refused" in done.output
    assert "s3cret" not in done.output
