"""The predictor: transformer, estimator and intervals in one object, the only one that predicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from trip_duration.bundle import Bundle, prefix_errors, read_bundle, write_bundle
from trip_duration.errors import ModelFileError, ModelUnreadableError
from trip_duration.features.transformer import Data, FeatureTransformer
from trip_duration.models.estimator import Estimator, Matrix, Minutes
from trip_duration.models.families import FAMILIES
from trip_duration.models.intervals import Intervals

KIND = "predictor"


class Prediction(NamedTuple):
    """Durations of requests, minutes; arrays of the same length, ``lower <= minutes <= upper``.

    Attributes:
        minutes: Point estimates.
        lower: Lower ends of the intervals; NaN of a predictor that has no intervals.
        upper: Upper ends.
    """

    minutes: Minutes
    lower: Minutes
    upper: Minutes


class Explanation(NamedTuple):
    """What each feature adds to the predicted duration of each request, minutes.

    Attributes:
        base: Expected duration before anything is known, shape ``(n,)``.
        contributions: Shape ``(n, features)``; with the base they add up to ``minutes``.
        minutes: The predictions.
        features: Names of the features.
    """

    base: Minutes
    contributions: Minutes
    minutes: Minutes
    features: tuple[str, ...]


@dataclass(frozen=True)
class Predictor:
    """Predicts durations of requests, in training, evaluation, batch and serving alike.

    Attributes:
        transformer: Fitted feature transformer.
        estimator: Fitted estimator of its columns.
        floor: Shortest duration that is ever answered, minutes.
        facts: Where it comes from: months, digest of the data, seeds; JSON.
        intervals: Calibrated intervals of its predictions, if it has any.
        ceiling: Longest duration that is ever answered, minutes.
    """

    transformer: FeatureTransformer
    estimator: Estimator
    floor: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    intervals: Intervals | None = None
    ceiling: float = np.inf
    # the files that it was read from: written anew they could differ in a byte, and so in the hash
    _bundle: Bundle | None = field(default=None, init=False, repr=False, compare=False)

    def predict(self, requests: Data) -> Prediction:
        """Predict durations and their intervals.

        Args:
            requests: A frame or a mapping of arrays with ``pickup_datetime``, ``pickup_zone``,
                ``dropoff_zone`` and optionally ``route_distance`` (miles, NaN where not known).
        """
        return self.predict_features(self.transformer.transform(requests))

    def predict_features(self, matrix: Matrix) -> Prediction:
        """Predict durations and intervals from a matrix that this predictor's transformer made."""
        minutes = self.predict_minutes(matrix)
        if self.intervals is None or not len(matrix):
            unknown = np.full(len(minutes), np.nan)
            return Prediction(minutes, unknown, unknown)
        ends = self.intervals.bounds(matrix, minutes)
        return Prediction(minutes, *(end.clip(self.floor, self.ceiling) for end in ends))

    def predict_minutes(self, matrix: Matrix) -> Minutes:
        """Predict durations alone."""
        if not len(matrix):
            return np.empty(0)
        return self.estimator.predict(matrix).clip(self.floor, self.ceiling)

    def explain(self, requests: Data) -> Explanation:
        """Say what each feature adds to the predictions, by the estimator's own contributions.

        Where the floor or the ceiling moves a prediction, the base is moved with it.
        """
        matrix = self.transformer.transform(requests)
        minutes = self.predict_minutes(matrix)
        names = self.transformer.selected_
        if not len(matrix):
            return Explanation(minutes, np.empty((0, len(names))), minutes, names)
        _, parts = self.estimator.contributions(matrix)
        # the base takes what rounding and the floor leave over, so that the sum is the prediction
        return Explanation(minutes - parts.sum(axis=1), parts, minutes, names)

    def flag(self, requests: Data) -> dict[str, npt.NDArray[np.bool_]]:
        """Tell which requests are unlike the trips that it has learnt from, by name of the flag.

        See ``FeatureTransformer.flag``.
        """
        return self.transformer.flag(requests)

    @property
    def family(self) -> str:
        """The ``model_type`` of the estimator."""
        return self.estimator.family

    def without_files(self) -> Self:
        """Return the same predictor without the bytes that it was read from, to save memory.

        Its files are then written anew when it is saved, and may differ in a byte.
        """
        # the field of the bundle is not copied
        return replace(self)

    def with_intervals(self, intervals: Intervals | None) -> Self:
        """Return the same predictor with other intervals."""
        return replace(self, intervals=intervals)

    def to_bundle(self) -> Bundle:
        """Return everything that prediction needs as native files; as read, if it was loaded."""
        if self._bundle is not None:
            return self._bundle
        ceiling = self.ceiling if np.isfinite(self.ceiling) else None
        limits = {"floor": self.floor, "ceiling": ceiling}
        facts = {**self.facts, "family": self.family, **limits}
        files = {**self.transformer.to_files(), **self.estimator.to_files()}
        if self.intervals is not None:
            files |= self.intervals.to_files()
        return Bundle(KIND, json.loads(json.dumps(facts)), files)

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> Self:
        """Rebuild the predictor of a verified bundle.

        Raises:
            ModelFileError: If the family is unknown or the files do not make up a predictor.
            ModelUnreadableError: If the memory does not suffice.
        """
        facts = dict(bundle.facts)
        try:
            family = FAMILIES[facts.pop("family")]
            transformer = FeatureTransformer.from_files(bundle.files)
            estimator = family.from_files(bundle.files)
            intervals = Intervals.from_files(bundle.files)
            floor, ceiling = facts.pop("floor"), facts.pop("ceiling")
            longest = np.inf if ceiling is None else ceiling
            predictor = cls(transformer, estimator, floor, facts, intervals, longest)
        except ModelFileError:
            raise
        except MemoryError:
            raise ModelUnreadableError(
                "the memory of this machine does not suffice to load it"
            ) from None
        # the libraries have errors of their own for files that are not theirs
        except Exception as error:
            raise ModelFileError(
                f"the files do not make up a predictor ({error!r}). Families known here: "
                f"{', '.join(FAMILIES)}."
            ) from error
        predictor._require_same_columns()
        object.__setattr__(predictor, "_bundle", bundle)
        return predictor

    def _require_same_columns(self) -> None:
        """Check that estimators were trained on the transformer's columns, in the same order.

        Raises:
            ModelFileError: If an estimator was trained on other columns, or in another order.
        """
        columns = tuple(self.transformer.selected_)
        estimators = [self.estimator, *(self.intervals.models if self.intervals else ())]
        for estimator in estimators:
            if tuple(estimator.feature_names_) != columns:
                raise ModelFileError(
                    f"the transformer makes the columns {', '.join(columns)}, but the "
                    f"{estimator.family} estimator was trained on "
                    f"{', '.join(estimator.feature_names_)}. The files do not belong together."
                )

    @property
    def calibration_months(self) -> list[str]:
        """Months on which the intervals were calibrated anew, after training."""
        return sorted(self.facts.get("calibration", {}).get("months", {}))

    @property
    def sha256(self) -> str:
        """Identity of the predictor: the hash of its manifest."""
        return self.to_bundle().sha256

    def save(self, folder: Path) -> None:
        """Write the predictor to a folder, whole or not at all."""
        write_bundle(self.to_bundle(), folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a predictor from a folder, after verifying every file of it."""
        with prefix_errors(folder):
            return cls.from_bundle(read_bundle(folder, KIND))
