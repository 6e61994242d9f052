"""The predictor: feature transformer and estimator in one object, the only thing that predicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from trip_duration.bundle import Bundle, read_bundle, write_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features.transformer import Data, FeatureTransformer
from trip_duration.models.estimator import Estimator, Matrix, Minutes
from trip_duration.models.families import FAMILIES

KIND = "predictor"


@dataclass(frozen=True)
class Predictor:
    """Predicts durations of requests, in training, evaluation, batch and serving alike.

    Attributes:
        transformer: Fitted feature transformer.
        estimator: Fitted estimator of its columns.
        floor: Shortest duration that is ever answered, minutes.
        facts: Where it comes from: months, digest of the data, seeds; JSON.
    """

    transformer: FeatureTransformer
    estimator: Estimator
    floor: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, requests: Data) -> Minutes:
        """Return durations in minutes, shape ``(n,)``.

        Args:
            requests: A frame or a mapping of arrays with ``pickup_datetime``, ``pickup_zone``,
                ``dropoff_zone`` and optionally ``route_distance`` (miles, NaN where not known).
        """
        return self.predict_features(self.transformer.transform(requests))

    def predict_features(self, matrix: Matrix) -> Minutes:
        """Return durations from a matrix that this predictor's transformer made."""
        if not len(matrix):
            return np.empty(0)
        return np.maximum(self.estimator.predict(matrix), self.floor)

    @property
    def family(self) -> str:
        """The ``model_type`` of the estimator."""
        return self.estimator.family

    def to_bundle(self) -> Bundle:
        """Return everything that prediction needs as native files."""
        facts = {**self.facts, "family": self.family, "floor": self.floor}
        files = {**self.transformer.to_files(), **self.estimator.to_files()}
        return Bundle(KIND, json.loads(json.dumps(facts)), files)

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> Self:
        """Rebuild the predictor of a verified bundle.

        Raises:
            ModelFileError: If the family is unknown or the files do not make up a predictor.
        """
        facts = dict(bundle.facts)
        try:
            family = FAMILIES[facts.pop("family")]
            transformer = FeatureTransformer.from_files(bundle.files)
            estimator = family.from_files(bundle.files)
            return cls(transformer, estimator, facts.pop("floor"), facts)
        except (KeyError, ValueError, TypeError) as error:
            raise ModelFileError(
                f"the files do not make up a predictor ({error!r}). Families known here: "
                f"{', '.join(FAMILIES)}."
            ) from error

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
        return cls.from_bundle(read_bundle(folder, KIND))
