"""The logged model in processes that know nothing of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from tests.benchmarks.servers import run_server
from tests.machine import free_port

from trip_duration.models import Predictor
from trip_duration.tracking.model import requirements

ENDS = ["minutes", "lower", "upper"]
# what training and the console need, and predicting must not
NOT_NEEDED = (
    "aiohttp",
    "geopandas",
    "holidays",
    "kedro",
    "kedro_datasets",
    "kedro_mlflow",
    "mapie",
    "optuna",
    "pandera",
    "plotly",
    "tenacity",
)
ALONE = f"""
import json, sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {NOT_NEEDED}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(pandas.read_parquet(sys.argv[2]))
import trip_duration.registry
print(json.dumps([trip_duration.__file__, answer.to_dict("list")]))
"""


@pytest.fixture
def model(tracked: Run, finished_run: Path, use_tracking: Any, tmp_path: Path) -> Path:
    """A copy of the logged model, far from the project and from MLflow's database."""
    (output,) = tracked.outputs.model_outputs
    with use_tracking(f"sqlite:///{finished_run}/data/mlflow.db"):
        found = mlflow.artifacts.download_artifacts(f"models:/{output.model_id}")
    return Path(shutil.copytree(found, tmp_path / "model"))


@pytest.fixture
def predictor(finished_run: Path) -> Predictor:
    return Predictor.load(finished_run / "data/06_models/predictor")


@pytest.fixture
def requests(finished_run: Path) -> pd.DataFrame:
    trips = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet").head(200)
    named = trips.rename(columns={"trip_distance": "route_distance"})
    wanted = ["pickup_datetime", "pickup_zone", "dropoff_zone", "route_distance"]
    asked = named[wanted].reset_index(drop=True)
    # every other one without its distance
    asked["route_distance"] = asked["route_distance"].where(asked.index % 2 == 0)
    return asked


def bare_environment() -> dict[str, str]:
    # the package may be installed, but nothing else points to it
    return {
        **{k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "MLFLOW_TRACKING_URI"}},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def test_the_model_brings_its_code_and_no_pickle(model: Path) -> None:
    names = [path.name for path in model.rglob("*")]
    assert not [n for n in names if n.endswith((".pkl", ".pickle", ".joblib", ".pyc", ".pt"))]
    assert (model / "code/trip_duration/models/predictor.py").is_file()
    described = (model / "MLmodel").read_text()
    assert "loader_module: mlflow.pyfunc.loaders.code_model" in described
    assert "python_model:" not in described  # the key of a pickled one
    for path in (path for path in model.rglob("*") if path.is_file()):
        assert path.read_bytes()[:1] != b"\x80", path  # how pickles begin


def test_the_requirements_are_on_the_public_index_and_pinned(model: Path) -> None:
    listed = (model / "requirements.txt").read_text().splitlines()
    assert listed == requirements()
    assert all("==" in line for line in listed)
    names = {line.partition("==")[0] for line in listed}
    assert {"xgboost-cpu", "xgboost", "skops", "lightgbm"} <= names
    assert "trip-duration" not in names


def test_the_model_needs_nothing_of_the_project(
    model: Path, predictor: Predictor, requests: pd.DataFrame, tmp_path: Path
) -> None:
    requests.to_parquet(tmp_path / "requests.parquet")
    command = [sys.executable, "-c", ALONE, str(model), str(tmp_path / "requests.parquet")]
    done = subprocess.run(
        command, env=bare_environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    place, answer = json.loads(done.stdout.splitlines()[-1])
    assert Path(place).is_relative_to(model)
    for name, expected in predictor.predict(requests)._asdict().items():
        np.testing.assert_array_equal(np.array(answer[name]), expected)


@pytest.fixture
def served(model: Path, tmp_path: Path) -> Iterator[str]:
    """The address of `mlflow models serve`."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(model)]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    # the package may be installed, but nothing else points to it
    bare = {"PATH": bare_environment()["PATH"], "PYTHONPATH": ""}
    with run_server(command, tmp_path, f"http://127.0.0.1:{port}/ping", **bare):
        yield f"http://127.0.0.1:{port}/invocations"


def ask(address: str, content: str) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 - of this machine
        address, content.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_mlflow_serves_the_same_numbers(
    served: str, predictor: Predictor, requests: pd.DataFrame
) -> None:
    table = json.loads(requests.to_json(orient="split", date_format="iso", double_precision=15))
    # JSON of pandas cuts the last digits
    table["data"] = [
        [time, pickup, dropoff, None if np.isnan(miles) else miles]
        for (time, pickup, dropoff, _), miles in zip(
            table["data"], requests["route_distance"].tolist(), strict=True
        )
    ]
    status, answer = ask(served, json.dumps({"dataframe_split": table}))
    assert status == 200, answer
    expected = predictor.predict(requests)._asdict()
    for name in ENDS:
        found = [row[name] for row in answer["predictions"]]
        np.testing.assert_array_equal(np.array(found), expected[name])

    wrong = {"columns": ["pickup_zone"], "index": [0], "data": [[74]]}
    status, answer = ask(served, json.dumps({"dataframe_split": wrong}))
    assert status == 400
    assert "pickup_datetime" in json.dumps(answer)
