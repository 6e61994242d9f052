"""The registry changes, or goes away, under a service that runs on it: no request is the worse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.load import Load, load_on
from tests.serving.running import serve, wait_for
from tests.serving.test_model_swap import name, ready
from trip_duration.registry import Version
from trip_duration.registry.promotion import Keeper

Register = Callable[[int], Version]
# how long a change may take to be followed, of which the watch is a half
SOON = {"watch_seconds": "0.5"}


def promote(keeper: Keeper, version: Version) -> None:
    keeper.promote(version.number, {}, reason="a test", force=True)


def last(load: Load) -> set[str]:
    """Return the versions that callers were last answered by; they may be on several processes."""
    return {caller.answers[-1].said["model"]["version"] for caller in load.callers}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_promotion_and_rollback_under_load_fail_no_request(
    workers: str, keeper: Keeper, register: Register, tmp_path: Path
) -> None:
    first = register(0)
    promote(keeper, first)
    place = ("--registry", keeper.registry.tracking_uri, "--workers", workers)
    with serve(tmp_path, *place, "--no-auth", "--no-log", **SOON) as server:
        wait_for(lambda: ready(server).status_code == 200)
        with load_on(server, 6) as load:
            load.asks(20)
            second = register(1)
            load.asks(20)
            # registered is not promoted
            assert load.versions() == {first.number}
            for change, champion in (
                (lambda: promote(keeper, second), second),
                (lambda: keeper.rollback("a test"), first),
                (lambda: promote(keeper, second), second),
            ):
                change()
                wait_for(lambda new=champion: last(load) == {new.number}, 20)
                load.asks(20)
                assert last(load) == {champion.number}
        assert ready(server).json()["model"]["version"] == second.number
        assert server.end() == 0
    assert (load.statuses(), load.broken) == ({200}, 0)
    # each version has one hash and one answer to this question: more would be a mixture
    said = {
        (a.said["model"]["version"], a.said["model"]["sha256"], a.said["duration_minutes"])
        for a in load.answers
    }
    assert {(version, sha256) for version, sha256, _ in said} == {
        (first.number, first.sha256),
        (second.number, second.sha256),
    }
    assert len(said) == 2


def test_a_registry_whose_database_is_moved_away_and_back(
    keeper: Keeper, register: Register, tmp_path: Path
) -> None:
    first, second = register(0), register(1)
    promote(keeper, first)
    database = tmp_path / "mlflow.db"
    arguments = ("--registry", keeper.registry.tracking_uri, "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, **SOON) as server, load_on(server, 2) as load:
        database.rename(tmp_path / "away.db")
        load.asks(100)
        (tmp_path / "away.db").rename(database)
        promote(keeper, second)
        wait_for(lambda: name(server)["version"] == second.number, 30)
    assert (load.statuses(), load.broken) == ({200}, 0)
    assert load.versions() == {first.number, second.number}
