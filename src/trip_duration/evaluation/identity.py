"""Names of results by all that they depend on: the same name is the same result.

What is found under its name need not be computed again; a change of data, parameters, code or
libraries is another name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from trip_duration.evaluation.folds import Candidate, Fold, Task
from trip_duration.evaluation.recipe import Recipe
from trip_duration.months import MonthPart

# where a result can come from; of the room evaluation, what takes part in measuring alone: a report
# told in other words is no other result
_CODE = (
    "features/*.py",
    "models/*.py",
    "params/*.py",
    *(
        f"evaluation/{name}.py"
        for name in ("costs", "measuring", "metrics", "predictions", "recipe", "slices", "splits")
    ),
)
_LIBRARIES = (
    "lightgbm",
    "mapie",
    "numpy",
    "pandas",
    "scikit-learn",
    "xgboost",
    "xgboost-cpu",
)
_LENGTH = 32


def describe_code(package: Path = Path(__file__).parents[1]) -> dict[str, str]:
    """Return a digest of the code that results come from, and the versions of its libraries."""
    digest = hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(package.glob(pattern)):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return {"code": digest.hexdigest(), **_versions()}


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # of xgboost one of two builds is installed
    return found


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
    given = {"zones": _digest_of(recipe.zones), "code": dict(code)}
    settings = {candidate: recipe.settings_of(candidate) for candidate in candidates}
    return [
        Task(
            _hash(
                {
                    **given,
                    **settings[candidate],
                    "train": {month: _identity(trips[month]) for month in fold.train_months},
                    "test": [test.month, test.age, _identity(trips[test.month])],
                    "newest": [test.newest, _identity(trips[test.newest])] if test.newest else [],
                }
            ),
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


def _digest_of(frame: pd.DataFrame) -> str:
    rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashlib.sha256(rows.tobytes()).hexdigest()


def _hash(what: Mapping[str, Any]) -> str:
    text = json.dumps(what, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
