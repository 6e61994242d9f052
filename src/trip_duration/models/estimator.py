"""The one interface of all families."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from trip_duration.features.contract import Contract
from trip_duration.params import ModellingParams

Matrix = npt.NDArray[np.float32]
Minutes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LearningCurve:
    """Mean loss after each round of training.

    Attributes:
        loss: Name of the loss.
        train: On the training rows.
        validation: On the validation rows; empty without any.
        best_round: Rounds that the kept model has.
    """

    loss: str
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    best_round: int = 0


class Estimator(Contract):
    """A regressor of durations from the feature matrix; scikit-learn's contract, native files.

    Attributes:
        family: The ``model_type`` by which parameters name the family.
        feature_names_: Names of the columns that it was fitted on.
        n_features_in_: Their number.
        curve_: How the loss fell in training.
    """

    family: ClassVar[str]
    feature_names_: tuple[str, ...]
    n_features_in_: int
    curve_: LearningCurve

    @classmethod
    def from_params(cls, params: ModellingParams) -> Self:
        """Return an unfitted estimator with the settings that parameters have for its family.

        Args:
            params: The group that is called as the family becomes the argument ``params``; other
                arguments of the family take what is called like them.
        """
        own = {"params": getattr(params, cls.family)}
        given = {name: getattr(params, name, None) for name in cls._get_param_names()}
        return cls(**{**given, **own})

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Matrix, Minutes] | None = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Fit on training rows.

        Args:
            X: Features, shape ``(n, features)``; NaN means not known.
            y: Durations, minutes.
            eval_set: Validation rows, for families that stop early. They set no weights.
            feature_names: Names of the columns.
        """
        from sklearn.utils.validation import validate_data  # noqa: PLC0415 - to train

        X, y = validate_data(
            self,
            X,
            y,
            dtype=np.float32,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2,
            y_numeric=True,
        )
        self.feature_names_ = tuple(feature_names or unnamed(X.shape[1]))
        self._fit(X, np.asarray(y, dtype=np.float64), eval_set)
        return self

    def refit(self, first: Self, X: Any, y: Any) -> Self:
        """Fit on more rows than a first estimator had, for as many rounds as were best for it.

        Args:
            first: An estimator of the same settings, fitted with validation rows.
            X: Features of all rows, shape ``(n, features)``.
            y: Durations, minutes.
        """
        again = self.for_rounds(first.curve_.best_round)
        again.fit(X, y, feature_names=first.feature_names_)
        again.curve_ = first.curve_
        return again

    def for_rounds(self, rounds: int) -> Self:
        """Return an unfitted estimator that trains for so many rounds, if its family has rounds."""
        del rounds
        return self

    def predict(self, X: Any) -> Minutes:
        """Return durations in minutes, shape ``(n,)``."""
        if not self._is_own_form(X):
            from sklearn.utils.validation import validate_data  # noqa: PLC0415 - see _is_own_form

            self._require("feature_names_")
            X = validate_data(self, X, dtype=np.float32, ensure_all_finite="allow-nan", reset=False)
        return self._predict(X)

    def _is_own_form(self, X: Any) -> bool:
        # what the feature transformer makes needs no check: one request must not pay for it
        return (
            type(X) is np.ndarray
            and X.dtype == np.float32
            and X.ndim == 2  # noqa: PLR2004
            and len(X) > 0
            and X.shape[1] == getattr(self, "n_features_in_", None)
        )

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return all settings of the training by the names of the library that trains.

        Those that the code fixes are among them; what is not named has the library's own default.
        """

    @abstractmethod
    def _fit(self, X: Matrix, y: Minutes, eval_set: tuple[Matrix, Minutes] | None) -> None:
        """Fit on rows that were checked."""

    @abstractmethod
    def _predict(self, X: Matrix) -> Minutes:
        """Predict rows of the right form."""

    @abstractmethod
    def contributions(self, X: Matrix) -> tuple[Minutes, Minutes]:
        """Say what each feature adds to each prediction.

        Args:
            X: Rows of the form that ``predict`` takes, shape ``(n, features)``.

        Returns:
            The expected duration before any feature is known, shape ``(n,)``, and what each feature
            adds to it, shape ``(n, features)``; minutes. Together they are the prediction.
        """

    @abstractmethod
    def importance(self) -> dict[str, float]:
        """Return the share of each feature in what the model does, adding up to 1."""

    def _as_shares(self, weights: Minutes) -> dict[str, float]:
        """Return weights of the features by name, so that they add up to 1."""
        shares = weights / max(weights.sum(), np.finfo(float).tiny)
        return dict(zip(self.feature_names_, shares.tolist(), strict=True))

    @abstractmethod
    def to_files(self) -> dict[str, bytes]:
        """Return the fitted state in native files, without anything that could run code."""

    @classmethod
    @abstractmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild a fitted estimator from what ``to_files`` returned."""

    def score(self, X: Any, y: Any) -> float:
        """Return the coefficient of determination, as scikit-learn's regressors do."""
        from sklearn.metrics import r2_score  # noqa: PLC0415 - asked by scikit-learn alone

        return float(r2_score(y, self.predict(X)))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that it is a regressor, and that NaN is welcome."""
        from sklearn.utils import RegressorTags  # noqa: PLC0415 - asked by scikit-learn alone

        tags = super().__sklearn_tags__()
        tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        tags.input_tags.allow_nan = True
        return tags


def unnamed(columns: int) -> tuple[str, ...]:
    """Return what columns are called that were given no names."""
    return tuple(f"x{place}" for place in range(columns))
