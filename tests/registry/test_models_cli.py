"""``trip-duration models``, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from trip_duration.cli import cli
from trip_duration.registry import Version
from trip_duration.registry.promotion import Keeper

Call = Callable[..., Result]


@pytest.fixture
def call(keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Give a command in a project whose registry and ledger are those of the test."""
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", keeper.registry.tracking_uri)
    monkeypatch.setenv("TRIP_DURATION_DATABASE_URL", keeper.ledger.url)
    return lambda *words: CliRunner().invoke(cli, ["models", *words])


def write_report(project: Path, report: dict[str, Any]) -> None:
    path = project / "data/08_reporting/gate_report.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report))


def test_promote_and_roll_back(
    call: Call, register: Callable[[int], Version], passing: Any, tmp_path: Path
) -> None:
    write_report(tmp_path, passing(register(0)))
    done = call("--by", "ada", "promote", "--reason", "first")
    assert (done.exit_code, done.output) == (
        0,
        "version 1 is the champion; line 4 of the ledger\n",
    )
    write_report(tmp_path, passing(register(1)))
    assert call("promote", "2").exit_code == 0
    done = call("rollback", "--reason", "2 is slow")
    assert done.output == "version 1 is the champion again; line 10 of the ledger\n"
    assert call("archive", "2").output == "version 2 is archived; line 12 of the ledger\n"
    listed = call("list").output.splitlines()
    assert listed[1].split()[:3] == ["2", "-", "Archived"]
    assert listed[2].split()[:3] == ["1", "champion", "Production"]
    history = call("history").output
    assert "ada" in history
    assert "2 is slow" in history
    lines = [json.loads(line) for line in call("history", "--json").output.splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, 13))
    shown = call("show").output
    assert "git.commit" in shown
    assert "passed champion" in shown
    assert call("verify").output == "12 lines hold, and the registry is as they say\n"


def test_what_cannot_be_done_is_said_in_a_sentence(
    call: Call, register: Callable[[int], Version], tmp_path: Path
) -> None:
    empty = call("show")
    assert empty.exit_code == 2
    assert "has no version 'champion'; it has: none at all" in empty.output
    register(0)
    refused = call("promote")
    assert refused.exit_code == 2
    assert refused.output.startswith("Error: there is no gate report for version 1")
    (tmp_path / "bad.json").write_text("[")
    assert (
        "no gate report that can be read"
        in call("promote", "--gate-report", str(tmp_path / "bad.json")).output
    )
    assert "--force takes a --reason" in call("promote", "--force").output
    assert "no previous champion" in call("rollback").output
    assert call("promote", "--force", "--reason", "why").exit_code == 0
    assert "(forced)" in call("history").output


def test_verify_names_the_first_broken_line(
    call: Call, register: Callable[[int], Version], keeper: Keeper
) -> None:
    register(0)
    with sa.create_engine(keeper.ledger.url).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER model_ledger_no_update")
        connection.exec_driver_sql("UPDATE model_ledger SET actor = 'x' WHERE sequence = 1")
    found = call("verify")
    assert found.exit_code == 1
    assert found.output.startswith("line 1 (intent register of version 1) was altered")


def test_no_registry_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = CliRunner().invoke(cli, ["models", "list"])
    assert found.exit_code == 2
    assert "there is no registry at" in found.output
    assert list(tmp_path.iterdir()) == []
