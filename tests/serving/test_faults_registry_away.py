"""The registry's PostgreSQL stops and starts under a service that runs on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, running_cluster
from tests.serving.load import load_on
from tests.serving.running import serve, wait_for
from tests.serving.test_model_swap import events, name
from trip_duration.registry import Registry, Version
from trip_duration.registry.promotion import Keeper

pytestmark = pytest.mark.postgres


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


@pytest.fixture
def registry(cluster: Cluster) -> Registry:
    return Registry(cluster.url.replace("postgresql:", "postgresql+psycopg2:"))


def test_a_registry_that_stops_and_starts_is_followed_again(
    cluster: Cluster, keeper: Keeper, register: Callable[[int], Version], tmp_path: Path
) -> None:
    first, second = register(0), register(1)
    keeper.promote(first.number, {}, reason="a test", force=True)
    arguments = ("--registry", keeper.registry.tracking_uri, "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, watch_seconds="0.5") as server:
        assert name(server)["version"] == first.number
        with load_on(server, 2) as load:
            cluster.stop()
            wait_for(lambda: events(server, "source_away") == 1)
            load.asks(100)
            assert load.versions() == {first.number}
            cluster.start()
            wait_for(lambda: events(server, "source_back") == 1)
            keeper.promote(second.number, {}, reason="a test", force=True)
            wait_for(lambda: name(server)["version"] == second.number, 30)
        cluster.stop()
        assert server.end() == 0
    assert (load.statuses(), load.broken) == ({200}, 0)


def test_one_that_is_away_from_the_start_does_not_hold_up_the_end(
    cluster: Cluster, registry: Registry, models: Path, tmp_path: Path
) -> None:
    cluster.stop()
    fallback = ("--fallback", str(models / "baseline"))
    arguments = ("--registry", registry.tracking_uri, *fallback, "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, load_seconds="0.5") as server:
        assert name(server)["fallback"]
        # MLflow would try for a hundred seconds: it is not asked
        wait_for(lambda: events(server, "source_away") == 1)
        assert name(server)["fallback"]
        began = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - began < 10
