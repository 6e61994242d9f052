"""The parts of reproduction: comparing bits, judging runs, choosing an environment."""

from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trip_duration.errors import ReproductionError
from trip_duration.reproduction.environment import (
    Environment,
    install,
    install_command,
    running_environment,
    why_install,
)
from trip_duration.reproduction.frames import Cell, compare_frames
from trip_duration.reproduction.processes import run_program
from trip_duration.reproduction.recorded import Recorded, read_only_run
from trip_duration.reproduction.rerun import recorded_root, refuse_other_data
from trip_duration.reproduction.verdict import judge
from trip_duration.tracking.bits import digest_parts
from trip_duration.tracking.manifest import BundleDigest, Code, RawFile, RawFiles, RunManifest

TRIPS = pd.DataFrame(
    {
        "pickup_datetime": pd.to_datetime(["2023-04-03 08:30:00"] * 4),
        "pickup_zone": np.array([74, 75, 76, 77], np.int16),
        "dropoff_zone": np.array([1, 2, 3, 4], np.int16),
        "request": [10.0, 0.0, float("nan"), 12.5],
        "request_upper": [20.0, 21.0, 22.0, 23.0],
        "split": pd.Categorical(["test"] * 4),
    }
)
OTHER_NAN = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]


def changed(row: int, column: str, value: Any) -> pd.DataFrame:
    frame = TRIPS.copy()
    values = frame[column].to_numpy(copy=True)
    values[row] = value
    return frame.assign(**{column: values})


def test_a_frame_is_identical_to_itself_nan_included() -> None:
    difference = compare_frames(TRIPS, TRIPS.copy())
    assert (difference.form, difference.counts) == ((), {})
    assert (difference.first, difference.compared) == (None, 4)


@pytest.mark.parametrize(
    ("row", "value", "ulps"),
    [
        (0, float(np.nextafter(10.0, 11.0)), 1),
        (0, float(np.nextafter(10.0, 9.0)), 1),
        (1, -0.0, 0),
        (1, 5e-324, 1),
        (1, -5e-324, 1),
        (2, OTHER_NAN, None),
        (2, 1.0, None),
        (3, float("inf"), 0x7FF0000000000000 - 0x4029000000000000),
        (3, -12.5, 2 * 0x4029000000000000),
    ],
)
def test_one_bit_is_a_difference(row: int, value: float, ulps: int | None) -> None:
    difference = compare_frames(TRIPS, changed(row, "request", value))
    assert difference.counts == {"request": 1}
    first = difference.first
    assert first is not None
    assert (first.row, first.column, first.ulps) == (row, "request", ulps)


def test_the_first_difference_is_that_of_the_first_row() -> None:
    now = changed(3, "request", 1.0)
    now["request_upper"] = [20.0, 21.5, 22.5, 23.5]
    difference = compare_frames(TRIPS, now)
    assert difference.counts == {"request": 1, "request_upper": 3}
    assert difference.first == Cell(1, "request_upper", 21.0, 21.5, 1 << 47)


def test_values_that_are_no_floats_differ_without_a_distance() -> None:
    first = compare_frames(TRIPS, changed(2, "pickup_zone", 78)).first
    assert first is not None
    assert (first.expected, first.found, first.ulps) == (76, 78, None)
    other = TRIPS.assign(split=["test", "test", "train", "test"])
    assert compare_frames(TRIPS, other).counts == {"split": 1}


def test_columns_that_are_missing_new_or_of_another_type_are_named() -> None:
    now = TRIPS.drop(columns="request").assign(more=1.0, request_upper=np.float32(1))
    difference = compare_frames(TRIPS, now)
    assert difference.form == (
        "column request is missing now",
        "column more is new",
        "column request_upper was float64, is float32 now",
    )
    assert difference.counts == {}


def test_of_frames_of_other_lengths_the_rows_of_both_are_compared() -> None:
    assert compare_frames(TRIPS, TRIPS[:3]).compared == 3
    assert compare_frames(TRIPS[:0], TRIPS).compared == 0


FILE = "trip-data/green.parquet"
MONTH = RawFile(sha256="aa", rows=5, file=FILE, source=f"/m/{FILE}")
ZONES = RawFile(sha256="bb", rows=None, file="misc/z.csv", source="/m/misc/z.csv")
RAW = RawFiles(digest="cc", months={"2023-01": MONTH}, zones={"z.csv": ZONES})


def recorded(predictions: pd.DataFrame = TRIPS, sha256: str = "p", **changes: Any) -> Recorded:
    manifest = RunManifest(
        code=Code(commit="c", clean=True, changes=None, lock="l"),
        python=platform.python_version(),
        libraries={"numpy": "2.0"},
        machine={"cpu_model": "Abacus 9"},
        threads={"modelling.num_threads": 2},
        env="test",
        pipelines=["__default__"],
        complete=True,
        parameters={"ingestion": {"source_root": "a"}, "modelling": {"seed": 0}},
        seeds={"modelling.seed": 0},
        raw=RAW,
        predictor=BundleDigest(sha256=sha256, files={"lightgbm.txt": sha256}),
        predictions=digest_parts([predictions]),
        kept=digest_parts([predictions]),
    )
    return Recorded(manifest.model_copy(update=changes), predictions)


def test_the_same_run_is_identical_wherever_its_months_came_from() -> None:
    moved = {"ingestion": {"source_root": "b"}, "modelling": {"seed": 0}}
    verdict = judge(recorded(), recorded(parameters=moved))
    assert verdict.identical
    assert verdict.lines[0] == "IDENTICAL to the last bit"
    assert len(verdict.lines) == 3


def test_another_predictor_is_told_with_what_was_not_the_same() -> None:
    now = recorded(
        sha256="q",
        libraries={"numpy": "2.1"},
        machine={"cpu_model": "Abacus 10"},
        parameters={"ingestion": {"source_root": "a"}, "modelling": {"seed": 1}},
    )
    assert judge(recorded(), now).lines == (
        "DIFFERENT",
        "predictor: sha256 p recorded, q now; files that differ: lightgbm.txt",
        "note: processor was Abacus 9, is Abacus 10 now",
        "note: numpy was 2.0, is 2.1 now",
        "note: other parameters: modelling.seed",
    )


def test_a_difference_beyond_the_kept_rows_is_told_by_its_column() -> None:
    now = recorded(predictions=changed(1, "request", 3.0))
    verdict = judge(recorded(), replace(now, predictions=TRIPS))
    assert not verdict.identical
    assert verdict.lines == ("DIFFERENT", "predictions: by their digests, request differ")


def test_other_numbers_of_rows_are_told() -> None:
    lines = judge(recorded(), recorded(predictions=TRIPS[:3])).lines
    assert "predictions: 4 rows recorded, 3 now" in lines


def test_without_kept_rows_digests_are_compared() -> None:
    alone = replace(recorded(), predictions=None)
    assert judge(alone, recorded()).identical
    assert not judge(alone, recorded(predictions=changed(0, "request", 1.0))).identical


def test_months_are_held_against_their_checksums() -> None:
    months = {"2023-01": {"sha256": "aa", "rows": 5, "source": "x"}}
    zones = {"z.csv": {"sha256": "bb", "rows": None, "source": "y"}}
    refuse_other_data(RAW, {"months": months, "zones": zones})
    zones["z.csv"]["sha256"] = "dd"
    with pytest.raises(ReproductionError) as caught:
        refuse_other_data(RAW, {"months": {}, "zones": zones})
    lines = str(caught.value).splitlines()
    assert "- 2023-01: trip-data/green.parquet is missing" in lines
    assert "- z.csv: y has sha256 dd (no rows), the run had bb (no rows)" in lines


def test_the_place_of_months_is_that_of_their_files() -> None:
    assert recorded_root(RAW) == "/m"
    generated = MONTH.model_copy(update={"source": "synthetic"})
    city = RAW.model_copy(update={"months": {"2023-01": generated}})
    assert recorded_root(city) == "synthetic"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project whose installation takes no time."""
    (tmp_path / "requirements.lock").write_text("numpy==2.0\n")
    (tmp_path / "Makefile").write_text(
        "install:\n\tmkdir -p $(VENV)/bin\n\tln -s $(PYTHON) $(VENV)/bin/python\n"
    )
    return tmp_path


def test_the_running_environment_will_do_if_python_lock_and_libraries_agree(tree: Path) -> None:
    manifest = recorded().manifest
    running = running_environment(tree)
    running = replace(running, libraries={"numpy": "2.0", "scipy": "1"})
    assert why_install(manifest, tree, running) is None
    other = Environment("3.99.1", running.lock, running.libraries)
    assert "this is 3.99.1" in str(why_install(manifest, tree, other))
    assert "the lock" in str(why_install(manifest, tree, replace(running, lock="other")))
    older = replace(running, libraries={"numpy": "1.26"})
    assert "numpy 2.0" in str(why_install(manifest, tree, older))


def test_another_environment_is_installed_by_the_projects_own_command(tree: Path) -> None:
    manifest = recorded().manifest
    command = install_command(manifest.python)
    assert command == ["make", "install", f"PYTHON={sys.executable}", "VENV=.venv"]
    python = install(manifest, tree)
    assert python == tree / ".venv/bin/python"
    assert subprocess.run([python, "-c", ""], check=True).returncode == 0


def test_a_python_that_is_not_there_is_asked_for() -> None:
    with pytest.raises(ReproductionError, match=r"install Python 3\.99 first"):
        install_command("3.99.1")


def test_a_program_that_fails_or_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReproductionError, match="ended with code 3"):
        run_program([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
    with pytest.raises(ReproductionError, match="nowhere cannot be run"):
        run_program([str(tmp_path / "nowhere")], tmp_path)


def test_reading_a_run_draws_no_bars(finished_run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    uri = f"sqlite:///{finished_run}/data/mlflow.db"
    assert read_only_run(uri).manifest.complete
    assert "Downloading" not in capfd.readouterr().err
