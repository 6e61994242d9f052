"""Models that are sealed and yet not to be trusted: none of them stops the service."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.features import small_city
from tests.models.small_families import XGBOOST
from tests.models.test_predictor import train
from tests.serving.entries import ids, sqlite_at
from tests.serving.running import REQUEST, Server, serve, wait_for
from tests.serving.test_model_swap import events, figure, name, point
from trip_duration.bundle import Bundle, write_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.lookup import LookupTable
from trip_duration.models.xgboost import XGBoost
from trip_duration.serving.model import load_served

QUIET = ("--no-auth", "--no-log")
Change = Callable[[dict[str, bytes]], Any]


def seal(model: Path, folder: Path, change: Change) -> Path:
    """Write a model with altered files and a manifest that fits them, as an attacker would."""
    bundle = Predictor.load(model).to_bundle()
    files = dict(bundle.files)
    change(files)
    write_bundle(Bundle(bundle.kind, bundle.facts, files), folder)
    return folder


def cut(name: str) -> Change:
    return lambda files: files.update({name: files[name][: len(files[name]) // 2]})


def with_leaf(name: str, value: bytes) -> Change:
    """Replace the first leaf by a value of the same length, so that all sizes still fit."""

    def change(files: dict[str, bytes]) -> None:
        before, mark, after = files[name].partition(b"leaf_value=")
        leaf, space, rest = after.partition(b" ")
        files[name] = before + mark + value.ljust(len(leaf), b"0") + space + rest

    return change


def with_shifts(value: float, kind: int) -> Change:
    """Set the shifts of the intervals of requests without a distance (0) or with one (1)."""

    def change(files: dict[str, bytes]) -> None:
        arrays = dict(np.load(io.BytesIO(files["intervals.npz"])))
        arrays["shifts"][kind] = value
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        files["intervals.npz"] = buffer.getvalue()

    return change


HOSTILE: dict[str, tuple[Change, str]] = {
    "cut trees": (cut("lightgbm.txt"), "lightgbm.txt: "),
    "cut lower quantile": (cut("lower_lightgbm.txt"), "lower_lightgbm.txt: "),
    "cut upper quantile": (cut("upper_lightgbm.txt"), "upper_lightgbm.txt: "),
    "infinite leaf": (with_leaf("lightgbm.txt", b"1e999"), "leaf_value: expected finite numbers"),
    "leaf that is none": (with_leaf("lower_lightgbm.txt", b"nan"), "lower_lightgbm.txt: leaf_val"),
    "infinite shift": (with_shifts(np.inf, 0), "intervals.npz: expected numbers"),
    "shift that is none": (with_shifts(np.nan, 1), "intervals.npz: expected numbers"),
    "cut calibration": (cut("intervals.npz"), "do not make up a predictor"),
    "cut features": (cut("features.npz"), "do not make up a predictor"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_sealed_model_that_is_none_is_refused_by_name(
    models: Path, tmp_path: Path, kind: str
) -> None:
    change, says = HOSTILE[kind]
    folder = seal(models / "first", tmp_path / "hostile", change)
    for load in (load_served, Predictor.load):
        with pytest.raises(ModelFileError) as caught:
            load(folder)
        assert str(caught.value).startswith(f"{folder}: ")
        assert says in str(caught.value)


def test_files_of_two_predictors_are_refused(models: Path, tmp_path: Path) -> None:
    predictor = Predictor.load(models / "first")
    small = LookupTable().fit([[1, 2], [3, 4]], [1, 2], feature_names=["hour", "pickup_zone"])
    replace(predictor, estimator=small).save(tmp_path / "mixed")
    trained = "the lookup estimator was trained on hour, pickup_zone. The files do not belong"
    with pytest.raises(ModelFileError, match=trained):
        load_served(tmp_path / "mixed")


@pytest.fixture(scope="module")
def xgboost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a family whose files nobody but its library checks."""
    trips = small_city.make_trips(200)
    transformer = FeatureTransformer(small_city.make_zones()).fit(trips, trips["duration_minutes"])
    folder = tmp_path_factory.mktemp("xgboost") / "model"
    train(transformer, trips, XGBoost(XGBOOST)).save(folder)
    return folder


def test_a_library_that_crashes_on_a_model_ends_a_process_of_its_own(
    xgboost: Path, models: Path, tmp_path: Path
) -> None:
    served = load_served(xgboost)
    assert served.predictor.family == "xgboost"
    # XGBoost ends the process that reads nothing
    hostile = seal(xgboost, tmp_path / "hostile", lambda files: files.update({"xgboost.ubj": b""}))
    with pytest.raises(ModelFileError, match="loads it on trial ends with SIG"):
        load_served(hostile)
    half = seal(xgboost, tmp_path / "half", cut("xgboost.ubj"))
    with pytest.raises(ModelFileError, match=f"^{half}: the files do not make up a predictor"):
        load_served(half)
    link = tmp_path / "model"
    link.symlink_to(models / "first")
    with serve(tmp_path, "--model", str(link), *QUIET) as server:
        before = name(server)
        point(link, hostile)
        wait_for(lambda: events(server, "refused") == 1)
        assert name(server) == before
        point(link, xgboost)
        wait_for(lambda: name(server)["sha256"] == served.sha256)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_cut_trees_end_no_process(models: Path, tmp_path: Path, workers: str) -> None:
    hostile = seal(models / "first", tmp_path / "hostile", cut("lightgbm.txt"))
    link = tmp_path / "model"
    link.symlink_to(models / "first")
    with serve(tmp_path, "--model", str(link), *QUIET, "--workers", workers) as server:
        before, processes = name(server), server.workers()
        point(link, hostile)
        wait_for(lambda: events(server, "refused") == int(workers))
        assert name(server) == before
        assert server.workers() == processes
        point(link, models / "second")
        wait_for(lambda: events(server, "loaded") == 2 * int(workers))
        assert server.workers() == processes
    assert "another takes its place" not in server.output.read_text()


@pytest.fixture
def partly(models: Path, tmp_path: Path) -> Path:
    """A lookup table that has no number for one pair of zones, which is not that of the trial."""
    # with its files it would be saved as it was read
    predictor = Predictor.load(models / "baseline").without_files()
    names = predictor.transformer.selected_
    table = predictor.estimator
    assert isinstance(table, LookupTable)
    zones = [{1: 1, 2: 2, 5: 3}[zone] for zone in (5, 5)]
    matrix = np.zeros((1, len(names)), np.float32)
    for column, code in zip(("pickup_zone", "dropoff_zone"), zones, strict=True):
        matrix[0, names.index(column)] = code
    for depth, (keys, medians) in enumerate(
        zip(table.keys_[::-1], table.medians_[::-1], strict=True), start=1
    ):
        if depth > 1:
            first = table._key(matrix, 2)[0]
            pair = keys if depth == 2 else keys // 4096
            medians[pair == first] = np.nan
    predictor.save(tmp_path / "partly")
    return tmp_path / "partly"


ODD = {**REQUEST, "pickup_zone": 5, "dropoff_zone": 5}


def test_an_answer_that_is_no_number_is_a_problem_and_nothing_else(
    partly: Path, tmp_path: Path
) -> None:
    log = sqlite_at(tmp_path)
    with serve(tmp_path, "--model", str(partly), "--no-auth", log_url=log) as server:
        with server.client() as client:
            batch = {"records": [REQUEST, ODD]}
            for path, body in (("predict", ODD), ("explain", ODD), ("predict/batch", batch)):
                said = client.post(f"/v1/{path}", json=body)
                assert said.status_code == 500
                assert said.headers["content-type"] == "application/problem+json"
                assert "no finite number" in said.json()["detail"]
                assert "NaN" not in said.text
            good = [client.post("/v1/predict", json=REQUEST) for _ in range(3)]
        assert {answer.status_code for answer in good} == {200}
        assert figure(server, "predictions_total") == 3
        assert figure(server, 'errors_total{kind="internal"}') == 3
        assert server.end() == 0
    assert set(ids(log)) == {answer.json()["prediction_id"] for answer in good}


def test_who_asks_beside_it_is_answered(partly: Path, tmp_path: Path) -> None:
    async def ask(server: Server) -> list[int]:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
            bodies = [ODD if number % 3 == 0 else REQUEST for number in range(60)]
            said = await asyncio.gather(*(client.post("/v1/predict", json=b) for b in bodies))
        return [answer.status_code for answer in said]

    with serve(tmp_path, "--model", str(partly), *QUIET) as server:
        statuses = asyncio.run(ask(server))
    assert statuses == [500 if number % 3 == 0 else 200 for number in range(60)]


def test_interval_widths_stay_finite(models: Path, tmp_path: Path) -> None:
    """The trial sees both kinds of request, so that an interval without ends is never served."""
    hostile = seal(models / "first", tmp_path / "hostile", with_shifts(5e300, 1))
    predictor = Predictor.load(hostile)
    assert not np.isfinite(predictor.predict(_arrays()).upper).all()
    with pytest.raises(ModelFileError, match="expected finite numbers of minutes above 0, found"):
        load_served(hostile)


def _arrays() -> dict[str, Any]:
    kinds = {"pickup_datetime": "datetime64[us]", "route_distance": float}
    return {name: np.array([value], kinds.get(name, int)) for name, value in REQUEST.items()}
