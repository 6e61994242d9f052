"""Trees of LightGBM in blocks: the sums of ``Booster.predict`` to the bit."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from trip_duration.models.leaves import TreeBlocks
from trip_duration.models.lightgbm import LightGBM
from trip_duration.params import LightGBMParams, Objective


def rows(count: int) -> np.ndarray:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(count, 6)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.mark.parametrize("objective", ["absolute_error", "squared_error"])
@pytest.mark.parametrize("trees", [1, 64, 65, 150])
def test_the_sums_are_lightgbms_own(objective: Objective, trees: int) -> None:
    matrix = rows(9_000)
    minutes = np.nan_to_num(matrix[:, 0]) * 7 + np.nan_to_num(matrix[:, 1]) ** 2
    settings = LightGBMParams(num_trees=trees, num_leaves=15)
    model = LightGBM(settings, objective).fit(matrix, minutes)
    expected = model.booster_.predict(matrix)
    found = TreeBlocks(model.booster_).predict(matrix, 2)
    assert found.tobytes() == expected.tobytes()
    assert model.predict(matrix).tobytes() == expected.tobytes()


def test_a_model_fitted_again_has_its_new_leaves() -> None:
    matrix = rows(5_000)
    model = LightGBM(LightGBMParams(num_trees=130, num_leaves=4))
    for factor in (1.0, 3.0):
        model.fit(matrix, np.nan_to_num(matrix[:, 0]) * factor)
        assert model.predict(matrix).tobytes() == model.booster_.predict(matrix).tobytes()


def test_trees_of_one_leaf_are_added_too() -> None:
    matrix = rows(5_000)
    model = LightGBM(LightGBMParams(num_trees=130)).fit(matrix, np.full(5_000, 7.25))
    assert model.predict(matrix).tobytes() == model.booster_.predict(matrix).tobytes()


def test_one_row_is_answered_alike_while_many_are_on_their_way() -> None:
    matrix = rows(20_000)
    minutes = np.nan_to_num(matrix[:, 0]) * 7 + 20
    model = LightGBM(LightGBMParams(num_trees=300, num_leaves=15)).fit(matrix, minutes)
    one, many = matrix[:1], model.booster_.predict(matrix).tobytes()
    alone = model.predict(one).tobytes()
    with ThreadPoolExecutor(2) as others:
        under_way = [others.submit(model.predict, matrix) for _ in range(6)]
        meanwhile = set()
        while not all(task.done() for task in under_way):
            meanwhile.add(model.predict(one).tobytes())
    assert meanwhile == {alone}
    assert {task.result().tobytes() for task in under_way} == {many}


def test_several_threads_ask_for_few_rows_and_for_many_at_once() -> None:
    matrix = rows(9_000)
    minutes = np.nan_to_num(matrix[:, 0]) * 7 + 20
    model = LightGBM(LightGBMParams(num_trees=300, num_leaves=15)).fit(matrix, minutes)
    sizes = [1, 2, 3, 16, 17, 700, 9_000]
    alone = {size: model.booster_.predict(matrix[:size]).tobytes() for size in sizes}
    until = time.monotonic() + 2

    def ask(size: int) -> set[bytes]:
        found = set()
        while time.monotonic() < until:
            found.add(model.predict(matrix[:size]).tobytes())
        return found

    with ThreadPoolExecutor(len(sizes)) as threads:
        assert dict(zip(sizes, threads.map(ask, sizes), strict=True)) == {
            size: {bits} for size, bits in alone.items()
        }
