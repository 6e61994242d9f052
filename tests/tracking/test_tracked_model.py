"""The predictor as MLflow has it."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from trip_duration.models import Predictor
from trip_duration.registry import CHALLENGER, Registry
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.tracking.model import example, log_predictor


@pytest.fixture(params=["logged", "registered", "promoted"])
def logged_model(
    request: pytest.FixtureRequest,
    tracked: Run,
    finished_run: Path,
    tmp_path: Path,
    use_tracking: Any,
) -> Iterator[str]:
    (output,) = tracked.outputs.model_outputs
    addresses = {
        "logged": f"models:/{output.model_id}",
        "registered": "models:/trip-duration@challenger",
        "promoted": "models:/trip-duration@champion",
    }
    shutil.copy(finished_run / "data/mlflow.db", tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with use_tracking(uri):
        if request.param == "promoted":
            keeper = Keeper(Registry(uri), Ledger(f"sqlite:///{tmp_path}/service.db"), "tester")
            keeper.promote(CHALLENGER, {}, reason="to be loaded by its alias", force=True)
        yield addresses[request.param]


@pytest.fixture
def empty_experiment(
    finished_run: Path, tmp_path: Path, use_tracking: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An experiment whose runs write nothing into the working directory, which is empty."""
    here, database = tmp_path / "here", tmp_path / "mlflow.db"
    here.mkdir()
    monkeypatch.chdir(here)
    shutil.copy(finished_run / "data/mlflow.db", database)
    with use_tracking(f"sqlite:///{database}"):
        location = (tmp_path / "artifacts").as_uri()
        yield mlflow.create_experiment("model-only", artifact_location=location)
    assert not list(here.iterdir())


def test_the_model_predicts_what_the_predictor_does(logged_model: str, finished_run: Path) -> None:
    predictor = Predictor.load(finished_run / "data/06_models/predictor")
    trips = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet")
    requests = trips.rename(columns={"trip_distance": "route_distance"})
    model = mlflow.pyfunc.load_model(logged_model)
    for columns in (["route_distance"], []):
        asked = requests[["pickup_datetime", "pickup_zone", "dropoff_zone", *columns]]
        answer = model.predict(asked)
        for name, expected in predictor.predict(asked)._asdict().items():
            np.testing.assert_array_equal(answer[name].to_numpy(), expected)


def test_the_model_has_a_contract_an_example_and_no_pickle(logged_model: str) -> None:
    model = mlflow.models.get_model_info(logged_model)
    inputs = {column.name: column for column in model.signature.inputs}
    optional = [name for name, column in inputs.items() if not column.required]
    assert list(inputs) == ["pickup_datetime", "pickup_zone", "dropoff_zone", "route_distance"]
    assert optional == ["route_distance"]
    assert model.signature.outputs.input_names() == ["minutes", "lower", "upper"]
    files = {
        path.name for path in Path(mlflow.artifacts.download_artifacts(logged_model)).rglob("*")
    }
    assert {"input_example.json", "served_model.py", "manifest.json"} <= files
    assert "zone_outlines.geojson" in files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_the_outlines_lie_beside_the_predictor(logged_model: str, finished_run: Path) -> None:
    folder = Path(mlflow.artifacts.download_artifacts(logged_model)) / "artifacts"
    made = finished_run / "data/02_intermediate/zone_outlines.geojson"
    assert (folder / "zone_outlines.geojson").read_bytes() == made.read_bytes()
    # the predictor is what it was: no file more, the same hash
    sha256 = Predictor.load(finished_run / "data/06_models/predictor").sha256
    assert Predictor.load(folder / "predictor").sha256 == sha256


def test_logging_the_model_gives_no_warning(
    finished_run: Path, empty_experiment: str, capfd: pytest.CaptureFixture[str]
) -> None:
    predictor = Predictor.load(finished_run / "data/06_models/predictor")
    capfd.readouterr()
    with (
        warnings.catch_warnings(record=True) as seen,
        mlflow.start_run(experiment_id=empty_experiment),
    ):
        warnings.simplefilter("always")
        log_predictor(predictor)
    of_the_model = [str(warning.message) for warning in seen if "type hint" in str(warning.message)]
    assert of_the_model == []
    assert not [warning for warning in seen if "mlflow/pyfunc" in warning.filename]
    assert "WARNING" not in capfd.readouterr().err


def test_logging_the_model_starts_no_python_to_guess_requirements(
    finished_run: Path, empty_experiment: str
) -> None:
    started: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "subprocess.Popen":
            started.append(str(arguments[0]))

    sys.addaudithook(watch)
    path = [*sys.path]
    with mlflow.start_run(experiment_id=empty_experiment):
        info = log_predictor(Predictor.load(finished_run / "data/06_models/predictor"))
    watching.clear()
    assert sys.path == path
    assert not [program for program in started if "python" in program]
    assert mlflow.pyfunc.load_model(info.model_uri).predict(example()).shape == (2, 3)
