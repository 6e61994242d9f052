"""``trip-duration models``, as a person uses it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from rich.console import Console

from trip_duration.cli import cli
from trip_duration.registry import Version
from trip_duration.registry.listing import draw
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.records import Candidate

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
    assert listed[1].split()[:4] == ["2", "v1.0.1", "-", "Archived"]
    assert listed[2].split()[:4] == ["1", "v1.0.0", "champion", "Production"]
    history = call("history").output
    assert "ada" in history
    assert "2 is slow" in history
    lines = [json.loads(line) for line in call("history", "--json").output.splitlines()]
    assert [line["sequence"] for line in lines] == list(range(1, 13))
    shown = call("show").output
    assert "git.commit" in shown
    assert "passed champion" in shown
    assert call("verify").output == "12 lines hold, and the registry is as they say\n"


def test_versions_are_shown_and_promoted_by_their_semantic_version(
    call: Call, register: Callable[[int], Version], passing: Any, tmp_path: Path
) -> None:
    first = register(0)
    register(1)
    write_report(tmp_path, passing(first))
    assert call("promote", "v1.0.0").output.startswith("version 1 is the champion")
    shown = call("show", "1.0.0").output.splitlines()
    assert shown[0].split() == ["version", "1", "(v1.0.0)"]
    unknown = call("show", "v3.0.0")
    assert unknown.exit_code == 2
    assert "it has: challenger, champion, 1 (v1.0.0), 2 (v1.0.1)" in unknown.output


@pytest.fixture
def two_versions(
    keeper: Keeper, log_candidate: Callable[[int], Candidate], register: Callable[[int], Version]
) -> list[Version]:
    """A version with everything that is known of one, and one with less."""
    metrics = {"test.request.mae": 3.5049, "test.request_with_distance.mae": 2.72}
    tags = {
        "family": "random_forest",
        "service": "yellow",
        "train_months": "2023-01..2023-03",
        "source": "synthetic",
    }
    full = replace(log_candidate(0), metrics=metrics, tags=tags)
    return [keeper.register(full), register(1)]


def test_the_list_says_what_a_version_is_and_who_registered_it(
    call: Call, two_versions: list[Version]
) -> None:
    head, second, first = call("list").output.splitlines()
    assert re.split("  +", first) == [
        "1",
        "v1.0.0",
        "-",
        "None",
        "random_forest",
        "yellow",
        "2023-01..2023-03",
        "synthetic",
        "3.50 / 2.72",
        "tester",
        f"{two_versions[0].created_at:%Y-%m-%d}",
    ]
    assert second.split()[4:8] == ["-"] * 4
    assert "4.50 / -" in second
    assert {line.index("tester") for line in (second, first)} == {head.index("by")}


def test_machines_get_every_figure(call: Call, two_versions: list[Version]) -> None:
    newest, first = json.loads(call("list", "--json").output)
    assert first == {
        "number": "1",
        "semantic_version": "v1.0.0",
        "aliases": [],
        "stage": "None",
        "family": "random_forest",
        "service": "yellow",
        "train_months": "2023-01..2023-03",
        "source": "synthetic",
        "test_mae_without_distance": 3.5049,
        "test_mae_with_distance": 2.72,
        "registered_by": "tester",
        "registered_at": two_versions[0].created_at.isoformat(timespec="seconds"),
        "sha256": two_versions[0].sha256,
        "run_id": two_versions[0].run_id,
    }
    assert newest["aliases"] == ["challenger"]
    assert newest["source"] is None


LONGEST = (
    "12",
    "v1.10.12",
    "challenger",
    "Production",
    "random_forest",
    "yellow",
    "2023-01..2023-03",
    "synthetic",
    "3.50 / 2.72",
    "somebody",
    "2026-01-31",
)


def on_terminal(row: Sequence[str]) -> list[str]:
    drawn = io.StringIO()
    Console(file=drawn, width=120).print(draw([row]))
    return drawn.getvalue().splitlines()


def test_a_terminal_of_120_columns_takes_the_longest_usual_values_on_one_line() -> None:
    assert on_terminal(LONGEST)[-1].rstrip().endswith("2026-01-31")
    assert all(text in on_terminal(LONGEST)[-1] for text in LONGEST)
    assert all(len(line) <= 120 for line in on_terminal([*LONGEST[:-2], "x" * 40, LONGEST[-1]]))


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    assert "[red]" in on_terminal([*LONGEST[:-2], "[red]", LONGEST[-1]])[-1]


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
