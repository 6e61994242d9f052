"""Two small models and the lookup table, saved once; and a service that runs on the first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features import small_city
from tests.models.small_families import LIGHTGBM
from tests.models.test_predictor import train, train_with_intervals
from tests.registry.conftest import (
    empty_database,
    fitted,
    keeper,
    ledger,
    log_candidate,
    make_predictor,
    register,
    registry,
    trips,
    zones,
)
from tests.serving.running import Server, serve
from trip_duration.features import FeatureTransformer
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.lookup import LookupTable

# the fixtures of the registry are at home beside its tests
__all__ = [
    "empty_database",
    "fitted",
    "keeper",
    "ledger",
    "log_candidate",
    "make_predictor",
    "register",
    "registry",
    "trips",
    "zones",
]
# so many that large batches take them in blocks
TREES = LIGHTGBM.model_copy(update={"num_trees": 200})


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``first``, ``second`` and ``baseline``. Not to be written to."""
    folder = tmp_path_factory.mktemp("models")
    zones = small_city.make_zones()
    for name, seed in (("first", 0), ("second", 1)):
        trips = small_city.make_trips(400, seed)
        fitted = FeatureTransformer(zones).fit(trips, trips["duration_minutes"])
        train_with_intervals(fitted, trips, LightGBM(TREES)).save(folder / name)
    train(fitted, trips, LookupTable()).save(folder / "baseline")
    return folder


@pytest.fixture(scope="session")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service without keys that answers from ``first``. Not to be stopped."""
    folder = tmp_path_factory.mktemp("service")
    with serve(folder, "--model", str(models / "first"), "--no-auth") as server:
        yield server
