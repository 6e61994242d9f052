"""Intervals of predicted durations: quantile trees, made honest by conformal calibration.

The quantiles are estimated on the logarithm of minutes, where errors of short and long trips are
alike, and shifted by what calibration trips show to be missing: apart for requests without and with
a distance, and for bands of predicted duration. Durations are skewed: more of the missed trips lie
above the interval than below it, as many as make it shortest. Source: Romano, Patterson and Candès,
Conformalized Quantile Regression, 2019; groups as in Vovk's Mondrian conformal predictors. The
shifts come from MAPIE, which is not needed to predict: a few numbers are.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from trip_duration.errors import DataError
from trip_duration.features.contract import Contract
from trip_duration.models.estimator import Matrix, Minutes
from trip_duration.models.interval_files import read_calibration, read_quantiles
from trip_duration.params import IntervalParams, ModellingParams

if TYPE_CHECKING:
    from trip_duration.models.lightgbm import LightGBM

DISTANCE = "route_distance"
ENDS = ("lower", "upper")
# a band is calibrated alone if it has so many trips, and so many times more than it may miss
_FEWEST, _TIMES = 200, 3
# shares of the missed trips that may lie below the interval; quantiles are learnt for the first
_BELOW = (0.25, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
# a share that a few hundred trips can still tell from all
_MOST = 0.99


@dataclass(frozen=True)
class Intervals:
    """Calibrated intervals.

    Attributes:
        models: Estimators of the lower and the upper quantile of log minutes.
        coverage: Share of trips that the intervals are calibrated to hold.
        edges: Predicted minutes at which a further band begins, shape ``(2, bands - 1)``; the first
            row is for requests without a distance, the second for those with one.
        shifts: What is added to the log of the lower and of the upper end, shape
            ``(2, bands, 2)``.
    """

    models: tuple[LightGBM, LightGBM]
    coverage: float
    edges: Minutes
    shifts: Minutes

    def bounds(self, matrix: Matrix, minutes: Minutes) -> tuple[Minutes, Minutes]:
        """Return lower and upper ends, minutes, around the point estimates.

        Args:
            matrix: Features of the requests, shape ``(n, features)``.
            minutes: Their point estimates.
        """
        low, high = self._quantiles(matrix)
        kind = self._kinds(matrix)
        shift = self.shifts[kind, _bands(self.edges, kind, minutes)]
        lower, upper = np.exp(low + shift[:, 0]), np.exp(high + shift[:, 1])
        return np.minimum(lower, minutes), np.maximum(upper, minutes)

    def calibrated(
        self, matrix: Matrix, minutes: Minutes, actual: Minutes, params: IntervalParams
    ) -> Self:
        """Return the same quantiles with the shifts that these trips ask for.

        Args:
            matrix: Features of trips that no weight was learnt from.
            minutes: Their point estimates.
            actual: How long they took.
            params: Coverage and number of bands.
        """
        ends = np.column_stack(self._quantiles(matrix))
        kinds = self._kinds(matrix)
        edges = np.full((2, params.bands - 1), np.inf)
        shifts = np.zeros((2, params.bands, 2))
        share = min(params.coverage + params.drift_margin, _MOST)
        fewest = max(_FEWEST, math.ceil(_TIMES / (1 - share)))
        counts = np.bincount(kinds, minlength=2)
        # a few trips of the other kind, whose meter told no distance, say nothing about it
        told = np.flatnonzero(counts >= fewest)
        told = told if len(told) else np.unique(kinds)
        for kind in told:
            rows = np.flatnonzero(kinds == kind)
            found = _edges(minutes[rows], params.bands, fewest)
            edges[kind, : len(found)] = found
            shifts[kind] = shortest_shifts(ends[rows], np.log(actual[rows]), share)
            band = _bands(edges, kinds[rows], minutes[rows])
            for number, size in zip(*np.unique(band, return_counts=True), strict=True):
                # estimates can tie, and leave a band with next to nothing
                if size >= fewest:
                    group = rows[band == number]
                    shifts[kind, number] = shortest_shifts(
                        ends[group], np.log(actual[group]), share
                    )
        if len(told) == 1:
            edges[:], shifts[:] = edges[told[0]], shifts[told[0]]
        return replace(self, coverage=params.coverage, edges=edges, shifts=shifts)

    def _quantiles(self, matrix: Matrix) -> tuple[Minutes, Minutes]:
        first, second = (model.predict(matrix) for model in self.models)
        # quantiles that were learnt apart can cross
        return np.minimum(first, second), np.maximum(first, second)

    def _kinds(self, matrix: Matrix) -> npt.NDArray[np.int64]:
        names = self.models[0].feature_names_
        if DISTANCE not in names:
            return np.zeros(len(matrix), dtype=np.int64)
        return (~np.isnan(matrix[:, names.index(DISTANCE)])).astype(np.int64)

    def to_files(self) -> dict[str, bytes]:
        """Return the quantile models in their native form, and the numbers of the calibration."""
        files = {
            f"{end}_{name}": content
            for end, model in zip(ENDS, self.models, strict=True)
            for name, content in model.to_files().items()
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, edges=self.edges, shifts=self.shifts)
        facts = json.dumps({"coverage": self.coverage}).encode()
        return {**files, "intervals.json": facts, "intervals.npz": buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self | None:
        """Rebuild the intervals from the files of a predictor; None if it has none.

        Raises:
            ModelFileError: If a file is not what ``to_files`` writes.
        """
        if "intervals.json" not in files:
            return None
        lower, upper = (read_quantiles(end, files) for end in ENDS)
        return cls((lower, upper), *read_calibration(files))


def learn_intervals(
    train: tuple[Matrix, Minutes],
    validation: tuple[Matrix, Minutes],
    predicted: Minutes,
    feature_names: Sequence[str],
    params: ModellingParams,
) -> Intervals:
    """Learn quantiles from training rows, and calibrate them on the validation rows.

    Args:
        train: Features and minutes that the quantiles are learnt from.
        validation: Later ones, by which training stops and with which it is calibrated.
        predicted: Point estimates of the validation rows, by a model that has not learnt from them.
        feature_names: Names of the columns.
        params: Settings of the quantiles, coverage, bands, seed and threads.
    """
    settings = params.intervals
    later = validation[0], np.log(validation[1])
    low, high = (
        model.fit(train[0], np.log(train[1]), eval_set=later, feature_names=feature_names)
        for model in make_quantile_models(params)
    )
    raw = Intervals((low, high), settings.coverage, np.empty((2, 0)), np.zeros((2, 1, 2)))
    return raw.calibrated(validation[0], predicted, validation[1], settings)


def make_quantile_models(params: ModellingParams) -> tuple[LightGBM, LightGBM]:
    """Return unfitted estimators of the lower and of the upper quantile."""
    from trip_duration.models.lightgbm import LightGBM  # noqa: PLC0415 - a second to import

    missed = 1 - params.intervals.coverage
    below = _BELOW[0] * missed
    low, high = (
        LightGBM(
            params.intervals.quantiles,
            seed=params.seed,
            num_threads=params.num_threads,
            quantile=level,
        )
        for level in (below, 1 - missed + below)
    )
    return low, high


def shortest_shifts(ends: Minutes, actual: Minutes, share: float) -> tuple[float, float]:
    """Return what has to be added to both ends for them to hold a share of trips.

    Args:
        ends: Lower and upper quantile estimates of log minutes, shape ``(n, 2)``.
        actual: The log of what they should hold, shape ``(n,)``.
        share: Share of it.

    Returns:
        The pair, of those that differ in how many trips are missed below and above, that gives the
        shortest intervals on average.
    """
    missed = 1 - share
    pairs = []
    for below in _BELOW:
        if below * missed * len(actual) <= 1:
            continue  # of so few trips none can be told to be the outermost
        lower = _shift(ends, actual, below * missed, 0)
        upper = _shift(ends, actual, (1 - below) * missed, 1)
        width = np.exp(ends[:, 1] + upper).mean() - np.exp(ends[:, 0] + lower).mean()
        pairs.append((width, lower, upper))
    if not pairs:
        raise DataError(
            f"{len(actual)} validation trips are too few to calibrate intervals for {share:.1%} of "
            "trips: set validation_days higher, or intervals.coverage lower"
        )
    _, lower, upper = min(pairs)
    return lower, upper


def _shift(ends: Minutes, actual: Minutes, missed: float, end: int) -> float:
    """Ask MAPIE for the correction of one end, beyond which a share of trips may lie."""
    from mapie.regression import ConformalizedQuantileRegressor  # noqa: PLC0415 - training only

    known = np.column_stack([ends, ends.mean(axis=1)])
    columns = [_Column(number).fit() for number in range(known.shape[1])]
    # it divides what may be missed evenly between both ends, and corrects each on its own
    mapie = ConformalizedQuantileRegressor(columns, confidence_level=1 - 2 * missed, prefit=True)
    _, found = mapie.conformalize(known, actual).predict_interval(known[:1])
    return float(found[0, end, 0] - known[0, end])


class _Column(Contract):
    """Predicts a column of what it is given: a fitted model, as far as MAPIE can tell."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def fit(self, X: Any = None, y: Any = None) -> Self:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Minutes:
        column: Minutes = np.asarray(X)[:, self.number]
        return column


def _edges(minutes: Minutes, bands: int, fewest: int) -> Minutes:
    """Return the predicted minutes between bands of equally many trips."""
    bands = max(min(bands, len(minutes) // fewest), 1)
    return np.quantile(minutes, np.arange(1, bands) / bands)


def _bands(edges: Minutes, kind: npt.NDArray[np.int64], minutes: Minutes) -> npt.NDArray[np.int64]:
    band: npt.NDArray[np.int64] = (minutes[:, None] >= edges[kind]).sum(axis=1)
    return band
