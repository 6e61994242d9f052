"""The baseline: a lookup table of medians."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from trip_duration.models.estimator import Estimator, LearningCurve, Matrix, Minutes, unnamed
from trip_duration.params import ModellingParams

COLUMNS = ("pickup_zone", "dropoff_zone", "hour")
_BASE = 4096


class LookupTable(Estimator):
    """Median duration by zone pair and hour, falling back to the pair, the pickup zone, and all.

    What a dispatcher without a model would use. It takes the columns ``COLUMNS`` of the matrix, or
    the first three where columns have no names.

    Args:
        min_trips: Fewest training rows of a cell whose median is trusted; a trip that is presented
            with its distance and without is two rows.
    """

    family: ClassVar[str] = "lookup"

    def __init__(self, min_trips: int = 1) -> None:
        """Keep the setting, as scikit-learn asks."""
        self.min_trips = min_trips

    @classmethod
    def from_params(cls, params: ModellingParams) -> Self:
        """Return an unfitted table with the settings that parameters have for it."""
        return cls(params.lookup.min_trips)

    def settings(self) -> dict[str, Any]:
        """Return the fewest trips of a trusted cell."""
        return {"min_trips": self.min_trips}

    def _fit(self, X: Matrix, y: Minutes, eval_set: Any) -> None:
        import pandas as pd  # noqa: PLC0415 - to fit only

        names = list(self.feature_names_)
        found = [names.index(name) for name in COLUMNS if name in names]
        if not found and self.feature_names_ != unnamed(X.shape[1]):
            raise ValueError(
                f"a lookup table takes at least one of the features {', '.join(COLUMNS)}; given "
                f"were {', '.join(names)}. Add their sources to the feature set."
            )
        self.columns_ = found or list(range(min(len(COLUMNS), X.shape[1])))
        self.overall_ = float(np.median(y))
        self.keys_: list[npt.NDArray[np.int64]] = []
        self.medians_: list[npt.NDArray[np.float64]] = []
        for depth in range(len(self.columns_), 0, -1):
            cells = pd.Series(y).groupby(self._key(X, depth), sort=True).agg(["median", "size"])
            trusted = cells.loc[cells["size"] >= self.min_trips, "median"]
            self.keys_.append(trusted.index.to_numpy(np.int64))
            self.medians_.append(trusted.to_numpy(np.float64))
        self.curve_ = LearningCurve("absolute_error")

    def _key(self, X: Matrix, depth: int) -> npt.NDArray[np.int64]:
        key = np.zeros(len(X), dtype=np.int64)
        for column in self.columns_[:depth]:
            code = np.nan_to_num(X[:, column], nan=-1.0)
            key = key * _BASE + code.astype(np.int64)
        return key

    def _predict(self, X: Matrix) -> Minutes:
        return self._levels(X)[-1]

    def _levels(self, X: Matrix) -> list[Minutes]:
        """Return what would be answered with no column, with the first, with two, and so on."""
        answers = [np.full(len(X), self.overall_)]
        for depth, keys, medians in zip(
            range(1, len(self.columns_) + 1), self.keys_[::-1], self.medians_[::-1], strict=True
        ):
            wanted = self._key(X, depth)
            position = np.searchsorted(keys, wanted)
            known = position < len(keys)
            known[known] = keys[position[known]] == wanted[known]
            minutes = answers[-1].copy()
            minutes[known] = medians[position[known]]
            answers.append(minutes)
        return answers

    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Return by how much each further column of the table changes its answer."""
        answers = np.column_stack(self._levels(X))
        parts = np.zeros(X.shape, dtype=np.float64)
        parts[:, self.columns_] = np.diff(answers, axis=1)
        return answers[:, 0], parts

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that a table of codes is a poor model of real numbers."""
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def importance(self) -> dict[str, float]:
        """Return equal shares: the table has no weights."""
        used = {self.feature_names_[column] for column in self.columns_}
        return {name: (name in used) / len(used) for name in self.feature_names_}

    def to_files(self) -> dict[str, bytes]:
        """Return keys and medians of each level as npz, the rest as JSON."""
        levels = range(len(self.keys_))
        arrays: dict[str, Any] = {f"keys_{i}": self.keys_[i] for i in levels}
        arrays |= {f"medians_{i}": self.medians_[i] for i in levels}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        facts = {"names": self.feature_names_, "columns": self.columns_, "overall": self.overall_}
        return {"lookup.json": json.dumps(facts).encode(), "lookup.npz": buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the table."""
        facts = json.loads(files["lookup.json"])
        arrays = np.load(io.BytesIO(files["lookup.npz"]), allow_pickle=False)
        self = cls()
        self.feature_names_ = tuple(facts["names"])
        self.n_features_in_ = len(self.feature_names_)
        self.columns_, self.overall_ = facts["columns"], facts["overall"]
        levels = range(len(self.columns_))
        self.keys_ = [arrays[f"keys_{i}"] for i in levels]
        self.medians_ = [arrays[f"medians_{i}"] for i in levels]
        self.curve_ = LearningCurve("absolute_error")
        return self
