"""A name is everything that an outcome depends on, and nothing else."""

from __future__ import annotations

import ast
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import trip_duration
from tests.evaluation.months import month_of, months_of, recipe_of
from tests.features.small_city import zones
from trip_duration.evaluation import identity
from trip_duration.evaluation.folds import Candidate, Fold, JudgedMonth
from trip_duration.evaluation.identity import describe_code, name_tasks
from trip_duration.evaluation.recipe import Recipe
from trip_duration.identity import digest_of_code

__all__ = ["zones"]
ALL = Candidate("lightgbm", ("calendar", "zones", "history", "request"))
FOLD = Fold(("2023-01",), (JudgedMonth("2023-02", 1, ""), JudgedMonth("2023-03", 2, "2023-02")))
TRIPS = months_of("2023-01", "2023-02", "2023-03")
CODE = {"code": "a", "lightgbm": "4.7"}
PACKAGE = Path(trip_duration.__file__).parent


@pytest.fixture
def recipe(zones: pd.DataFrame) -> Recipe:
    return recipe_of(zones)


def names(recipe: Recipe, candidate: Candidate = ALL, trips=TRIPS, code=CODE) -> list[str]:  # type: ignore[no-untyped-def]
    return [task.name for task in name_tasks([FOLD], [candidate], trips, recipe, code)]


def test_the_same_has_the_same_name_and_each_month_its_own(recipe: Recipe) -> None:
    first, second = names(recipe)
    assert [first, second] == names(recipe)
    assert first != second


def test_what_changes_the_outcome_changes_every_name(recipe: Recipe) -> None:
    usual = set(names(recipe))
    modelling = recipe.modelling
    changed = [
        names(replace(recipe, modelling=modelling.model_copy(update={"seed": 1}))),
        names(recipe_of(recipe.zones, lightgbm={"num_trees": 3})),
        names(recipe_of(recipe.zones, lookup={"min_trips": 3})),
        names(recipe_of(recipe.zones, intervals={"coverage": 0.8})),
        names(replace(recipe, zones=recipe.zones.assign(area=1.0))),
        names(replace(recipe, features=recipe.features.model_copy(update={"validation_days": 3}))),
        names(recipe, replace(ALL, family="linear")),
        names(recipe, replace(ALL, sources=("calendar", "request"))),
        names(recipe, replace(ALL, presentation="with_distance")),
        names(recipe, code={**CODE, "code": "b"}),
        names(recipe, code={**CODE, "lightgbm": "4.8"}),
        names(recipe, trips={**TRIPS, "2023-01": month_of("2023-01", "republished")}),
    ]
    assert all(usual.isdisjoint(other) for other in changed)
    assert len({name for other in changed for name in other}) == 2 * len(changed)


def test_what_does_not_change_it_changes_no_name(recipe: Recipe) -> None:
    usual = names(recipe)
    other = recipe.features.model_copy(update={"train_months": ("2019-01",)})
    assert names(replace(recipe, features=other)) == usual
    assert names(recipe_of(recipe.zones, linear={"alpha": 1.0}, train_rows=5)) == usual
    assert names(recipe, replace(ALL, feature_set="by another name")) == usual


def test_a_test_month_that_is_published_anew_changes_what_is_tested_on_it(recipe: Recipe) -> None:
    usual = names(recipe)
    third = names(recipe, trips={**TRIPS, "2023-03": month_of("2023-03", "republished")})
    assert (third[0], third[1] != usual[1]) == (usual[0], True)
    # the second month is what the third is calibrated on
    second = names(recipe, trips={**TRIPS, "2023-02": month_of("2023-02", "republished")})
    assert set(second).isdisjoint(usual)


def test_code_is_what_takes_part_in_measuring(tmp_path: Path) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "trip_duration")
    usual = digest_of_code(identity.PATTERNS, package)
    assert usual == describe_code()["code"]
    assert {"code", "lightgbm", "numpy", "scikit-learn", "holidays", "scipy"} <= set(
        describe_code()
    )
    (package / "evaluation" / "figures.py").write_text("")
    assert digest_of_code(identity.PATTERNS, package) == usual
    for part in ("features/history.py", "models/lightgbm.py", "evaluation/measuring.py"):
        with (package / part).open("a") as file:
            file.write("CHANGED = 1\n")
        assert digest_of_code(identity.PATTERNS, package) != usual
        usual = digest_of_code(identity.PATTERNS, package)


def test_nothing_that_takes_part_in_measuring_is_left_out() -> None:
    listed = {Path(pattern).stem for pattern in identity.PATTERNS if "evaluation" in pattern}
    room = {path.stem for path in (PACKAGE / "evaluation").glob("*.py")}
    reached, waiting = set(), {"measuring"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (imported(PACKAGE / "evaluation" / f"{name}.py") & room) - reached
    # which months belong to a task is in the task's name already
    assert reached - {"folds"} == listed


def imported(path: Path) -> set[str]:
    modules = [
        n.module or ""
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.ImportFrom)
    ]
    start = "trip_duration.evaluation."
    return {name.removeprefix(start) for name in modules if name.startswith(start)}
