"""Promotion, rollback and archiving: each a line, each whole, whatever happens in the middle."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
import sqlalchemy as sa

from trip_duration.errors import RegistryError
from trip_duration.registry import Registry, Version
from trip_duration.registry.ledger import Entry, Ledger, find_broken
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.rules import find_problems

Register = Callable[[int], Version]
Report = Callable[[Version], dict[str, Any]]


def aliases(keeper: Keeper) -> tuple[str | None, ...]:
    found = keeper.registry.aliases()
    return found.get("champion"), found.get("challenger"), found.get("previous")


def stages(keeper: Keeper) -> list[str]:
    return [version.stage for version in reversed(keeper.registry.versions())]


def events(ledger: Ledger) -> list[str]:
    return [f"{line.event} {line.action} {line.version}" for line in ledger.lines()]


def promote_next(keeper: Keeper, register: Register, seed: int) -> Version:
    version = register(seed)
    keeper.promote(version.number, {}, reason="a test", force=True)
    return version


def test_the_first_champion_then_the_next(
    keeper: Keeper, register: Register, passing: Report
) -> None:
    first = register(0)
    keeper.promote("challenger", passing(first), reason="it is good")
    assert aliases(keeper) == ("1", None, None)
    second = register(1)
    assert aliases(keeper) == ("1", "2", None)
    assert stages(keeper) == ["Production", "Staging"]
    keeper.promote("2", passing(second))
    assert aliases(keeper) == ("2", None, "1")
    assert stages(keeper) == ["Archived", "Production"]
    assert find_problems(keeper.registry, keeper.ledger) == []


def test_the_ledger_says_who_when_why_and_by_which_report(
    keeper: Keeper, register: Register, passing: Report
) -> None:
    version = register(0)
    report = passing(version)
    keeper.promote("1", report, reason="it is good")
    assert events(keeper.ledger) == [
        "intent register 1",
        "done register 1",
        "intent promote 1",
        "done promote 1",
    ]
    line = keeper.ledger.lines()[2]
    assert (line.actor, line.reason, line.sha256) == ("tester", "it is good", version.sha256)
    assert line.content["gate_report"] == report
    assert line.content["forced"] is False
    assert line.content["after"]["aliases"]["champion"] == "1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "there is no gate report for version 2"),
        ({"sha256": "b" * 64}, "is about version 2 .*bbb.*, not about version 2"),
        ({"version": "1"}, "is about version 1"),
        ({"passed": False}, "the gate report of version 2 .* fails"),
        ({"criteria": []}, "the gate report of version 2 .* fails"),
        ({"criteria": [{"name": "slices", "passed": False}]}, "fails: slices"),
        ({"champion": None}, "compared version 2 .* with none, but the champion is version 1 now"),
    ],
)
def test_promotion_takes_the_passing_report_of_this_very_version(
    keeper: Keeper,
    register: Register,
    passing: Report,
    change: dict[str, Any] | None,
    said: str,
) -> None:
    promote_next(keeper, register, 0)
    second = register(1)
    report = {} if change is None else {**passing(second), **change}
    before = events(keeper.ledger)
    with pytest.raises(RegistryError, match=said):
        keeper.promote("2", report)
    assert aliases(keeper) == ("1", "2", None)
    assert events(keeper.ledger) == before


def test_force_takes_a_reason_and_is_written_down(keeper: Keeper, register: Register) -> None:
    register(0)
    with pytest.raises(RegistryError, match="--force takes a --reason"):
        keeper.promote("1", {}, reason=" ", force=True)
    line = keeper.promote("1", {}, reason="the gate's data are late", force=True)
    intent = keeper.ledger.lines()[line.sequence - 2]
    assert intent.content["forced"] is True
    assert intent.reason == "the gate's data are late"
    with pytest.raises(RegistryError, match="version 1 is the champion already"):
        keeper.promote("1", {}, reason="again", force=True)


def test_rollback_goes_back_one_champion_after_the_other(
    keeper: Keeper, register: Register
) -> None:
    for seed in range(3):
        promote_next(keeper, register, seed)
    assert aliases(keeper) == ("3", None, "2")
    keeper.rollback("3 is slow")
    assert aliases(keeper) == ("2", None, "1")
    assert stages(keeper) == ["Archived", "Production", "Archived"]
    keeper.rollback("2 as well")
    assert aliases(keeper) == ("1", None, None)
    with pytest.raises(RegistryError, match="no previous champion to go back to"):
        keeper.rollback()
    assert find_problems(keeper.registry, keeper.ledger) == []


def test_an_archived_version_is_not_come_back_to(keeper: Keeper, register: Register) -> None:
    for seed in range(3):
        promote_next(keeper, register, seed)
    with pytest.raises(RegistryError, match="version 3 is the champion and serves"):
        keeper.archive("champion")
    keeper.archive("2", "wrong zones")
    assert aliases(keeper) == ("3", None, "1")
    keeper.rollback()
    assert aliases(keeper) == ("1", None, None)
    fourth = register(3)
    keeper.archive("challenger")
    assert aliases(keeper) == ("1", None, None)
    assert keeper.registry.get(fourth.number).stage == "Archived"


def test_archiving_a_challenger_restores_the_candidate_that_it_displaced(
    keeper: Keeper, register: Register
) -> None:
    for seed in range(3):
        register(seed)
    keeper.archive("3", "unfair")
    assert aliases(keeper) == (None, "2", None)
    assert stages(keeper) == ["None", "Staging", "Archived"]
    assert find_problems(keeper.registry, keeper.ledger) == []
    register(3)
    # 2 is put away first: 4 has then displaced 1
    keeper.archive("2")
    assert aliases(keeper) == (None, "4", None)
    keeper.archive("4")
    assert aliases(keeper) == (None, "1", None)
    assert stages(keeper) == ["Staging", "Archived", "Archived", "Archived"]
    keeper.archive("challenger")
    assert aliases(keeper) == (None, None, None)


def test_a_version_that_was_promoted_or_deleted_is_no_candidate_any_more(
    keeper: Keeper, register: Register
) -> None:
    for seed in range(4):
        register(seed)
    keeper.promote("2", {}, reason="a test", force=True)
    delete(keeper, "3")
    keeper.archive("4")
    assert aliases(keeper) == ("2", "1", None)
    keeper.promote("1", {}, reason="a test", force=True)
    # 2 was rolled over and 1 serves: the next challenger has displaced nobody
    fifth = register(4)
    keeper.archive(fifth.number)
    assert aliases(keeper) == ("1", None, "2")
    assert find_problems(keeper.registry, keeper.ledger) == []


def delete(keeper: Keeper, number: str) -> None:
    mlflow.MlflowClient(keeper.registry.tracking_uri).delete_model_version("trip-duration", number)


def test_a_champion_that_was_deleted_is_replaced_and_told(
    keeper: Keeper, register: Register, passing: Report
) -> None:
    for seed in range(2):
        promote_next(keeper, register, seed)
    delete(keeper, "2")
    (problem,) = find_problems(keeper.registry, keeper.ledger)
    assert "by the ledger champion is version 2, by the registry none" in problem
    with pytest.raises(RegistryError, match="has no version 'champion'; it has: previous, 1"):
        keeper.registry.get("champion")
    third = register(2)
    keeper.promote("challenger", passing(third))
    assert aliases(keeper) == ("3", None, "1")
    assert find_problems(keeper.registry, keeper.ledger) == []


def test_rollback_restores_service_when_the_champion_was_deleted(
    keeper: Keeper, register: Register
) -> None:
    for seed in range(2):
        promote_next(keeper, register, seed)
    delete(keeper, "2")
    keeper.rollback("2 was deleted")
    assert aliases(keeper) == ("1", None, None)


def test_a_previous_champion_that_was_deleted_is_said_to_be_none(
    keeper: Keeper, register: Register
) -> None:
    for seed in range(2):
        promote_next(keeper, register, seed)
    delete(keeper, "1")
    with pytest.raises(RegistryError, match="no previous champion"):
        keeper.rollback()
    assert aliases(keeper) == ("2", None, None)


KILLED = """
import os, sys
from trip_duration.registry import Registry
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper

class Dying(Registry):
    steps = int(sys.argv[3])

    def step(self):
        Dying.steps -= 1
        if Dying.steps < 0:
            os._exit(9)

    def set_stage(self, *given):
        self.step()
        super().set_stage(*given)

    def point(self, *given):
        self.step()
        super().point(*given)

    def set_ledger_head(self, *given):
        self.step()
        super().set_ledger_head(*given)

Keeper(Dying(sys.argv[1]), Ledger(sys.argv[2]), "killed").promote("2", {}, "why", force=True)
"""


def kill_promotion(keeper: Keeper, steps: int) -> None:
    command = [sys.executable, "-c", KILLED, keeper.registry.tracking_uri, keeper.ledger.url]
    assert subprocess.run([*command, str(steps)], check=False, timeout=60).returncode == 9
    assert events(keeper.ledger)[-1] == "intent promote 2"


@pytest.mark.parametrize("steps", [0, 2, 4, 5])
def test_a_promotion_that_was_killed_is_ended_by_whoever_comes_next(
    keeper: Keeper, register: Register, steps: int
) -> None:
    promote_next(keeper, register, 0)
    register(1)
    kill_promotion(keeper, steps)
    assert "was not ended" in find_problems(keeper.registry, keeper.ledger)[0]
    line = keeper.settle()
    assert line is not None
    assert (line.event, line.actor) == ("done", "tester")
    assert aliases(keeper) == ("2", None, "1")
    assert stages(keeper) == ["Archived", "Production"]
    assert find_problems(keeper.registry, keeper.ledger) == []
    assert keeper.settle() is None


def test_a_rollback_ends_what_was_left_before_it_goes_back(
    keeper: Keeper, register: Register
) -> None:
    promote_next(keeper, register, 0)
    register(1)
    kill_promotion(keeper, 1)
    keeper.rollback()
    assert events(keeper.ledger)[-3:] == ["done promote 2", "intent rollback 1", "done rollback 1"]
    assert aliases(keeper) == ("1", None, None)


def test_what_was_left_is_undone_where_its_version_is_gone(
    keeper: Keeper, register: Register
) -> None:
    promote_next(keeper, register, 0)
    register(1)
    kill_promotion(keeper, 5)
    delete(keeper, "2")
    line = keeper.settle()
    assert line is not None
    assert (line.event, line.reason) == ("undone", "version 2 was deleted meanwhile")
    assert aliases(keeper) == ("1", None, None)
    assert stages(keeper) == ["Production"]
    assert find_problems(keeper.registry, keeper.ledger) == []


PROMOTE = """
import sys
from trip_duration.registry import Registry
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
keeper = Keeper(Registry(sys.argv[1]), Ledger(sys.argv[2]), "racer " + sys.argv[3])
keeper.registry.versions()
print("ready", flush=True)
sys.stdin.readline()
keeper.promote(sys.argv[3], {}, "race", force=True)
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_of_two_promotions_at_once_one_comes_after_the_other(
    keeper: Keeper, register: Register, kind: str, request: pytest.FixtureRequest
) -> None:
    url = keeper.ledger.url if kind == "sqlite" else request.getfixturevalue("postgres")
    keeper = Keeper(keeper.registry, Ledger(url), "tester")
    for seed in range(2):
        register(seed)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTE, keeper.registry.tracking_uri, url, number],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in ("1", "2")
    ]
    for racer in racers:
        assert racer.stdout is not None
        racer.stdout.readline()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert [racer.wait(60) for racer in racers] == [0, 0]
    lines = [line for line in keeper.ledger.lines() if line.action == "promote"]
    assert [line.event for line in lines] == ["intent", "done"] * 2
    assert aliases(keeper) == (lines[3].version, None, lines[1].version)
    assert find_broken(keeper.ledger.lines()) is None


def test_the_loser_of_a_race_has_a_report_against_a_champion_that_is_none_any_more(
    keeper: Keeper, register: Register, passing: Report
) -> None:
    first, second = register(0), register(1)
    reports = passing(first), passing(second)
    keeper.promote("1", reports[0])
    with pytest.raises(RegistryError, match="with none, but the champion is version 1 now"):
        keeper.promote("2", reports[1])


def test_nothing_is_changed_behind_a_broken_ledger(keeper: Keeper, register: Register) -> None:
    promote_next(keeper, register, 0)
    register(1)
    engine = sa.create_engine(keeper.ledger.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER model_ledger_no_update")
        connection.exec_driver_sql("UPDATE model_ledger SET actor = 'x' WHERE sequence = 3")
    with pytest.raises(RegistryError, match="does not hold, nothing is changed: line 3"):
        keeper.promote("2", {}, reason="why", force=True)
    assert aliases(keeper)[0] == "1"


def test_lines_cut_off_the_end_and_aliases_moved_by_hand_are_found(
    keeper: Keeper, register: Register, registry: Registry
) -> None:
    promote_next(keeper, register, 0)
    register(1)
    registry.point("champion", "2")
    (problem,) = find_problems(registry, keeper.ledger)
    assert "champion is version 1, by the registry version 2" in problem
    engine = sa.create_engine(keeper.ledger.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER model_ledger_no_delete")
        connection.exec_driver_sql("DELETE FROM model_ledger WHERE sequence > 3")
    (problem,) = find_problems(registry, keeper.ledger)
    assert "lacks behind line 3: lines at its end were removed" in problem


def test_a_version_of_another_content_than_was_promoted_is_found(
    keeper: Keeper, register: Register, registry: Registry
) -> None:
    promote_next(keeper, register, 0)
    tampered = "f" * 64
    client = mlflow.MlflowClient(registry.tracking_uri)
    client.set_model_version_tag(registry.name, "1", "predictor_sha256", tampered)
    (problem,) = find_problems(registry, keeper.ledger)
    assert problem.startswith("by the ledger version 1, the champion, has sha256 ")
    assert f"by the registry {tampered}" in problem


def test_a_registry_that_was_set_back_is_found(
    keeper: Keeper, register: Register, registry: Registry, tmp_path: Path
) -> None:
    promote_next(keeper, register, 0)
    shutil.copy(tmp_path / "mlflow.db", tmp_path / "backup.db")
    keeper.archive(register(1).number)
    shutil.copy(tmp_path / "backup.db", tmp_path / "mlflow.db")
    again = Registry(registry.tracking_uri)
    (problem,) = find_problems(again, keeper.ledger)
    assert problem.startswith("the registry was last changed by line 3, and the ledger has later")
    with pytest.raises(RegistryError, match="is not that of the registry"):
        Keeper(again, keeper.ledger, "tester").rollback()


def test_a_ledger_takes_no_second_registry(
    keeper: Keeper,
    register: Register,
    log_candidate: Callable[[int], Any],
    empty_database: Path,
    tmp_path: Path,
) -> None:
    promote_next(keeper, register, 0)
    shutil.copy(empty_database, tmp_path / "second.db")
    second = Registry(f"sqlite:///{tmp_path}/second.db")
    intruder = Keeper(second, keeper.ledger, "tester")
    with pytest.raises(RegistryError, match="nothing is changed") as caught:
        intruder.register(log_candidate(1))
    for named in (second.tracking_uri, keeper.registry.tracking_uri, keeper.ledger.url):
        assert named in str(caught.value)
    assert "Set TRIP_DURATION_DATABASE_URL" in str(caught.value)
    assert second.versions() == []
    assert "it is another one" in find_problems(second, keeper.ledger)[0]
    # nor does it end there what was begun with the first
    register(1)
    kill_promotion(keeper, 0)
    with pytest.raises(RegistryError, match="nothing is changed"):
        intruder.settle()
    assert keeper.settle() is not None
    assert find_problems(keeper.registry, keeper.ledger) == []


def test_lines_of_before_that_name_no_registry_are_still_good(
    keeper: Keeper, register: Register, registry: Registry
) -> None:
    version = promote_next(keeper, register, 0)
    last = keeper.ledger.lines()[-2]
    content = {name: said for name, said in last.content.items() if name != "registry"}
    about = (last.action, version.number, version.sha256, "earlier", "")
    old = keeper.ledger.append(Entry("intent", *about, content=content))
    registry.set_ledger_head(old.hash)
    keeper.settle()
    assert find_problems(registry, keeper.ledger) == []
    assert promote_next(keeper, register, 1).number == "2"
