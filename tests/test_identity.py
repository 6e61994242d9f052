"""Digests tell apart what is different, and nothing else."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

import trip_duration
from trip_duration.evaluation import identity as evaluation_identity
from trip_duration.identity import digest_of_code, digest_of_frame, digest_of_json, versions
from trip_duration.models.tuning import identity as tuning_identity

PACKAGE = Path(trip_duration.__file__).parent
# what features and models import, and no number of theirs depends on: how files are written and
# verified, errors, the progress bar
NO_NUMBERS = {"bundle.py", "errors.py", "progress.py"}
FRAME = pd.DataFrame({"zone": [1, 2], "x": [0.5, 1.5]})


def test_json_is_the_same_whatever_the_order_of_its_keys() -> None:
    assert digest_of_json({"a": 1, "b": [2]}) == digest_of_json({"b": [2], "a": 1})
    assert digest_of_json({"a": 1}) != digest_of_json({"a": 2})
    assert len(digest_of_json({})) == 64


def test_a_frame_is_its_names_types_and_rows() -> None:
    usual = digest_of_frame(FRAME)
    assert digest_of_frame(FRAME.set_axis([7, 8])) == usual
    others = [
        FRAME.iloc[::-1],
        FRAME.rename(columns={"x": "y"}),
        FRAME.astype({"zone": "int32"}),
        FRAME.assign(x=[0.5, 1.25]),
    ]
    assert len({usual, *map(digest_of_frame, others)}) == 5


def test_code_is_where_modules_are_and_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "room" / "corner").mkdir(parents=True)
    for name in ("room/a.py", "room/corner/b.py", "c.py"):
        (tmp_path / name).write_text(name)
    everywhere = digest_of_code(["room/**/*.py"], tmp_path)
    assert everywhere == digest_of_code(["room/*.py", "room/corner/*.py"], tmp_path)
    assert everywhere != digest_of_code(["room/*.py"], tmp_path)
    (tmp_path / "room" / "corner" / "b.py").write_text("changed")
    assert digest_of_code(["room/**/*.py"], tmp_path) != everywhere
    (tmp_path / "room" / "corner" / "b.py").rename(tmp_path / "room" / "corner" / "d.py")
    assert digest_of_code(["room/**/*.py"], tmp_path) != everywhere


def test_code_is_not_its_comments_docstrings_and_layout(tmp_path: Path) -> None:
    module = tmp_path / "a.py"
    module.write_text(
        '"""One."""\nclass A:\n    """Two."""\n\ndef f(x):\n    """Three."""\n    return x\n'
    )
    usual = digest_of_code(["*.py"], tmp_path)
    module.write_text(
        '"""1."""\n# why\nclass A:\n    """2."""\ndef f( x ):\n    "3"\n\n    return (x)  # x\n'
    )
    assert digest_of_code(["*.py"], tmp_path) == usual
    module.write_text('"""1."""\nclass A:\n    pass\ndef f(x):\n    "3"\n    return "x"\n')
    assert digest_of_code(["*.py"], tmp_path) != usual


def test_versions_are_those_of_the_build_that_is_installed() -> None:
    found = versions([("no-such-build", "numpy"), ("no-such-library",)])
    assert found == {"no-such-build": version("numpy")}
    computing = versions()
    assert {"numpy", "holidays", "geopandas", "shapely", "pyproj", "xgboost"} <= set(computing)


@pytest.mark.parametrize("patterns", [evaluation_identity.PATTERNS, tuning_identity.PATTERNS])
def test_the_code_that_features_and_models_use_counts(patterns: tuple[str, ...]) -> None:
    covered = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    used = {
        module
        for folder in ("features", "models")
        for path in PACKAGE.glob(f"{folder}/*.py")
        for module in imported_modules(path)
    }
    assert PACKAGE / "request_bounds.py" in used
    assert {path.relative_to(PACKAGE).as_posix() for path in used - covered} == NO_NUMBERS


def imported_modules(path: Path) -> set[Path]:
    """Return the modules of this project that a module imports, at its top or in a function."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trip_duration"):
            place = PACKAGE.joinpath(*str(node.module).split(".")[1:])
            names = [place / alias.name for alias in node.names]
            found = [one.with_suffix(".py") for one in (place, *names)]
            modules |= {one for one in (*found, place / "__init__.py") if one.is_file()}
    return modules
