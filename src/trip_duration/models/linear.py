"""Linear regression on scaled and one-hot coded features, kept as plain arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from trip_duration.models.estimator import Estimator, LearningCurve, Matrix, Minutes
from trip_duration.params import LinearParams, Objective

# columns whose numbers are names: each value gets a weight of its own
CODES = ("pickup_zone", "dropoff_zone", "borough_pair", "hour_of_week", "hour", "weekday", "season")
_PATIENCE = 3
_LOSSES = {"absolute_error": "epsilon_insensitive", "squared_error": "squared_error"}


class Linear(Estimator):
    """Linear regression by stochastic gradient descent, stopped by the loss on validation rows.

    Fitted by scikit-learn (imputer, scaler, one-hot coder, ``SGDRegressor``); kept as the weight of
    each number, of its absence, and of each code, which is all that prediction needs.

    Args:
        params: Penalty and passes.
        objective: Loss that training minimises.
        seed: Seed of the order of the rows.
    """

    family: ClassVar[str] = "linear"

    def __init__(
        self,
        params: LinearParams | None = None,
        objective: Objective = "absolute_error",
        seed: int = 0,
    ) -> None:
        """Keep the settings, as scikit-learn asks."""
        self.params = params
        self.objective = objective
        self.seed = seed

    def _fit(self, X: Matrix, y: Minutes, eval_set: Any) -> None:
        params = self.params or LinearParams()
        codes = [i for i, name in enumerate(self.feature_names_) if name in CODES]
        numbers = [i for i in range(X.shape[1]) if i not in codes]
        imputer = SimpleImputer(add_indicator=True, keep_empty_features=True)
        encoder = ColumnTransformer(
            [
                ("numbers", make_pipeline(imputer, StandardScaler()), numbers),
                ("codes", OneHotEncoder(handle_unknown="ignore"), codes),
            ],
        )
        regressor = SGDRegressor(**self._settings(params))
        rows = encoder.fit_transform(X), y
        later = None if eval_set is None else (encoder.transform(eval_set[0]), eval_set[1])
        self._descend(regressor, rows, later, params)
        self.numbers_, self.codes_ = np.array(numbers, int), np.array(codes, int)
        self.offset_ = float(regressor.intercept_[0])
        self._unfold(encoder, regressor.coef_)
        terms = self._terms(X)
        # how far each feature moves the prediction, and from where
        self.spread_, self.means_ = terms.std(axis=0), terms.mean(axis=0)

    def settings(self) -> dict[str, Any]:
        """Return the regressor's parameters, the most passes, and when they stop."""
        params = self.params or LinearParams()
        return {
            **self._settings(params),
            "max_iter": params.max_iter,
            "tol": params.tol,
            "n_iter_no_change": _PATIENCE,
        }

    def _settings(self, params: LinearParams) -> dict[str, Any]:
        return {
            "loss": _LOSSES[self.objective],
            "epsilon": 0.0,
            "alpha": params.alpha,
            "average": True,
            "random_state": self.seed,
        }

    def for_rounds(self, rounds: int) -> Self:
        """Return an unfitted estimator that makes so many passes."""
        params = (self.params or LinearParams()).model_copy(update={"max_iter": rounds})
        return type(self)(**{**self.get_params(), "params": params})

    def _descend(
        self, regressor: SGDRegressor, rows: Any, later: Any, params: LinearParams
    ) -> None:
        """Pass over the rows until the loss no longer falls, and keep the weights of its lowest."""
        best, kept, since = np.inf, None, 0
        losses: dict[str, list[float]] = {"train": [], "validation": []}
        for _ in range(params.max_iter):
            regressor.partial_fit(*rows)
            losses["train"].append(self._loss(regressor, rows))
            if later is not None:
                losses["validation"].append(self._loss(regressor, later))
            loss = (losses["validation"] or losses["train"])[-1]
            since = 0 if loss < best - params.tol else since + 1
            if loss < best:
                best, kept = loss, (regressor.coef_.copy(), regressor.intercept_.copy())
            if since == _PATIENCE:
                break
        if kept is not None:
            regressor.coef_, regressor.intercept_ = kept
        watched = losses["validation"] or losses["train"]
        self.curve_ = LearningCurve(
            self.objective, **losses, best_round=int(np.argmin(watched)) + 1
        )

    def _loss(self, regressor: SGDRegressor, rows: Any) -> float:
        error = regressor.predict(rows[0]) - rows[1]
        squared = self.objective == "squared_error"
        return float(np.mean(error**2 if squared else np.abs(error)))

    def _unfold(self, encoder: ColumnTransformer, weights: Minutes) -> None:
        """Fold scaling and imputing into one weight per number and one per absence."""
        imputer, scaler = encoder.named_transformers_["numbers"]
        numbers = len(self.numbers_)
        scaled = weights[: len(scaler.mean_)] / scaler.scale_
        self.offset_ -= float(scaled @ scaler.mean_)
        self.weights_, self.fill_ = scaled[:numbers], imputer.statistics_
        self.absence_ = np.zeros(numbers)
        self.absence_[imputer.indicator_.features_] = scaled[numbers:]
        self.tables_: list[tuple[Any, Any]] = []
        start = len(scaled)
        for values in encoder.named_transformers_["codes"].categories_ if len(self.codes_) else ():
            self.tables_.append((values.astype(np.float32), weights[start : start + len(values)]))
            start += len(values)

    def _predict(self, X: Matrix) -> Minutes:
        # summed row by row, not by BLAS: a row gives the same number alone and among others
        minutes: Minutes = self.offset_ + self._terms(X).sum(axis=1)
        return minutes

    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Return by how much each term of the sum differs from its mean on training rows."""
        terms = self._terms(X) - self.means_
        return np.full(len(X), self.offset_ + self.means_.sum()), terms

    def _terms(self, X: Matrix) -> Minutes:
        values = np.take(X, self.numbers_, axis=1).astype(np.float64)
        absent = np.isnan(values)
        terms = np.zeros(X.shape, dtype=np.float64)
        terms[:, self.numbers_] = (
            np.where(absent, self.fill_, values) * self.weights_ + absent * self.absence_
        )
        for column, table in zip(self.codes_, self.tables_, strict=True):
            terms[:, column] = self._weights_of(X[:, column], *table)
        return terms

    @staticmethod
    def _weights_of(codes: Matrix, values: Matrix, weights: Minutes) -> Minutes:
        position = np.searchsorted(values, codes).clip(0, len(values) - 1)
        return np.where(values[position] == codes, weights[position], 0.0)

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the movement of predictions in training."""
        return self._as_shares(self.spread_)

    def to_files(self) -> dict[str, bytes]:
        """Return weights as npz, names as JSON."""
        arrays = {name: getattr(self, f"{name}_") for name in _ARRAYS}
        for i, (values, weights) in enumerate(self.tables_):
            arrays |= {f"values_{i}": values, f"weights_{i}": weights}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        facts = {
            "names": self.feature_names_,
            "objective": self.objective,
            "offset": self.offset_,
            "rounds": self.curve_.best_round,
        }
        return {"linear.json": json.dumps(facts).encode(), "linear.npz": buffer.getvalue()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the estimator from its weights."""
        facts = json.loads(files["linear.json"])
        arrays = np.load(io.BytesIO(files["linear.npz"]), allow_pickle=False)
        self = cls(objective=facts["objective"])
        self.feature_names_ = tuple(facts["names"])
        self.n_features_in_ = len(self.feature_names_)
        self.offset_ = facts["offset"]
        for name in _ARRAYS:
            setattr(self, f"{name}_", arrays[name])
        self.tables_ = [
            (arrays[f"values_{i}"], arrays[f"weights_{i}"]) for i in range(len(self.codes_))
        ]
        self.curve_ = LearningCurve(self.objective, best_round=facts["rounds"])
        return self


_ARRAYS = ("numbers", "codes", "weights", "fill", "absence", "spread", "means")
