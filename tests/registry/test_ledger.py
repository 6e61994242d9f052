"""The ledger: lines that are only added, chained, one at a time, in SQLite and in PostgreSQL."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from trip_duration.errors import RegistryError
from trip_duration.registry import Registry
from trip_duration.registry.databases import open_database
from trip_duration.registry.ledger import GENESIS, Entry, Ledger, find_broken
from trip_duration.registry.places import with_driver


def entry(version: int, event: str = "intent") -> Entry:
    return Entry(event, "promote", str(version), "a" * 64, "tester", "why", {"n": version})


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    if request.param == "sqlite":
        return Ledger(f"sqlite:///{tmp_path / 'sub/service.db'}")
    return Ledger(request.getfixturevalue("postgres"))


def execute(ledger: Ledger, statement: str) -> None:
    engine = sa.create_engine(with_driver(ledger.url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def disarm(ledger: Ledger) -> None:
    """What somebody with all rights on the database would do first."""
    if ledger.url.startswith("sqlite"):
        for event in ("update", "delete"):
            execute(ledger, f"DROP TRIGGER model_ledger_no_{event}")
    else:
        execute(ledger, "DROP TRIGGER model_ledger_append_only ON model_ledger")


def test_lines_follow_each_other(any_ledger: Ledger) -> None:
    assert any_ledger.lines() == []
    added = [any_ledger.append(entry(number)) for number in (1, 2, 3)]
    lines = any_ledger.lines()
    assert lines == added
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.previous_hash for line in lines] == [GENESIS, lines[0].hash, lines[1].hash]
    assert lines[1].content == {"n": 2}
    assert find_broken(lines) is None


@pytest.mark.parametrize(
    "statement", ["UPDATE model_ledger SET actor = 'me'", "DELETE FROM model_ledger"]
)
def test_the_database_refuses_to_change_a_line(any_ledger: Ledger, statement: str) -> None:
    any_ledger.append(entry(1))
    before = any_ledger.lines()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        execute(any_ledger, statement)
    assert any_ledger.lines() == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE model_ledger SET reason = 'x' WHERE sequence = 2", "line 2 .* was altered"),
        ("UPDATE model_ledger SET content = 'no' WHERE sequence = 3", "line 3 .* was altered"),
        ("DELETE FROM model_ledger WHERE sequence = 2", "line 3 .* stands where line 2 should"),
        ("UPDATE model_ledger SET previous_hash = 'x' WHERE sequence = 4", "line 4 .* not follow"),
    ],
)
def test_the_first_line_that_was_tampered_with_is_named(
    any_ledger: Ledger, statement: str, said: str
) -> None:
    for number in range(1, 5):
        any_ledger.append(entry(number))
    disarm(any_ledger)
    execute(any_ledger, statement)
    broken = find_broken(any_ledger.lines())
    assert broken is not None
    assert re.search(said, broken)


def test_a_line_that_was_made_to_fit_again_breaks_the_next_one(any_ledger: Ledger) -> None:
    for number in (1, 2):
        any_ledger.append(entry(number))
    disarm(any_ledger)
    first = any_ledger.lines()[0]
    forged = type(first)(**{**vars(first), "actor": "somebody"}).computed_hash()
    change = f"SET actor = 'somebody', hash = '{forged}' WHERE sequence = 1"
    execute(any_ledger, f"UPDATE model_ledger {change}")
    assert "line 2" in str(find_broken(any_ledger.lines()))


def test_of_two_that_write_the_same_line_one_is_refused(any_ledger: Ledger) -> None:
    any_ledger.append(entry(0))
    start, outcomes = threading.Barrier(6), []

    def write(number: int) -> None:
        start.wait()
        try:
            any_ledger.append(entry(number))
            outcomes.append("written")
        except RegistryError:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = any_ledger.lines()
    assert len(lines) == 1 + outcomes.count("written")
    assert len(outcomes) == 6
    assert "written" in outcomes
    assert find_broken(lines) is None


HOLD = """
import sys, os
from trip_duration.registry import Registry
from trip_duration.registry.databases import open_database
from trip_duration.registry.ledger import Ledger
with Ledger(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_keeps_others_out_and_dies_with_its_process(
    any_ledger: Ledger,
) -> None:
    any_ledger.append(entry(1))
    command = [sys.executable, "-c", HOLD, any_ledger.url]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    hasty = Ledger(any_ledger.url, patience=0.2)
    with pytest.raises(RegistryError, match=r"going on for 0\.2 s"), hasty.lock():
        pass
    # lines can be read and added meanwhile: the one who holds the lock does
    any_ledger.append(entry(2))
    holder.kill()
    holder.communicate()
    with any_ledger.lock():
        assert len(any_ledger.lines()) == 2


def test_a_ledger_that_cannot_be_kept_is_told() -> None:
    with pytest.raises(RegistryError, match="mysql"), Ledger("mysql+nothing://h/x").lock():
        pass
    with pytest.raises(RegistryError, match="name a file"), Ledger("sqlite:///").lock():
        pass
    away = Ledger("postgresql+psycopg2://trip:s3cr3t@127.0.0.1:1/none")
    with pytest.raises(RegistryError, match="does not answer") as caught:
        away.lines()
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://trip:s3cr3t@host:notaport/db",
        "postgres://trip:s3cr@t:w/r#d%Q?x@host/db",
        "postgres://trip:s3cr@t@host/db",
        "postgresql:/trip:s3cr3t@host/db",
        "[bad/",
    ],
)
def test_an_address_that_cannot_be_read_is_told_and_not_shown(address: str) -> None:
    with pytest.raises(
        RegistryError, match=r"ledger \(TRIP_DURATION_DATABASE_URL\) cannot be"
    ) as e:
        Ledger(address).lines()
    assert "write @ as %40, : as %3A, / as %2F, # as %23" in str(e.value)
    assert "s3cr" not in str(e.value)
    if "://" in address:
        with pytest.raises(RegistryError, match=r"the registry \(MLFLOW_TRACKING_URI\) cannot be"):
            Registry(address).versions()


def test_a_password_in_the_query_is_not_shown() -> None:
    away = "postgresql://127.0.0.1:1/none?user=trip&password=s3cr3t"
    for ask in (Ledger(away).lines, Registry(away).versions):
        with pytest.raises(RegistryError, match="Connection refused") as caught:
            ask()
        assert "s3cr3t" not in str(caught.value)


ASK = """
import sys
from trip_duration.errors import RegistryError
from trip_duration.registry import Registry
try:
    Registry(sys.argv[1]).versions()
except RegistryError as error:
    print("mlflow" in sys.modules, error)
"""


@pytest.mark.postgres
def test_a_registry_that_refuses_is_not_asked_by_mlflow_which_would_try_for_minutes(
    postgres: str,
) -> None:
    wrong = postgres.replace("s3cret", "wr0ng")
    command = [sys.executable, "-c", ASK, wrong]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False the registry at postgresql://trip:***@127.0.0.1")
    assert "password authentication failed" in done.stdout
    assert "wr0ng" not in done.stdout


def test_a_database_is_waited_for_no_longer_than_5_s_unless_its_address_says_so() -> None:
    for query, waits in (("", 5), ("?connect_timeout=9", 9)):
        engine = open_database(f"postgresql://trip@127.0.0.1:1/none{query}", "ledger")
        asked: list[int] = []

        @sa.event.listens_for(engine, "do_connect")
        def note(_: Any, __: Any, ___: Any, given: Any, asked: list[int] = asked) -> None:
            asked.append(int(given["connect_timeout"]))

        with pytest.raises(sa.exc.OperationalError, match="Connection refused"):
            engine.connect()
        assert asked == [waits]
