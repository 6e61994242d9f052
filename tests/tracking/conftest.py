"""Runs as MLflow has them, asked by address: the place in use changes from run to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from trip_duration.registry.places import with_driver

RunsOf = Callable[..., list[Run]]
UseTracking = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def runs_at() -> RunsOf:
    """The runs of an experiment at a tracking URI."""

    def runs_at(uri: str, experiment: str) -> list[Run]:
        client = mlflow.MlflowClient(tracking_uri=with_driver(uri))
        found = client.get_experiment_by_name(experiment)
        return list(client.search_runs([found.experiment_id])) if found else []

    return runs_at


@pytest.fixture(scope="session")
def runs_of(runs_at: RunsOf) -> RunsOf:
    """The runs of an experiment in a project's own database."""

    def runs_of(project: Path, experiment: str = "trip-duration") -> list[Run]:
        return runs_at(f"sqlite:///{project}/data/mlflow.db", experiment)

    return runs_of


@pytest.fixture(scope="session")
def use_tracking() -> UseTracking:
    """Point MLflow's functions that know no client elsewhere for a while.

    MLflow puts that into the environment, where the next run would find it.
    """

    @contextmanager
    def use(uri: str) -> Iterator[None]:
        before = mlflow.get_tracking_uri()
        with pytest.MonkeyPatch.context() as patch:
            for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
                patch.setenv(name, "")
                patch.delenv(name)
            mlflow.set_tracking_uri(uri)
            try:
                yield
            finally:
                mlflow.set_tracking_uri(before)

    return use


@pytest.fixture(scope="session")
def tracked(finished_run: Path, runs_of: RunsOf) -> Run:
    """The one run of the finished project."""
    (run,) = runs_of(finished_run)
    return run


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    """A project with data and an empty database, for runs of parts."""
    return with_data()
