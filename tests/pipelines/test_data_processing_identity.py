"""Months are made again when the code that makes them changes, and only then."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import trip_duration
from trip_duration.identity import digest_of_code
from trip_duration.pipelines.data_processing.identity import PATTERNS, digest_of_rules

PACKAGE = Path(trip_duration.__file__).parent
RULES = "pipelines/data_processing/rules.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that may be changed."""
    return Path(shutil.copytree(PACKAGE, tmp_path / "trip_duration"))


@pytest.mark.parametrize("module", PATTERNS)
def test_a_change_of_what_a_module_does_changes_the_digest(copy: Path, module: str) -> None:
    assert digest_of_code(PATTERNS, copy) == digest_of_rules()
    with (copy / module).open("a") as file:
        file.write("ADDED = 1\n")
    assert digest_of_code(PATTERNS, copy) != digest_of_rules()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("_MICROSECONDS_PER_MINUTE = 60e6", "_MICROSECONDS_PER_MINUTE = 60e6 + 1"),
        ("np.asarray(zones)", "np.asarray(zones)[1:]"),
    ],
)
def test_a_change_of_a_bound_or_an_expression_changes_the_digest(
    copy: Path, before: str, after: str
) -> None:
    text = (copy / RULES).read_text()
    assert before in text
    (copy / RULES).write_text(text.replace(before, after))
    assert digest_of_code(PATTERNS, copy) != digest_of_rules()


def test_comments_docstrings_and_layout_do_not_change_the_digest(copy: Path) -> None:
    text = (copy / RULES).read_text()
    words = text.replace("Make trips of one raw month.", "Make trips.").replace("# ", "# said: ")
    assert words != text
    (copy / RULES).write_text("\n\n" + words + "# the end\n")
    assert digest_of_code(PATTERNS, copy) == digest_of_rules()


# modules that change no trip: errors, identities, checks of files and sources, bounds of requests;
# a month carries the zones that it was processed with
OUTSIDE = {
    "errors.py",
    "identity.py",
    "pipelines/data_processing/identity.py",
    "request_bounds.py",
    "tlc/integrity.py",
    "tlc/provenance.py",
    "tlc/zones.py",
}


def test_no_module_that_takes_part_in_making_trips_is_left_out() -> None:
    reached: set[str] = set()
    # a month is read by tlc/files.py and checked by schemas.py before the nodes see it
    waiting = {"pipelines/data_processing/nodes.py", "tlc/files.py", "schemas.py"}
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting |= imported(PACKAGE / module) - reached - OUTSIDE
    # values of parameters are part of a month's digest
    assert {module for module in reached if not module.startswith("params/")} == set(PATTERNS)


def imported(path: Path) -> set[str]:
    names = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trip_duration")
        for alias in node.names
    ]
    parts = [name.split(".")[1:] for name in names]
    # a name is a module, or something in one
    modules = [("/".join(p) + ".py", "/".join(p[:-1]) + ".py") for p in parts]
    return {name for pair in modules for name in pair if (PACKAGE / name).is_file()}
