"""The pipeline inference: Kedro's commands, real files, a real kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.io.core import DatasetError
from kedro.runner import SequentialRunner

from trip_duration.inference import Batch, Requested
from trip_duration.models import Predictor
from trip_duration.params import InferenceParams
from trip_duration.pipelines.inference import create_pipeline
from trip_duration.terminal.error_block import describe

RunKedro = Callable[..., dict[str, Any]]


@pytest.fixture
def requests(finished_run: Path, tmp_path: Path) -> Path:
    """A thousand requests, without distances."""
    trips = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet")
    columns = ["pickup_datetime", "pickup_zone", "dropoff_zone"]
    trips[columns].head(1_000).to_parquet(tmp_path / "requests.parquet")
    return tmp_path / "requests.parquet"


def numbers(answers: Path) -> np.ndarray:
    return pd.read_parquet(answers)[["minutes", "lower", "upper"]].to_numpy()


def expected(project: Path, requests: Path) -> np.ndarray:
    predictor = Predictor.load(project / "data/06_models/predictor")
    return np.column_stack(predictor.predict(pd.read_parquet(requests)))


def wait_for(happened: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    """Wait for what a running process does."""
    end = time.monotonic() + 300
    while not happened():
        assert running.poll() is None, "it has ended"
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_the_node_says_what_is_to_be_answered() -> None:
    requested = Requested((Path("a.csv"),), folder=False)
    catalog = DataCatalog(
        {
            "batch_requests": MemoryDataset(requested),
            "batch_predictor": MemoryDataset("a predictor", copy_mode="assign"),
            "params:inference": MemoryDataset(InferenceParams(chunk_rows=7)),
            "batch_answers": MemoryDataset(copy_mode="assign"),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    assert catalog.load("batch_answers") == Batch(requested, "a predictor", 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", [None, "challenger", 1, "models:/trip-duration@challenger"])
def test_a_run_answers_with_any_model(
    finished_run: Path, run_kedro: RunKedro, requests: Path, tmp_path: Path, model: Any
) -> None:
    params = {"input": str(requests), "output": str(tmp_path / "answers.parquet")}
    chosen = {} if model is None else {"model": model}
    run_kedro(finished_run, {**params, **chosen}, pipeline_names=["inference"])
    found = numbers(tmp_path / "answers.parquet")
    assert found.tobytes() == expected(finished_run, requests).tobytes()


def test_what_is_refused_has_no_traceback(
    finished_run: Path, run_kedro: RunKedro, requests: Path, tmp_path: Path
) -> None:
    good = {"input": str(requests), "output": str(tmp_path / "answers.parquet")}
    for wrong, says in [
        ({"input": "nowhere.csv"}, r"nowhere\.csv is not there"),
        ({"output": str(tmp_path / "answers.doc")}, r"answers\.doc cannot hold the answers"),
        ({"input": None}, "input is empty"),
        ({"output": None}, "output is empty"),
        ({"model": "nobody"}, "trip-duration has no version 'nobody'"),
    ]:
        with pytest.raises(DatasetError) as caught:
            run_kedro(finished_run, {**good, **wrong}, pipeline_names=["inference"])
        message = describe(caught.value)
        assert message is not None
        assert re.match(f".*{says}", message)
        assert "batch_" not in message


def test_a_run_that_is_killed_is_continued(
    with_data: Callable[[], Path], requests: Path, tmp_path: Path
) -> None:
    project = with_data()
    asked = f"input={requests},output={tmp_path / 'answers.parquet'},inference.chunk_rows=1"
    command = [sys.executable, "-m", "kedro", "run", "--env", "test", "--pipelines", "inference"]
    command += ["--params", asked]
    parts = tmp_path / ".answers.parquet.parts"
    running = subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(list(parts.glob("*.answered.arrow"))) >= 20, running)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "answers.parquet").exists()
    done = len(list(parts.glob("*.answered.arrow")))
    assert 20 <= done < 1_000
    # a part that was made before is taken as it is: here it says that a trip takes a day
    first = sorted(parts.glob("*.answered.arrow"))[0]
    with pa.OSFile(str(first), "rb") as file:
        table = pa.ipc.open_file(file).read_all()
    day = table.set_column(table.column_names.index("minutes"), "minutes", pa.array([1440.0]))
    with pa.ipc.new_file(str(first), day.schema) as writer:
        writer.write_table(day)

    finished = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert not parts.exists()
    found = numbers(tmp_path / "answers.parquet")
    assert found[0, 0] == 1440.0
    assert found[1:].tobytes() == expected(project, requests)[1:].tobytes()


def test_two_commands_into_one_output_do_not_mix(
    with_data: Callable[[], Path], requests: Path, tmp_path: Path
) -> None:
    project, other = with_data(), tmp_path / "other.parquet"
    pd.read_parquet(requests).head(10).to_parquet(other)
    command = [sys.executable, "-m", "kedro", "run", "--env", "test", "--pipelines", "inference"]
    output = f"output={tmp_path / 'answers.parquet'}"
    slow = ["--params", f"input={requests},{output},inference.chunk_rows=1"]
    first = subprocess.Popen(
        [*command, *slow], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for((tmp_path / ".answers.parquet.parts").exists, first)
    os.kill(first.pid, signal.SIGSTOP)  # so that it is not done before the second has begun
    second = subprocess.run(
        [*command, "--params", f"input={other},{output}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    os.kill(first.pid, signal.SIGCONT)
    assert second.returncode == 1
    assert f"answers.parquet is in use by process {first.pid} on " in " ".join(
        second.stderr.split()
    )
    assert "Traceback" not in second.stderr + second.stdout
    assert first.wait(timeout=120) == 0
    found = numbers(tmp_path / "answers.parquet")
    assert found.tobytes() == expected(project, requests).tobytes()
