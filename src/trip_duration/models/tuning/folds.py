"""Folds that follow the calendar: each knows the days before its window, and is scored on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.features import requests_of
from trip_duration.features.examples import TARGET, Examples, present
from trip_duration.models.training import TrainingSet, make_training_set, train_points
from trip_duration.params import FeatureEngineeringParams, ModellingParams, TuningParams


class Window(NamedTuple):
    """The time that a fold is scored on.

    Attributes:
        begin: First instant. All trips before it are known to the fold.
        end: First instant after it.
    """

    begin: pd.Timestamp
    end: pd.Timestamp


@dataclass(frozen=True)
class Fold:
    """What a trial is trained on and scored on; made once, shared by all trials.

    Attributes:
        data: What is known before the window, as a run would train on it.
        shown: Trips of the window, in each way of presenting them.
        sizes: Numbers of trips that it learns from (``train``), stops by (``validation``) and is
            scored on (``test``).
    """

    data: TrainingSet
    shown: tuple[Examples, ...]
    sizes: Mapping[str, int]

    def score(self, params: ModellingParams) -> float:
        """Train as a run would, and score on the window.

        Returns:
            Mean absolute error in minutes, or the root of the mean squared one where that is what
            training minimises; the mean over the ways of presenting the trips.
        """
        predictor = train_points(self.data, params, {}).predictor
        errors = [predictor.predict_minutes(rows.matrix) - rows.minutes for rows in self.shown]
        if params.objective == "squared_error":
            return float(np.mean([np.sqrt(np.mean(error**2)) for error in errors]))
        return float(np.mean([np.abs(error).mean() for error in errors]))


def fold_windows(end: pd.Timestamp, params: TuningParams) -> list[Window]:
    """Return the windows of all folds, the earliest first; the last one ends with the known trips.

    Args:
        end: First instant after the known trips.
        params: Number and length of the folds.
    """
    unit = {"days": pd.DateOffset(days=1), "months": pd.DateOffset(months=1)}[params.fold_unit]
    edges = [end - unit * (params.fold_length * back) for back in range(params.folds, -1, -1)]
    return [Window(*pair) for pair in pairwise(edges)]


def make_fold(
    known_trips: pd.DataFrame,
    window: Window,
    zones: pd.DataFrame,
    params: FeatureEngineeringParams,
) -> Fold:
    """Make what a fold is trained and scored on.

    Args:
        known_trips: Trips of the training months.
        window: The window of the fold; trips from its end on are left out.
        zones: Geometry of the zones.
        params: Settings of features, and the days by which training stops.

    Raises:
        DataError: If the window, or either side of the days before it, has no trips.
    """
    times = known_trips["pickup_datetime"]
    stop_from = window.begin - pd.Timedelta(days=params.validation_days)
    before = known_trips[times < window.begin].reset_index(drop=True)
    inside = known_trips[(times >= window.begin) & (times < window.end)]
    early = int((before["pickup_datetime"] < stop_from).sum())
    if not (0 < early < len(before) and len(inside)):
        raise DataError(
            f"the fold of {window.begin:%Y-%m-%d} to {window.end:%Y-%m-%d} has {early} trips to "
            f"learn from, {len(before) - early} to stop by and {len(inside)} to be scored on: name "
            "more train_months, or set tuning.folds, tuning.fold_length or validation_days anew"
        )
    data = make_training_set(before, stop_from, zones, params)
    full = data.transformer
    rows = Examples(full.transform(requests_of(inside)), inside[TARGET].to_numpy(np.float64))
    ways = {
        "both": ("without_distance", "with_distance"),
    }.get(params.presentation, (params.presentation,))
    shown = tuple(present(rows, full, full, way) for way in ways)
    sizes = {"train": early, "validation": len(before) - early, "test": len(inside)}
    return Fold(data, shown, sizes)
