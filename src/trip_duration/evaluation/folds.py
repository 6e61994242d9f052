"""Which trainings a backtest consists of, and which months cannot be tested for want of others.

Knows the calendar and names. It must not know how a predictor is trained or judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.params import FoldParams

ALL = "all"
BOTH = "both"


@dataclass(frozen=True)
class Candidate:
    """What is trained on a fold.

    Attributes:
        family: Family of the estimator.
        sources: Feature sources that it may use.
        feature_set: Name of these.
        presentation: How training trips are shown to it.
    """

    family: str
    sources: tuple[str, ...]
    feature_set: str = ALL
    presentation: str = BOTH

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.family + f", {self.feature_set}" * (self.feature_set != ALL)


class JudgedMonth(NamedTuple):
    """A month on which a trained model is judged.

    Attributes:
        month: The month.
        age: For how many months the model has been in service when it ends: 1 is its first.
        newest: Newest month known by then that the model has not learnt from; empty if none is.
    """

    month: str
    age: int
    newest: str


class Fold(NamedTuple):
    """One training, and the months on which it is judged.

    Attributes:
        train_months: Months that are learnt from.
        tests: Months after them.
    """

    train_months: tuple[str, ...]
    tests: tuple[JudgedMonth, ...]


@dataclass(frozen=True)
class Task:
    """One candidate, trained on a fold, judged on one of its months.

    Attributes:
        name: Digest of all that the outcome depends on.
        candidate: What is trained.
        train_months: What it learns from.
        test: What it is judged on.
    """

    name: str
    candidate: Candidate
    train_months: tuple[str, ...]
    test: JudgedMonth

    @property
    def training(self) -> tuple[Candidate, tuple[str, ...]]:
        """What tasks of one training have in common."""
        return self.candidate, self.train_months

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Read a task from what ``to_json`` has made of it."""
        candidate = dict(plain["candidate"])
        candidate["sources"] = tuple(candidate["sources"])
        test = JudgedMonth(plain["month"], plain["age"], plain["newest"])
        return cls(plain["name"], Candidate(**candidate), tuple(plain["train_months"]), test)

    def to_json(self) -> dict[str, Any]:
        """Return the task as JSON."""
        return {
            "name": self.name,
            "candidate": {**asdict(self.candidate), "sources": list(self.candidate.sources)},
            "train_months": list(self.train_months),
            **self.test._asdict(),
        }


def plan_folds(
    available: Collection[str], params: FoldParams, longest: int = 1
) -> tuple[list[Fold], dict[str, str]]:
    """Plan a training for each month to test on, from the months before it.

    A month that is not there is not tested, but the model that would have served in it still grows
    old: it is trained if one of the months until ``longest`` is there.

    Args:
        available: Months whose trips are there.
        params: Months to test on, window and delay.
        longest: Greatest age at which a model is judged.

    Returns:
        The folds in the order of the calendar, and the months that are not tested in their first
        month, each with the reason.
    """
    wanted = params.months or _span(available)
    folds, skipped = [], {}
    for month in wanted:
        known = tuple(
            shift(month, -back) for back in range(params.window + params.delay, params.delay, -1)
        )
        lacking = [name for name in known if name not in available]
        if month not in available:
            skipped[month] = f"{month} is not there"
        elif lacking:
            skipped[month] = f"its history lacks {', '.join(lacking)}"
        ages = range(1, longest + 1)
        later = {age: shift(month, age - 1) for age in ages if not lacking}
        tests = tuple(
            JudgedMonth(name, age, _newest(available, known[-1], shift(name, -1 - params.delay)))
            for age, name in later.items()
            if name in available and name in wanted
        )
        if tests:
            folds.append(Fold(known, tests))
    return folds, skipped


def plan_known_folds(
    trips: Collection[str], passed_months: Iterable[str], params: FoldParams, longest: int = 1
) -> tuple[list[Fold], dict[str, str]]:
    """Plan as ``plan_folds`` does, of the months that were processed and passed.

    Args:
        trips: Processed months.
        passed_months: Months that may be learnt from.
        params: Months to test on, window and delay.
        longest: Greatest age at which a model is judged.

    Raises:
        DataError: If nothing can be tested.
    """
    available = [month for month in passed_months if month in trips]
    folds, skipped = plan_folds(available, params, longest)
    if not folds:
        lines = "".join(f"- {month}: {reason}\n" for month, reason in skipped.items())
        raise DataError(
            f"no month can be tested with a window of {params.window} months and a delay of "
            f"{params.delay}; processed and passed: {', '.join(available) or 'none'}.\n{lines}"
            "Run the pipelines ingestion and data_processing for more months."
        )
    return folds, skipped


def write_plan(tasks: Iterable[Task], skipped: Mapping[str, str]) -> dict[str, Any]:
    """Return a plan as JSON: what is to be known, and the months that cannot be tested."""
    return {"tasks": [task.to_json() for task in tasks], "skipped": dict(skipped)}


def read_tasks(plan: Mapping[str, Any]) -> list[Task]:
    """Return the tasks of a plan that ``write_plan`` has written."""
    return [Task.from_json(plain) for plain in plan["tasks"]]


def shift(month: str, by: int) -> str:
    """Return the month so many months later."""
    return str(pd.Period(month, "M") + by)


def _span(months: Collection[str]) -> tuple[str, ...]:
    if not months:
        return ()
    every = pd.period_range(min(months), max(months), freq="M")
    return tuple(every.strftime("%Y-%m"))


def _newest(available: Iterable[str], after: str, until: str) -> str:
    return max((month for month in available if after < month <= until), default="")
