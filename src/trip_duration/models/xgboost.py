"""Gradient-boosted trees by XGBoost, through its native interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import xgboost as xgb

from trip_duration.models.estimator import Estimator, LearningCurve, Matrix, Minutes
from trip_duration.models.progress import count_trees
from trip_duration.params import Objective, XGBoostParams

_LOSSES = {
    "absolute_error": ("reg:absoluteerror", "mae"),
    "squared_error": ("reg:squarederror", "rmse"),
}
_FEW_ROWS = 1_000


class XGBoost(Estimator):
    """Boosted trees that grow leaf by leaf and stop when the validation loss no longer falls.

    Deterministic: histograms, fixed seed and number of threads.

    Args:
        params: XGBoost's settings.
        objective: Loss that training minimises.
        seed: Seed of the shares of rows and features.
        num_threads: Threads in training.
    """

    family: ClassVar[str] = "xgboost"

    def __init__(
        self,
        params: XGBoostParams | None = None,
        objective: Objective = "absolute_error",
        seed: int = 0,
        num_threads: int = 2,
    ) -> None:
        """Keep the settings, as scikit-learn asks."""
        self.params = params
        self.objective = objective
        self.seed = seed
        self.num_threads = num_threads

    def _fit(self, X: Matrix, y: Minutes, eval_set: tuple[Matrix, Minutes] | None) -> None:
        params = self.params or XGBoostParams()
        train = xgb.DMatrix(X, y, nthread=self.num_threads)
        watched = [(train, "train")]
        stop = None
        if eval_set is not None:
            watched.append((xgb.DMatrix(*eval_set, nthread=self.num_threads), "validation"))
            stop = params.early_stopping_rounds
        losses: dict[str, dict[str, list[float]]] = {}
        with count_trees(params.n_estimators) as step:
            booster = xgb.train(
                self._settings(params),
                train,
                num_boost_round=params.n_estimators,
                evals=watched,
                early_stopping_rounds=stop,
                evals_result=losses,
                verbose_eval=False,
                callbacks=[_AfterEachTree(step)],
            )
        best = params.n_estimators if stop is None else booster.best_iteration + 1
        self._keep(bytes(booster[:best].save_raw("ubj")))
        self.curve_ = self._curve(losses, best)

    def for_rounds(self, rounds: int) -> Self:
        """Return an unfitted estimator with this number of trees."""
        params = (self.params or XGBoostParams()).model_copy(update={"n_estimators": rounds})
        return type(self)(**{**self.get_params(), "params": params})

    def settings(self) -> dict[str, Any]:
        """Return XGBoost's parameters, the most trees, and the rounds without a gain that stop."""
        params = self.params or XGBoostParams()
        return {
            **self._settings(params),
            "num_boost_round": params.n_estimators,
            "early_stopping_rounds": params.early_stopping_rounds,
        }

    def _settings(self, params: XGBoostParams) -> dict[str, Any]:
        objective, metric = _LOSSES[self.objective]
        return {
            **params.model_dump(exclude={"n_estimators", "early_stopping_rounds"}),
            "objective": objective,
            "eval_metric": metric,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "seed": self.seed,
            "nthread": self.num_threads,
            "verbosity": 0,
        }

    def _curve(self, losses: Mapping[str, Any], rounds: int) -> LearningCurve:
        # XGBoost tells the root of the squared error
        power = 2 if self.objective == "squared_error" else 1
        curves = {
            name: [loss**power for loss in next(iter(metrics.values()))]
            for name, metrics in losses.items()
        }
        return LearningCurve(self.objective, curves["train"], curves.get("validation", []), rounds)

    def _keep(self, raw: bytes) -> None:
        # the model is kept as the bytes that will be saved, so that a loaded one gives its numbers
        self.raw_ = raw
        # threads are settings of a booster, not of a call, and calls must not alter it
        self.booster_, self.alone_ = (
            xgb.Booster({"nthread": threads}, model_file=bytearray(raw))
            for threads in (self.num_threads, 1)
        )

    def _predict(self, X: Matrix) -> Minutes:
        # one thread answers one request sooner than many that have to be woken
        booster = self.alone_ if len(X) < _FEW_ROWS else self.booster_
        minutes: Any = booster.inplace_predict(X, validate_features=False)
        return np.asarray(minutes, dtype=np.float64)

    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Return XGBoost's own contributions, which are exact Shapley values.

        Source: Lundberg and others, Consistent Individualized Feature Attribution for Tree
        Ensembles, 2018.
        """
        booster, threads = (self.alone_, 1) if len(X) == 1 else (self.booster_, self.num_threads)
        rows = xgb.DMatrix(X, nthread=threads)
        parts: Any = booster.predict(rows, pred_contribs=True, validate_features=False)
        parts = parts.astype(np.float64)
        return parts[:, -1], parts[:, :-1]

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the gain of all splits."""
        gains: Any = self.booster_.get_score(importance_type="total_gain")
        gain = np.array([gains.get(f"f{i}", 0.0) for i in range(self.n_features_in_)])
        return self._as_shares(gain)

    def to_files(self) -> dict[str, bytes]:
        """Return XGBoost's own file, and the names of the features as JSON."""
        facts = {
            "names": self.feature_names_,
            "objective": self.objective,
            "num_threads": self.num_threads,
        }
        return {"xgboost.json": json.dumps(facts).encode(), "xgboost.ubj": self.raw_}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the estimator from XGBoost's own file.

        Raises:
            ValueError: If it is none, or of another number of features.
        """
        facts = json.loads(files["xgboost.json"])
        self = cls(objective=facts["objective"], num_threads=facts["num_threads"])
        self.feature_names_ = tuple(facts["names"])
        self.n_features_in_ = len(self.feature_names_)
        self._keep(files["xgboost.ubj"])
        if self.booster_.num_features() != self.n_features_in_:
            raise ValueError(
                f"expected an xgboost.ubj of {self.n_features_in_} features, found one of "
                f"{self.booster_.num_features()}"
            )
        rounds = self.booster_.num_boosted_rounds()
        self.curve_ = LearningCurve(self.objective, best_round=rounds)
        return self


class _AfterEachTree(xgb.callback.TrainingCallback):
    """XGBoost callback: calls something after each tree."""

    def __init__(self, step: Callable[..., None]) -> None:
        super().__init__()
        self._step = step

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Go on."""
        self._step()
        return False
