"""Gradient-boosted trees by LightGBM, through its native interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import lightgbm as lgb
from pydantic import BaseModel, ValidationError

from trip_duration.errors import ModelFileError, format_faults
from trip_duration.models.estimator import Estimator, LearningCurve, Matrix, Minutes
from trip_duration.models.leaves import TreeBlocks, predict, share
from trip_duration.models.lightgbm_text import check_text
from trip_duration.models.progress import count_trees
from trip_duration.params import LightGBMParams, Objective
from trip_duration.params.types import Threads

_LOSSES = {"absolute_error": "l1", "squared_error": "l2"}
# one thread answers one request sooner than several that have to be woken
_FEW_ROWS = 4
# from so many on, rows in blocks are faster, and making the blocks pays
_MANY_ROWS, _MANY_TREES = 4_000, 128


class _Facts(BaseModel):
    """What is kept beside the text."""

    names: tuple[str, ...]
    objective: Objective
    num_threads: Threads


class LightGBM(Estimator):
    """Boosted trees that stop when the validation loss no longer falls.

    Deterministic: row-wise histograms, fixed seed and number of threads. Source: LightGBM's manual,
    "deterministic".

    Args:
        params: LightGBM's settings.
        objective: Loss that training minimises.
        seed: Seed of bagging and feature sampling.
        num_threads: Threads in training, and of many predictions.
        quantile: If given, this quantile is estimated, whatever the objective.
    """

    family: ClassVar[str] = "lightgbm"

    def __init__(
        self,
        params: LightGBMParams | None = None,
        objective: Objective = "absolute_error",
        seed: int = 0,
        num_threads: int = 2,
        quantile: float | None = None,
    ) -> None:
        """Keep the settings, as scikit-learn asks."""
        self.params = params
        self.objective = objective
        self.seed = seed
        self.num_threads = num_threads
        self.quantile = quantile

    def _fit(self, X: Matrix, y: Minutes, eval_set: tuple[Matrix, Minutes] | None) -> None:
        params = self.params or LightGBMParams()
        settings = self._settings(params)
        names = list(self.feature_names_)
        train = lgb.Dataset(X, y, feature_name=names, params=settings)
        watched = [train]
        losses: dict[str, dict[str, list[float]]] = {}
        callbacks: list[Any] = [lgb.record_evaluation(losses)]
        if eval_set is not None:
            watched.append(lgb.Dataset(*eval_set, reference=train, params=settings))
            callbacks.append(_stop_early(params.early_stopping_rounds))
        with count_trees(params.num_trees) as step:
            booster = lgb.train(
                settings,
                train,
                num_boost_round=params.num_trees,
                valid_sets=watched,
                valid_names=["train", "validation"][: len(watched)],
                callbacks=[*callbacks, step],
            )
        self._keep(booster, booster.best_iteration or booster.current_iteration(), losses)

    def for_rounds(self, rounds: int) -> Self:
        """Return an unfitted estimator with this number of trees."""
        params = (self.params or LightGBMParams()).model_copy(update={"num_trees": rounds})
        return type(self)(**{**self.get_params(), "params": params})

    def settings(self) -> dict[str, Any]:
        """Return LightGBM's parameters, the most trees, and the rounds without a gain that stop."""
        params = self.params or LightGBMParams()
        return {
            **self._settings(params),
            "num_boost_round": params.num_trees,
            "early_stopping_rounds": params.early_stopping_rounds,
        }

    def _settings(self, params: LightGBMParams) -> dict[str, Any]:
        chosen = params.model_dump(exclude={"num_trees", "early_stopping_rounds"})
        loss: dict[str, Any] = {"objective": _LOSSES[self.objective]}
        if self.quantile is not None:
            loss = {"objective": "quantile", "alpha": self.quantile}
        return {
            **chosen,
            **loss,
            "metric": loss["objective"],
            "bagging_freq": 1,
            "seed": self.seed,
            "num_threads": self.num_threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }

    def _keep(self, booster: lgb.Booster, rounds: int, losses: Mapping[str, Any]) -> None:
        # the model is kept as the text that will be saved, so that a loaded one gives its numbers
        text = booster.model_to_string(num_iteration=rounds)
        self.booster_ = lgb.Booster(model_str=text)
        self.text_ = text
        curves = {name: next(iter(metrics.values())) for name, metrics in losses.items()}
        self.curve_ = LearningCurve(
            self.objective, curves["train"], curves.get("validation", []), rounds
        )

    def _predict(self, X: Matrix) -> Minutes:
        if len(X) < _FEW_ROWS:
            return predict(self.booster_, X)
        if len(X) >= _MANY_ROWS and self.booster_.num_trees() >= _MANY_TREES:
            return self._blocks().predict(X, self.num_threads)
        return share(partial(predict, self.booster_), X, self.num_threads)

    def _blocks(self) -> TreeBlocks:
        # made once of each booster
        known, blocks = getattr(self, "_blocks_of", (None, None))
        if blocks is None or known is not self.booster_:
            blocks = TreeBlocks(self.booster_)
            self._blocks_of = self.booster_, blocks
        return blocks

    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Return LightGBM's own contributions, which are exact Shapley values.

        Source: Lundberg and others, Consistent Individualized Feature Attribution for Tree
        Ensembles, 2018.
        """
        work = partial(predict, self.booster_, pred_contrib=True)
        parts = share(work, X, self.num_threads) if len(X) > 1 else work(X)
        return parts[:, -1], parts[:, :-1]

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the gain of all splits."""
        gain = self.booster_.feature_importance("gain")
        return self._as_shares(gain)

    def to_files(self) -> dict[str, bytes]:
        """Return LightGBM's own text, and the names of the features as JSON."""
        facts = {
            "names": self.feature_names_,
            "objective": self.objective,
            "num_threads": self.num_threads,
        }
        return {"lightgbm.json": json.dumps(facts).encode(), "lightgbm.txt": self.text_.encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild the estimator from LightGBM's text.

        Raises:
            ModelFileError: If the text is not sound, or if its trees were trained on other columns,
                or in another order.
        """
        try:
            facts = _Facts.model_validate_json(files["lightgbm.json"])
        except ValidationError as error:
            raise ModelFileError(f"lightgbm.json: {format_faults(error)}") from None
        self = cls(objective=facts.objective, num_threads=facts.num_threads)
        self.feature_names_ = facts.names
        self.n_features_in_ = len(self.feature_names_)
        trees = check_text(files["lightgbm.txt"], self.n_features_in_)
        try:
            self.booster_ = lgb.Booster(model_str=trees.decode())
        except lgb.basic.LightGBMError as error:
            raise ModelFileError(f"lightgbm.txt: LightGBM cannot read it: {error}") from None
        self.text_ = files["lightgbm.txt"].decode()
        trained_on = tuple(self.booster_.feature_name())
        if trained_on != self.feature_names_:
            raise ModelFileError(
                f"lightgbm.txt: its trees were trained on the columns {', '.join(trained_on)}, but "
                f"lightgbm.json names {', '.join(self.feature_names_)}. The files do not belong "
                "together."
            )
        self.curve_ = LearningCurve(self.objective, best_round=self.booster_.current_iteration())
        return self


def _stop_early(rounds: int) -> Any:
    return lgb.early_stopping(rounds, first_metric_only=True, verbose=False)
