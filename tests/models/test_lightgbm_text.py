"""LightGBM's texts: those that were cut short or altered are refused before LightGBM reads them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tests.models.altered_texts import resized
from tests.models.small_families import LIGHTGBM, NAMES, make_rows
from trip_duration.errors import ModelFileError
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.lightgbm_text import check_text
from trip_duration.params import ModellingParams

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    matrix, minutes = make_rows()
    return LightGBM(LIGHTGBM).fit(matrix, minutes, feature_names=NAMES).to_files()


@pytest.fixture(scope="module")
def text(files: dict[str, bytes]) -> bytes:
    return files["lightgbm.txt"]


@pytest.mark.parametrize("trees", ["grown", "without a split"])
def test_no_altered_text_ends_the_process(
    files: dict[str, bytes], tmp_path: Path, trees: str
) -> None:
    if trees == "without a split":
        matrix, minutes = make_rows()
        grown = LIGHTGBM.model_copy(update={"min_data_in_leaf": 1_000})
        files = LightGBM(grown).fit(matrix, minutes, feature_names=NAMES).to_files()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-m", "tests.models.altered_texts", str(tmp_path)]
    ended = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300
    )
    cases = (tmp_path / "cases.txt").read_text().splitlines()
    assert ended.returncode == 0, f"{cases[-1]}: {ended.returncode}, {ended.stderr}"
    assert len(cases) > 2_000
    counted = json.loads(ended.stdout.splitlines()[-1])
    assert set(counted) == {"refused", "loaded"}
    assert counted["refused"] > 1_000
    assert counted["loaded"] > 50


def test_a_split_of_missing_values_is_read() -> None:
    matrix, _ = make_rows()
    matrix = matrix.copy()
    matrix[:, -1] = 0.0
    matrix[::2, -1] = np.nan
    minutes = np.where(np.isnan(matrix[:, -1]), 1.0, 5.0)
    trained = LightGBM(LIGHTGBM).fit(matrix, minutes, feature_names=NAMES)
    files = trained.to_files()
    assert b"threshold=inf" in files["lightgbm.txt"]
    loaded = LightGBM.from_files(files)
    np.testing.assert_array_equal(loaded.predict(matrix), trained.predict(matrix))
    for infinite in (b"info", b"in", b"infinf", b"--inf"):
        altered = files["lightgbm.txt"].replace(b"threshold=inf", b"threshold=" + infinite)
        with pytest.raises(ModelFileError):
            LightGBM.from_files({**files, "lightgbm.txt": resized(altered)})


def test_what_is_loaded_gives_the_same_bits(files: dict[str, bytes]) -> None:
    matrix, minutes = make_rows()
    fitted = LightGBM(LIGHTGBM).fit(matrix, minutes, feature_names=NAMES)
    loaded = LightGBM.from_files(files)
    assert loaded.predict(matrix).tobytes() == fitted.predict(matrix).tobytes()
    assert loaded.to_files() == files


def change(text: bytes, name: bytes, pattern: bytes, by: bytes) -> bytes:
    """Replace something in the first line of a name, and state the sizes of the trees anew."""
    found = re.search(rb"(?m)^" + name + rb"=.*$", text)
    assert found is not None
    line = re.sub(pattern, by, found[0], count=1)
    assert line != found[0]
    return resized(text[: found.start()] + line + text[found.end() :])


LAST = rb"[^ =]+$"


@pytest.mark.parametrize(
    ("name", "pattern", "by", "says"),
    [
        (
            b"leaf_value",
            LAST,
            b"nan",
            "leaf_value: expected numbers, found something that is no number",
        ),
        (
            b"leaf_value",
            LAST,
            b"inf",
            "leaf_value: expected numbers, found something that is no number",
        ),
        (b"leaf_value", LAST, b"1e999", "leaf_value: expected finite numbers"),
        (b"leaf_value", rb" [^ ]+$", b"", "Tree=0: leaf_value: expected 7, found 6 values"),
        (b"leaf_count", rb"$", b" 1", "Tree=0: leaf_count: expected"),
        (b"num_leaves", LAST, b"99", "Tree=0: .*: expected 9[89], found"),
        (b"num_leaves", LAST, b"0", "Tree=0: num_leaves: expected a number from 1"),
        (b"num_cat", LAST, b"1", "Tree=0: num_cat: expected 0"),
        (b"is_linear", LAST, b"1", "Tree=0: is_linear: expected 0"),
        (b"split_feature", LAST, b"4", "Tree=0: split_feature: expected features, splits or"),
        (b"split_feature", LAST, b"-1", "Tree=0: split_feature: expected features, splits or"),
        (b"decision_type", LAST, b"1", "Tree=0: decision_type: expected features, splits or"),
        (b"left_child", LAST, b"0", "Tree=0: left_child: expected features, splits or"),
        (b"right_child", LAST, b"-9999", "Tree=0: right_child: expected features, splits or"),
        (b"right_child", LAST, b"2147483648", "Tree=0: right_child: expected features"),
        (b"num_class", LAST, b"3", "num_class: expected 1, found '3'"),
        (b"num_tree_per_iteration", LAST, b"2", "num_tree_per_iteration: expected 1"),
        (b"max_feature_idx", LAST, b"2147483647", "max_feature_idx: expected 3"),
        (b"feature_names", rb" [^ ]+$", b"", "feature_names: expected 4, found 3 values"),
        (b"objective", LAST, b"poisson", "objective: expected one of quantile, regression"),
    ],
)
def test_each_number_that_lightgbm_trusts_is_checked(
    text: bytes, name: bytes, pattern: bytes, by: bytes, says: str
) -> None:
    assert check_text(resized(text), 4) == check_text(text, 4)
    with pytest.raises(ModelFileError, match=rf"^lightgbm\.txt: {says}"):
        check_text(change(text, name, pattern, by), 4)


def tree(left: list[int], right: list[int]) -> bytes:
    """Return a text with a single tree of these children."""
    splits = len(left)
    ones = {True: " ".join(["1"] * splits), False: " ".join(["1"] * (splits + 1))}
    arrays = {
        **dict.fromkeys(("split_feature", "decision_type"), " ".join(["0"] * splits)),
        **dict.fromkeys(("split_gain", "threshold"), ones[True]),
        "left_child": " ".join(map(str, left)),
        "right_child": " ".join(map(str, right)),
        **dict.fromkeys(("leaf_value", "leaf_weight", "leaf_count"), ones[False]),
        **dict.fromkeys(("internal_value", "internal_weight", "internal_count"), ones[True]),
    }
    lines = [f"num_leaves={splits + 1}", "num_cat=0", *(f"{k}={v}" for k, v in arrays.items())]
    body = "\n".join(["Tree=0", *lines, "is_linear=0", "shrinkage=1", "", "", ""])
    head = (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=3\n"
        f"objective=regression_l1\nfeature_names={' '.join(NAMES)}\n"
        "feature_infos=[0:1] [0:1] [0:1] [0:1]\n"
        f"tree_sizes={len(body)}\n\n"
    )
    return f"{head}{body}end of trees\n".encode()


def chain(depth: int) -> bytes:
    """Return a tree in which each split leads to a leaf and to the next split."""
    left = [~number for number in range(depth)]
    return tree(left, [*range(1, depth), ~depth])


@pytest.mark.parametrize(
    ("children", "says"),
    [
        (([1, -1], [-2, -2]), "a split or a leaf with no parent or several"),
        (([1, -1, -3], [-2, 2, 1]), "a split or a leaf with no parent or several"),
        # two splits that lead to each other, away from the root
        (([-1, 2, 1], [-2, -3, -4]), "splits in a circle, or too deep"),
    ],
)
def test_trees_that_are_none_are_refused(children: tuple[list[int], list[int]], says: str) -> None:
    assert check_text(tree([1, -1], [-2, -3]), 4)
    with pytest.raises(ModelFileError, match=says):
        check_text(tree(*children), 4)


def test_a_tree_that_is_too_deep_to_be_explained_is_refused(files: dict[str, bytes]) -> None:
    deep = LightGBM.from_files({**files, "lightgbm.txt": chain(1_000)})
    assert np.isfinite(deep.contributions(make_rows()[0][:2])[1]).all()
    with pytest.raises(ModelFileError, match="splits in a circle, or too deep"):
        LightGBM.from_files({**files, "lightgbm.txt": chain(100_000)})


@pytest.mark.parametrize(
    "facts",
    [
        b"",
        b"[]",
        b'{"names": ["a", "b", "c", "d"], "objective": "absolute_error"}',
        b'{"names": ["a", "b", "c", "d"], "objective": "other", "num_threads": 2}',
        b'{"names": ["a", "b", "c", "d"], "objective": "absolute_error", "num_threads": 1000000}',
        b'{"names": [1, 2, 3, 4], "objective": "absolute_error", "num_threads": 2}',
    ],
)
def test_facts_beside_the_text_are_checked(files: dict[str, bytes], facts: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"^lightgbm\.json: ") as caught:
        LightGBM.from_files({**files, "lightgbm.json": facts})
    assert "pydantic" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_as_many_threads_can_be_loaded_as_parameters_allow(files: dict[str, bytes]) -> None:
    def facts(threads: int) -> dict[str, bytes]:
        changed = json.loads(files["lightgbm.json"]) | {"num_threads": threads}
        return {**files, "lightgbm.json": json.dumps(changed).encode()}

    for threads in (1, 1_024):
        modelling = ModellingParams(model_type="lightgbm", num_threads=threads)
        assert modelling.num_threads == threads
        assert LightGBM.from_files(facts(threads)).num_threads == threads
    for threads in (0, 1_025):
        with pytest.raises(ValidationError, match="num_threads"):
            ModellingParams(model_type="lightgbm", num_threads=threads)
        with pytest.raises(ModelFileError, match=r"num_threads: Input should be"):
            LightGBM.from_files(facts(threads))
