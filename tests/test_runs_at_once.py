"""Runs on one data folder at once: one writes, the others are refused by name or wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.runner import SequentialRunner

from trip_duration.errors import BusyError
from trip_duration.storage import hold_lock

LOCK = ".run.lock"
KEDRO = [sys.executable, "-m", "kedro", "run", "--env", "test", "--pipelines"]


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*KEDRO, *arguments], cwd=project, **pipes)


def test_two_first_runs_at_once_end_well_or_say_why_not(new_project: Callable[[], Path]) -> None:
    # MLflow makes its database when a run begins, in many steps
    project = new_project()
    runs = [start(project, "ingestion") for _ in range(3)]
    outputs = [" ".join(run.communicate(timeout=300)[0].split()) for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes
    for code, output in zip(codes, outputs, strict=True):
        assert "Traceback" not in output
        assert code == 0 or f"Error: the data folder {project / 'data'} is in use by" in output
    assert (project / "data/01_raw/manifest.json").is_file()
    assert list((project / "data").glob(".*")) == []


def test_a_second_run_is_refused_by_name_and_the_first_goes_on(
    new_project: Callable[[], Path],
) -> None:
    project = new_project()
    first = start(project, "ingestion,data_processing")
    end = time.monotonic() + 300
    lock = project / "data" / LOCK
    while not (lock.exists() and lock.read_bytes()):
        assert first.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGSTOP)
    second = start(project, "ingestion")
    said = " ".join(second.communicate(timeout=300)[0].split())
    os.kill(first.pid, signal.SIGCONT)
    assert second.returncode == 1
    assert f"is in use by process {first.pid} on " in said
    assert "(kedro run --pipelines data_processing,ingestion). Wait until it ends, or set " in said
    assert "Traceback" not in said
    first.communicate(timeout=300)
    assert first.returncode == 0


def test_a_lock_that_another_process_holds_stops_all_but_bulk_prediction(
    with_data: Callable[[], Path], run_kedro: Any, tmp_path: Path
) -> None:
    project = with_data()
    trips = pd.read_parquet(project / "data/07_model_output/predictions.parquet").head(5)
    columns = ["pickup_datetime", "pickup_zone", "dropoff_zone"]
    trips[columns].to_parquet(tmp_path / "requests.parquet")
    places = {name: str(tmp_path / f"{name}.parquet") for name in ("requests", "answers")}
    asked = {"input": places["requests"], "output": places["answers"]}
    with hold_lock(project / "data" / LOCK, "the folder", "a test"):
        for names in (None, ["ingestion"], ["promotion", "inference"]):
            with pytest.raises(BusyError, match=r"\(a test\)\. Wait until it ends, or set TRIP"):
                run_kedro(project, pipeline_names=names)
        run_kedro(project, asked, pipeline_names=["inference"])
    assert len(pd.read_parquet(tmp_path / "answers.parquet")) == 5


class Interrupted(SequentialRunner):  # type: ignore[misc]
    def _run(self, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt


class Failing(SequentialRunner):  # type: ignore[misc]
    def _run(self, *_: Any, **__: Any) -> None:
        raise ValueError("a node")


def test_the_lock_is_free_after_any_end_of_a_run(
    new_project: Callable[[], Path], run_kedro: Any
) -> None:
    project = new_project()
    lock = project / "data" / LOCK
    with pytest.raises(ValueError, match="a node"):
        run_kedro(project, pipeline_names=["ingestion"], runner=Failing())
    assert not lock.exists()
    with pytest.raises(KeyboardInterrupt):
        run_kedro(project, pipeline_names=["ingestion"], runner=Interrupted())
    run_kedro(project, pipeline_names=["ingestion"])
    assert not lock.exists()
