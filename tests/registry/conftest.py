"""A real registry: MLflow in a SQLite database, with small predictors as a run would log them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests.features.small_city import fitted, make_trips, trips, zones
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.lookup import LookupTable
from trip_duration.registry import Registry, Version
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.records import Candidate

__all__ = ["fitted", "trips", "zones"]
Report = dict[str, Any]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables take seconds to make: they are made once and copied."""
    database = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture
def registry(empty_database: Path, tmp_path: Path) -> Registry:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'service.db'}")


@pytest.fixture
def keeper(registry: Registry, ledger: Ledger) -> Keeper:
    return Keeper(registry, ledger, "tester")


@pytest.fixture
def make_predictor(fitted: FeatureTransformer) -> Callable[[int], Predictor]:
    """Make a small predictor; another seed makes another one."""

    def make(seed: int) -> Predictor:
        known = make_trips(200, seed)
        names = fitted.selected_
        matrix = fitted.transform(known)
        table = LookupTable().fit(matrix, known["duration_minutes"], feature_names=names)
        return Predictor(fitted, table, 1.0, {"train_months": ["2023-01"], "seed": seed})

    return make


@pytest.fixture
def log_candidate(
    registry: Registry, tmp_path: Path, make_predictor: Callable[[int], Predictor]
) -> Callable[[int], Candidate]:
    """Log a predictor as MLflow's own functions leave it, and describe it for the registry."""

    def log(seed: int) -> Candidate:
        predictor = make_predictor(seed)
        client = mlflow.MlflowClient(registry.place, registry_uri=registry.place)
        found = client.get_experiment_by_name("small")
        place = (tmp_path / "artifacts").as_uri()
        experiment = found.experiment_id if found else client.create_experiment("small", place)
        run = client.create_run(experiment)
        model = client.create_logged_model(experiment, source_run_id=run.info.run_id)
        folder = tmp_path / f"logged-{seed}"
        predictor.save(folder / "artifacts/predictor")
        client.log_model_artifacts(model.model_id, str(folder))
        return Candidate(
            model_id=model.model_id,
            run_id=run.info.run_id,
            sha256=predictor.sha256,
            metrics={"test.request.mae": 3.5 + seed},
            tags={"git.commit": "abc", "training_data_digest": "def"},
            description=f"small {seed}",
        )

    return log


@pytest.fixture
def register(keeper: Keeper, log_candidate: Callable[[int], Candidate]) -> Callable[[int], Version]:
    """Register a small predictor as the challenger."""
    return lambda seed: keeper.register(log_candidate(seed))


@pytest.fixture
def passing(registry: Registry) -> Callable[[Version], Report]:
    """A passing gate report of a version against the present champion."""

    def report(version: Version) -> Report:
        champion = registry.find("champion")
        against = {"version": champion.number, "sha256": champion.sha256} if champion else None
        criterion = {"name": "champion", "figure": 0.0, "bound": 0.02, "passed": True, "words": "-"}
        return {
            "version": version.number,
            "sha256": version.sha256,
            "champion": against,
            "months": ["2023-03"],
            "criteria": [criterion],
            "passed": True,
        }

    return report
