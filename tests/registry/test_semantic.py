"""Semantic versions: what makes a major, a minor and a patch, and how a version is found by it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from trip_duration.registry import Registry, Version
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.records import Candidate
from trip_duration.registry.rules import find_problems
from trip_duration.registry.semantic import SemanticVersion, next_version

TAGS = {
    "request_columns": "pickup_datetime,pickup_zone,dropoff_zone,route_distance",
    "service": "green",
    "features": "hour,distance",
    "family": "lightgbm",
}


def version(semantic: str, number: str = "1", **tags: str) -> Version:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Version(number, "a" * 64, "r", (), "None", moment, {**TAGS, **tags}, {}, "", semantic)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "v1.2.4"),
        ({"train_months": "2024-01"}, "v1.2.4"),
        ({"features": "distance,hour"}, "v1.2.4"),
        ({"features": "hour"}, "v1.3.0"),
        ({"family": "linear"}, "v1.3.0"),
        ({"service": "yellow"}, "v2.0.0"),
        ({"request_columns": "pickup_datetime"}, "v2.0.0"),
        ({"service": "yellow", "family": "linear"}, "v2.0.0"),
    ],
)
def test_what_differs_from_the_highest_version_decides(
    change: dict[str, str], expected: str
) -> None:
    # the highest by number, not by text nor by time
    others = [version("v1.2.3", "2"), version("v1.1.10", "3", family="linear"), version("", "1")]
    assert str(next_version({**TAGS, **change}, others, set())) == expected


def test_the_first_one_and_those_given_before() -> None:
    assert str(next_version(TAGS, [], set())) == "v1.0.0"
    assert str(next_version(TAGS, [version("")], set())) == "v1.0.0"
    assert str(next_version(TAGS, [], {"v1.0.0", "v1.0.1"})) == "v1.0.2"


def test_a_recalibration_is_a_patch_of_its_parent_whatever_came_since() -> None:
    parent, newer = version("v1.0.3"), version("v2.1.0", "2", service="yellow")
    assert str(next_version(TAGS, [parent, newer], set(), parent)) == "v1.0.4"
    assert str(next_version(TAGS, [parent, newer], {"v1.0.4"}, parent)) == "v1.0.5"


@pytest.mark.parametrize("text", ["", "1", "v1.2", "v1.2.3.4", "v01.2.3", "champion", "v1.2.3 "])
def test_what_is_no_semantic_version(text: str) -> None:
    assert SemanticVersion.parse(text) is None


def test_versions_are_ordered_by_number() -> None:
    texts = ["v1.10.0", "v1.9.9", "v10.0.0", "v2.0.0"]
    parsed = [SemanticVersion.parse(text) for text in texts]
    assert None not in parsed
    assert [str(one) for one in sorted(filter(None, parsed))] == [
        "v1.9.9",
        "v1.10.0",
        "v2.0.0",
        "v10.0.0",
    ]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def registry(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> Registry:
    """Registries of both kinds of database."""
    if request.param == "postgres":
        return Registry(request.getfixturevalue("postgres"))
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.fixture
def ledger(registry: Registry, tmp_path: Path) -> Ledger:
    local = f"sqlite:///{tmp_path / 'service.db'}"
    return Ledger(local if registry.tracking_uri.startswith("sqlite") else registry.tracking_uri)


def test_runs_that_end_at_once_get_versions_of_their_own(
    keeper: Keeper, log_candidate: Callable[[int], Candidate]
) -> None:
    candidates = [replace(log_candidate(seed), tags=TAGS) for seed in range(3)]
    keepers = [Keeper(Registry(keeper.registry.tracking_uri), keeper.ledger, "t") for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(Keeper.register, keepers, candidates))
    found = sorted(version.semantic_version for version in versions)
    assert found == ["v1.0.0", "v1.0.1", "v1.0.2"]
    assert keeper.registry.get("challenger").semantic_version == "v1.0.2"
    assert find_problems(keeper.registry, keeper.ledger) == []


def test_registered_versions_carry_theirs_and_are_found_by_it(
    keeper: Keeper, log_candidate: Callable[[int], Candidate]
) -> None:
    changes = [{}, {}, {"family": "linear"}, {"family": "linear"}]
    for seed, change in enumerate(changes):
        keeper.register(replace(log_candidate(seed), tags={**TAGS, **change}))
    registry = keeper.registry
    found = {v.number: v.semantic_version for v in registry.versions()}
    assert found == {"1": "v1.0.0", "2": "v1.0.1", "3": "v1.1.0", "4": "v1.1.1"}
    assert registry.get("v1.0.1") == registry.get("1.0.1") == registry.get("2")
    assert registry.find("v1.0.2") is None
    assert registry.find("") is None
    keeper.promote("v1.0.0", {}, reason="a test", force=True)
    assert registry.get("champion").number == "1"
    # the number of a version that was deleted is not given again
    mlflow.MlflowClient(registry.place, registry_uri=registry.place).delete_model_version(
        "trip-duration", "4"
    )
    again = keeper.register(replace(log_candidate(4), tags={**TAGS, "family": "linear"}))
    assert (again.number, again.semantic_version) == ("5", "v1.1.2")
    patch = keeper.register(replace(log_candidate(5), tags=TAGS, parent="2"))
    assert patch.semantic_version == "v1.0.2"
