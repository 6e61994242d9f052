"""Names of results by all that they depend on: the same name is the same result.

What is found under its name need not be computed again; a change of data, parameters, code or
libraries is another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trip_duration.evaluation.folds import Candidate, Fold, Task
from trip_duration.evaluation.recipe import Recipe
from trip_duration.identity import digest_of_code, digest_of_frame, digest_of_json, versions
from trip_duration.months import MonthPart

# where a result can come from; of the room evaluation, what takes part in measuring alone: a report
# told in other words is no other result
PATTERNS = (
    "months.py",
    "request_bounds.py",
    "features/*.py",
    "models/*.py",
    "params/*.py",
    *(
        f"evaluation/{name}.py"
        for name in (
            "costs",
            "coverage",
            "measuring",
            "metrics",
            "predictions",
            "recipe",
            "slices",
            "splits",
        )
    ),
)
_LENGTH = 32


def describe_code() -> dict[str, str]:
    """Return a digest of the code that results come from, and the versions of its libraries."""
    return {"code": digest_of_code(PATTERNS), **versions()}


def name_tasks(
    folds: Iterable[Fold],
    candidates: Sequence[Candidate],
    trips: Mapping[str, MonthPart],
    recipe: Recipe,
    code: Mapping[str, str],
) -> list[Task]:
    """Return a task for each candidate, fold and month, under the name of its outcome.

    Args:
        folds: Trainings and what they are judged on.
        candidates: What is trained on each of them.
        trips: Processed months; their records carry the digests of their rows.
        recipe: How training goes.
        code: What ``describe_code`` returned.
    """
    given = {"zones": digest_of_frame(recipe.zones), "code": dict(code)}
    settings = {candidate: recipe.settings_of(candidate) for candidate in candidates}
    return [
        Task(
            digest_of_json(
                {
                    **given,
                    **settings[candidate],
                    "train": {month: _identity(trips[month]) for month in fold.train_months},
                    "test": [test.month, test.age, _identity(trips[test.month])],
                    "newest": [test.newest, _identity(trips[test.newest])] if test.newest else [],
                }
            )[:_LENGTH],
            candidate,
            fold.train_months,
            test,
        )
        for candidate in candidates
        for fold in folds
        for test in fold.tests
    ]


def _identity(part: MonthPart) -> Any:
    # the digest of a processed month covers the raw file and the rules
    return part.record["digest"]
