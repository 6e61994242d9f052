"""MLflow's client of a registry, imported when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trip_duration.errors import RegistryError, TripDurationError
from trip_duration.registry.places import TRACKING_VARIABLE, require_file, with_driver
from trip_duration.secrets import masked_uri, without_password

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_client(tracking_uri: str) -> MlflowClient:
    """Return MLflow's client of a registry that exists.

    Args:
        tracking_uri: Where MLflow keeps it: a database or a server.

    Raises:
        RegistryError: If it is a SQLite file that does not exist, or if MLflow is not installed.
    """
    require_file(tracking_uri)
    place = with_driver(tracking_uri)
    if place.startswith("postgresql"):
        from trip_duration.registry.databases import require_answer  # noqa: PLC0415

        # MLflow would try again for minutes
        require_answer(place, f"registry ({TRACKING_VARIABLE})")
    with _needing_mlflow():
        import mlflow  # noqa: PLC0415 - seconds that --help need not pay
    return mlflow.MlflowClient(place, registry_uri=place)


@contextmanager
def _needing_mlflow() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise RegistryError(
            f"the registry is read through MLflow, which cannot be imported ({error}). Install "
            "mlflow, or use the folder of a predictor."
        ) from None


@contextmanager
def naming_registry(tracking_uri: str) -> Iterator[None]:
    """Turn errors of MLflow into one that names the registry, without its password.

    Raises:
        RegistryError: If the block fails; errors of the project's own are passed on.
    """
    try:
        with _needing_mlflow():
            yield
    except TripDurationError:
        raise
    # MLflow's clients of databases and of servers raise errors of their own
    except Exception as error:
        reason = without_password(str(getattr(error, "orig", None) or error), tracking_uri)
        where = masked_uri(tracking_uri)
        raise RegistryError(
            f"the registry at {where} does not answer as expected: {reason}"
        ) from None


@contextmanager
def without_progress_bar() -> Iterator[None]:
    """Keep MLflow from drawing a bar for each file that it copies."""
    name: Any = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
