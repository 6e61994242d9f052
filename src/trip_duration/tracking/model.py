"""The predictor as an MLflow model: signature, input example, requirements, no pickle."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from trip_duration.registry.client import without_progress_bar
from trip_duration.registry.places import OUTLINES

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

    from trip_duration.models import Predictor

NAME = "predictor"
# what predicting imports; given to MLflow, which would else load the model in a subprocess to guess
REQUIREMENTS = (
    "mlflow",
    "lightgbm",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "scikit-learn",
    "skops",
)
# the same library under two names, as in pyproject.toml
_XGBOOST = {"xgboost-cpu": "!=", "xgboost": "=="}
# this package: it is on no index, and a model needs the code that it was made with
_CODE = Path(__file__).parents[1]


def log_predictor(predictor: Predictor, outlines: Mapping[str, Any] | None = None) -> ModelInfo:
    """Log the predictor to the active run; MLflow loads it once and predicts the example.

    Args:
        predictor: The trained predictor.
        outlines: GeoJSON of the zones, for the map of who serves the model; a file beside the
            predictor, which it is no part of.

    Returns:
        What MLflow says of the logged model, its address among others.
    """
    import mlflow  # noqa: PLC0415 - seconds that only tracked runs pay

    with tempfile.TemporaryDirectory() as folder, _less_noise(), _same_path():
        bundle = Path(folder) / NAME
        predictor.save(bundle)
        artifacts = {NAME: str(bundle)}
        if outlines is not None:
            file = Path(folder) / OUTLINES
            file.write_text(json.dumps(outlines), encoding="utf-8")
            artifacts["zone_outlines"] = str(file)
        logged: ModelInfo = mlflow.pyfunc.log_model(
            name=NAME,
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts=artifacts,
            signature=signature(),
            input_example=example(),
            pip_requirements=requirements(),
            code_paths=[str(_CODE)],
            metadata={"sha256": predictor.sha256, "family": predictor.family},
        )
        return logged


def requirements() -> list[str]:
    """Return what a process needs to predict with the model, beside the code in it."""
    return [f"{name}=={version(name)}" for name in REQUIREMENTS] + [
        f'{name}=={_version_of_xgboost()}; sys_platform {sign} "darwin"'
        for name, sign in _XGBOOST.items()
    ]


def _version_of_xgboost() -> str:
    for name in _XGBOOST:
        with suppress(PackageNotFoundError):
            return version(name)
    raise PackageNotFoundError("xgboost")


def signature() -> ModelSignature:
    """Return the contract: a request with an optional distance, to minutes with an interval."""
    from mlflow.models import ModelSignature  # noqa: PLC0415 - see log_predictor
    from mlflow.types.schema import ColSpec, Schema, TensorSpec  # noqa: PLC0415

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("datetime", "pickup_datetime"),
        ColSpec("long", "pickup_zone"),
        ColSpec("long", "dropoff_zone"),
        ColSpec("double", "route_distance", required=False),
    ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("double", name) for name in ("minutes", "lower", "upper")
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def example() -> pd.DataFrame:
    """Return two requests, one with a distance and one without."""
    return pd.DataFrame(
        {
            "pickup_datetime": pd.to_datetime(["2023-04-03 08:30:00", "2023-04-08 23:15:00"]),
            "pickup_zone": [74, 166],
            "dropoff_zone": [236, 41],
            "route_distance": [2.6, float("nan")],
        }
    )


@contextmanager
def _same_path() -> Iterator[None]:
    """Forget where MLflow has found the code of the model, which is a temporary folder."""
    before = sys.path
    try:
        yield
    finally:
        sys.path = before


@contextmanager
def _less_noise() -> Iterator[None]:
    """Silence progress bars, and the line that an example is tried; if it fails, that is logged."""
    logger = logging.getLogger("mlflow.pyfunc")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with without_progress_bar():
            yield
    finally:
        logger.setLevel(before)
