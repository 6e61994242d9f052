"""Real durations: joined by id, whole or not at all, and what is not loaded has a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.engine import Engine

from tests.serving.entries import entry, sqlite_at
from trip_duration.cli import cli
from trip_duration.errors import LogError
from trip_duration.serving import outcomes as module
from trip_duration.serving.database import insert, open_database, outcomes, upgrade
from trip_duration.serving.entry import as_row
from trip_duration.serving.outcomes import (
    CONTRADICTED,
    LOADED,
    NO_DURATION,
    NO_ID,
    REPEATED,
    UNKNOWN,
    load_outcomes,
)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A log with five predictions."""
    made = open_database(sqlite_at(tmp_path))
    upgrade(made)
    insert(made, [as_row(entry(number)) for number in range(5)])
    return made


def durations(engine: Engine) -> dict[str, float]:
    with engine.connect() as connection:
        found = connection.execute(sa.select(outcomes.c.prediction_id, outcomes.c.duration_minutes))
        return {row.prediction_id: row.duration_minutes for row in found}


MIXED = """prediction_id,duration_minutes,borough
id-000000,12.5,Queens
id-000001,7
id-000001,7.0
id-000002,8
id-000002,9
nobody,10
id-000003,soon
id-000003,-4
id-000003,2000
,11
id-000004,3.25
"""


def test_rows_are_joined_and_others_set_aside_with_reasons(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "real.csv"
    path.write_text(MIXED)
    done = load_outcomes(engine, path)
    assert durations(engine) == {"id-000000": 12.5, "id-000001": 7.0, "id-000004": 3.25}
    assert (done.rows, done.loaded) == (11, 3)
    assert done.set_aside == {NO_DURATION: 3, CONTRADICTED: 2, REPEATED: 1, UNKNOWN: 1, NO_ID: 1}
    beside = tmp_path / "real.csv.set-aside.csv"
    assert done.beside == beside
    aside = pd.read_csv(beside, dtype=str, keep_default_na=False)
    assert aside.to_dict("list") == {
        "prediction_id": [
            *["id-000001", "id-000002", "id-000002", "nobody"],
            *["id-000003", "id-000003", "id-000003", ""],
        ],
        "duration_minutes": ["7.0", "8", "9", "10", "soon", "-4", "2000", "11"],
        "row": ["3", "4", "5", "6", "7", "8", "9", "10"],
        "reason": [REPEATED, *[CONTRADICTED] * 2, UNKNOWN, *[NO_DURATION] * 3, NO_ID],
    }


def test_what_was_loaded_before_is_left_as_it_is(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "real.parquet"
    pd.DataFrame({"prediction_id": ["id-000000"], "duration_minutes": [5]}).to_parquet(path)
    assert load_outcomes(engine, path).loaded == 1
    assert not (tmp_path / "real.parquet.set-aside.csv").exists()
    more = {"prediction_id": ["id-000000", "id-000001"], "duration_minutes": [6.5, 7.5]}
    pd.DataFrame(more).to_parquet(path)
    again = load_outcomes(engine, path)
    assert (again.loaded, again.set_aside) == (1, {LOADED: 1})
    assert durations(engine) == {"id-000000": 5.0, "id-000001": 7.5}


def test_more_ids_than_a_query_takes(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trip_duration.serving.database.IDS_PER_QUERY", 2)
    path = tmp_path / "real.csv"
    lines = [f"id-{number:06d},{number + 1}" for number in range(7)]
    path.write_text("\n".join(["prediction_id,duration_minutes", *lines]))
    done = load_outcomes(engine, path)
    assert (done.loaded, done.set_aside) == (5, {UNKNOWN: 2})


def test_nothing_is_loaded_if_the_reasons_cannot_be_written(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "real.csv"
    path.write_text(MIXED)
    (tmp_path / "real.csv.set-aside.csv.part").mkdir()
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(LogError, match="cannot be written"):
        load_outcomes(engine, path)
    assert durations(engine) == {}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("real.csv", b"id,minutes\n1,2\n", "lacks prediction_id, duration_minutes; found: id"),
        ("real.csv", b"", "cannot be read"),
        ("real.csv", b"\xff\xfe\x00", "cannot be read"),
        ("real.parquet", b"no parquet", "cannot be read"),
    ],
)
def test_files_of_another_form_are_refused(
    engine: Engine, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LogError, match=said):
        load_outcomes(engine, path)


def test_a_day_is_the_longest_duration() -> None:
    assert module.LONGEST == 24 * 60


def test_the_command_says_what_was_done(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "real.csv"
    path.write_text("prediction_id,duration_minutes\nid-000000,5\nnobody,6\n")
    arguments = ["outcomes", "load", str(path), "--database", sqlite_at(tmp_path)]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "2 rows: 1 loaded, 1 set aside",
        f"  1 row: {UNKNOWN}",
        f"set aside in {path}.set-aside.csv",
    ]


@pytest.mark.parametrize("missing", ["file", "log"])
def test_the_command_says_what_is_missing(missing: str, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "real.csv"
    if missing == "log":
        path.write_text("prediction_id,duration_minutes\nid-000000,5\n")
    place = sqlite_at(tmp_path if missing == "file" else tmp_path / "none")
    done = CliRunner().invoke(cli, ["outcomes", "load", str(path), "--database", place])
    assert done.exit_code == 2
    assert ("cannot be read" if missing == "file" else "no such file") in done.output
    assert not (tmp_path / "none").exists()
