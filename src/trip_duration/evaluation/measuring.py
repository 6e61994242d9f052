"""A training on some months, and what its predictor is worth in later ones.

Trains as a run does, by the same functions. Here, and not in a node, the clock is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.costs import BATCH, measure_costs
from trip_duration.evaluation.coverage import find_lowest_coverage
from trip_duration.evaluation.folds import Task
from trip_duration.evaluation.metrics import PRESENTATIONS, score_intervals
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.recipe import Recipe
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.evaluation.splits import read_months, split_off_last_days
from trip_duration.features import requests_of
from trip_duration.models import Predictor
from trip_duration.models.intervals import Intervals
from trip_duration.models.training import make_training_set, recalibrate, train, train_lookup
from trip_duration.months import MonthPart
from trip_duration.progress import track

log = logging.getLogger(__name__)
Record = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    Attributes:
        predictor: Learnt from all known trips.
        baseline: The lookup table of the same trips.
        trips: How many these are.
        costs: ``fit_seconds``, what making features and training the predictor took, and what
            ``measure_costs`` measures.
    """

    predictor: Predictor
    baseline: Predictor
    trips: int
    costs: Mapping[str, float]


def run_tasks(
    tasks: Sequence[Task],
    trips: Mapping[str, MonthPart],
    recipe: Recipe,
    finished: Mapping[str, Record],
) -> Iterator[dict[str, Record]]:
    """Carry out the tasks whose outcome is not there yet, one training after the other.

    Args:
        tasks: What is to be known.
        trips: Processed months; rows are read when they are needed, and not kept.
        recipe: How training goes.
        finished: Outcomes that are there already, by name.

    Yields:
        Each outcome by its name, as soon as it is known.
    """
    # two feature sets of the same sources have one outcome
    asked: dict[str, Task] = {}
    for task in tasks:
        asked.setdefault(task.name, task)
    waiting = [task for name, task in asked.items() if name not in finished]
    groups = [list(group) for _, group in groupby(waiting, key=lambda task: task.training)]
    there = len(asked) - len(waiting)
    log.info("%d of %d results are there, %d trainings to do", there, len(asked), len(groups))
    for group in track(groups, "training", "trainings"):
        own = recipe.of(group[0].candidate)
        trained = train_months(trips, group[0].train_months, own)
        for task in group:
            record = {**task.to_json(), **measure(task, trained, trips, own)}
            _tell(task, record)
            yield {task.name: record}


def _tell(task: Task, record: Record) -> None:
    log.info(
        "%s of %s in %s, month %d: MAE %.3f without distance, %.3f with, %.3f by the lookup table",
        task.candidate.name,
        "..".join(dict.fromkeys([task.train_months[0], task.train_months[-1]])),
        task.test.month,
        task.test.age,
        *(record["metrics"][name]["mae"] for name in PRESENTATIONS),
    )


def train_months(trips: Mapping[str, MonthPart], months: Sequence[str], recipe: Recipe) -> Trained:
    """Train the predictor and the lookup table on months, as a run does.

    Args:
        trips: Processed months.
        months: Those that are learnt from.
        recipe: How training goes.
    """
    known = read_months(trips, trips, months)
    begin = split_off_last_days(known, months[-1], recipe.features.validation_days)
    facts = {"train_months": list(months)}
    start = perf_counter()
    data = make_training_set(known, begin, recipe.zones, recipe.features)
    predictor = train(data, recipe.modelling, facts).predictor
    seconds = perf_counter() - start
    learnt = known if recipe.features.refit else known[known["pickup_datetime"] < begin]
    baseline = train_lookup(learnt, data.early_transformer, recipe.modelling, facts)
    costs = measure_costs(predictor, requests_of(known.head(BATCH)))
    return Trained(predictor, baseline, len(known), {"fit_seconds": seconds, **costs})


def measure(task: Task, trained: Trained, trips: Mapping[str, MonthPart], recipe: Recipe) -> Record:
    """Measure what a predictor is worth in a month.

    Args:
        task: The month, and the newest one before it that was known by then.
        trained: The predictor and the lookup table.
        trips: Processed months.
        recipe: Zones, and how intervals are calibrated.

    Returns:
        ``metrics`` by presentation; ``days``: by date, the trips and the sums of absolute errors
        without distance, with it, and of the lookup table, minutes; ``lowest_coverage`` of any
        slice by presentation; ``recalibrated``: coverage and width after calibration on the newest
        month known; ``costs`` of the training; ``train_trips``.
    """
    test = trips[task.test.month].read()
    predicted = predict_trips(test, trained.predictor, trained.baseline)
    metrics = score_presentations(predicted)
    renewed: Mapping[str, Mapping[str, float]] = metrics
    if task.test.newest:
        newest = trips[task.test.newest].read()
        again = recalibrate(trained.predictor, newest, recipe.modelling).intervals
        renewed = _score_anew(predicted, trained.predictor, again) if again else metrics
    return {
        "train_trips": trained.trips,
        "metrics": metrics,
        "recalibrated": {
            name: {key: renewed[name][key] for key in ("coverage", "mean_width")}
            for name in SUFFIXES
        },
        "lowest_coverage": find_lowest_coverage(predicted, recipe.zones),
        "days": sum_days(predicted),
        "costs": dict(trained.costs),
    }


def _score_anew(
    predicted: pd.DataFrame, predictor: Predictor, intervals: Intervals
) -> dict[str, dict[str, float]]:
    """Score other intervals around point estimates that are known already.

    These are most of the work, and calibration leaves them as they are.
    """
    actual = predicted["duration_minutes"].to_numpy(np.float64)
    given = predictor.transformer.transform(requests_of(predicted))
    shown = {
        "request": predictor.transformer.without_distance(given),
        "request_with_distance": given,
    }
    scores = {}
    for name, matrix in shown.items():
        minutes = predicted[name].to_numpy(np.float64)
        ends = np.asarray(intervals.bounds(matrix, minutes))
        within = ends.clip(predictor.floor, predictor.ceiling)
        scores[name] = score_intervals(actual, minutes, within)
    return scores


def sum_days(predicted: pd.DataFrame) -> dict[str, list[float]]:
    """Add up absolute errors by day.

    Returns:
        By date, the number of trips and the sum of absolute errors of each presentation, minutes.
    """
    names = list(PRESENTATIONS)
    errors = predicted[names].sub(predicted["duration_minutes"], axis=0).abs()
    days = errors.groupby(predicted["pickup_datetime"].dt.strftime("%Y-%m-%d"))
    sums = days.sum()
    sums.insert(0, "trips", days.size())
    return {str(day): [float(value) for value in row] for day, *row in sums.itertuples()}
