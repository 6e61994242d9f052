"""Groups of the pipelines that make features and models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from trip_duration.params.types import (
    AsWords,
    Group,
    Seed,
    Share,
    SomeMonths,
    SomeWords,
    Threads,
)

# what is known before the trip: the clock, the map, earlier trips, and what the caller says
Source = Literal["calendar", "zones", "history", "request"]
Sources = Annotated[tuple[Source, ...], AsWords, SomeWords]


class HistoryParams(Group):
    """Typical values of a zone pair, learnt from training rows.

    Attributes:
        smoothing: Trips' worth of weight that the next coarser level has in a pair's value.
        folds: Folds by day in which training rows get values learnt from the other folds.
    """

    smoothing: Annotated[float, Field(gt=0)] = 20.0
    folds: Annotated[int, Field(ge=2, le=50)] = 5


class SelectionParams(Group):
    """Selection of features by what a small model makes of them.

    Attributes:
        sources: Sources whose features may be used, separated by spaces.
        method: ``none`` keeps all; ``gain`` ranks by the gain of a small model's splits;
            ``permutation`` by the rise of its error on the validation window.
        min_share: Smallest share of the total importance that a kept feature has.
        rows: Training rows that the small model sees.
        trees: Trees of the small model.
    """

    sources: Sources = ("calendar", "zones", "history", "request")
    method: Literal["none", "gain", "permutation"] = "gain"
    min_share: Share = 0.0005
    rows: Annotated[int, Field(ge=100)] = 100_000
    trees: Annotated[int, Field(ge=5)] = 60


class FeatureEngineeringParams(Group):
    """Splits by time, and the features.

    Attributes:
        train_months: Months that the model learns from.
        test_months: Months that it is judged on; all later than the training months.
        validation_days: Days at the end of training kept aside for early stopping.
        seed: Seed of the small model of the selection.
        num_threads: Threads of the small model of the selection.
        presentation: How a training trip is shown to the model: with its distance, without it, or
            both, one after the other, so that one model serves both kinds of request.
        refit: Fit transformer and estimator once more to all known trips, those of the validation
            window included, for as many rounds as validation has found.
        history: Typical values of zone pairs.
        selection: Selection of features.
    """

    train_months: SomeMonths
    test_months: SomeMonths
    validation_days: Annotated[int, Field(ge=1, le=366)] = 7
    seed: Seed = 0
    num_threads: Threads = 2
    presentation: Literal["both", "with_distance", "without_distance"] = "both"
    refit: bool = True
    history: HistoryParams = HistoryParams()
    selection: SelectionParams = SelectionParams()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.train_months[-1] >= self.test_months[0]:
            raise ValueError(
                f"training must end before the test begins: train_months end with "
                f"{self.train_months[-1]}, test_months begin with {self.test_months[0]}"
            )
        return self


Objective = Literal["absolute_error", "squared_error"]


class LightGBMParams(Group):
    """Gradient-boosted trees, under LightGBM's own names.

    Attributes:
        num_trees: Trees at most; training stops earlier when the validation loss no longer falls.
        learning_rate: Share of each tree's answer that is added.
        num_leaves: Leaves of a tree at most.
        min_data_in_leaf: Training rows of a leaf at least.
        feature_fraction: Share of the features that each tree may use.
        bagging_fraction: Share of the rows that each tree sees.
        lambda_l2: Penalty on the squares of the leaves' values.
        max_bin: Bins of a feature at most.
        early_stopping_rounds: Trees without a better validation loss after which training stops.
    """

    num_trees: Annotated[int, Field(ge=1)] = 4_000
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.04
    num_leaves: Annotated[int, Field(ge=2)] = 127
    min_data_in_leaf: Annotated[int, Field(ge=1)] = 40
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.7
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    lambda_l2: Annotated[float, Field(ge=0)] = 1.0
    max_bin: Annotated[int, Field(ge=15, le=65_535)] = 255
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 80


class LinearParams(Group):
    """Linear regression on scaled and one-hot coded features.

    Attributes:
        alpha: Strength of the penalty.
        max_iter: Passes over the training rows at most.
        tol: Fall of the loss below which a pass counts as no progress, minutes.
    """

    alpha: Annotated[float, Field(gt=0)] = 1e-5
    max_iter: Annotated[int, Field(ge=1)] = 40
    tol: Annotated[float, Field(gt=0)] = 1e-3


class LookupParams(Group):
    """The lookup table that every model is compared with.

    Attributes:
        min_trips: Fewest training trips of a cell whose median is trusted; below it the next
            coarser level answers.
    """

    min_trips: Annotated[int, Field(ge=1)] = 10


class RandomForestParams(Group):
    """Trees that are grown apart and averaged, under scikit-learn's own names.

    Attributes:
        n_estimators: Trees.
        max_samples: Share of the rows that each tree sees.
        max_features: Share of the features that each split may choose from.
        min_samples_leaf: Training rows of a leaf at least.
        max_depth: Splits from the root to a leaf at most.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 60
    max_samples: Annotated[float, Field(gt=0, le=1)] = 0.3
    max_features: Annotated[float, Field(gt=0, le=1)] = 0.4
    min_samples_leaf: Annotated[int, Field(ge=1)] = 10
    max_depth: Annotated[int, Field(ge=1)] = 24


class XGBoostParams(Group):
    """Gradient-boosted trees, under XGBoost's own names.

    Attributes:
        n_estimators: Trees at most; training stops when the validation loss no longer falls.
        learning_rate: Share of each tree's answer that is added.
        max_leaves: Leaves of a tree at most.
        min_child_weight: Weight of a leaf's training rows at least.
        colsample_bytree: Share of the features that each tree may use.
        subsample: Share of the rows that each tree sees.
        reg_lambda: Penalty on the squares of the leaves' values.
        max_bin: Bins of a feature at most.
        early_stopping_rounds: Trees without a better validation loss after which training stops.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 2_000
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    max_leaves: Annotated[int, Field(ge=2)] = 127
    min_child_weight: Annotated[float, Field(ge=0)] = 40.0
    colsample_bytree: Annotated[float, Field(gt=0, le=1)] = 0.7
    subsample: Annotated[float, Field(gt=0, le=1)] = 0.8
    reg_lambda: Annotated[float, Field(ge=0)] = 1.0
    max_bin: Annotated[int, Field(ge=15)] = 255
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 50


class QuantileParams(LightGBMParams):
    """The trees that estimate the ends of the intervals: fewer and smaller than the estimator's."""

    num_trees: Annotated[int, Field(ge=1)] = 400
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.15
    num_leaves: Annotated[int, Field(ge=2)] = 63
    lambda_l2: Annotated[float, Field(ge=0)] = 0.0
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 20


class IntervalParams(Group):
    """Intervals: quantile trees, calibrated on the validation window.

    Attributes:
        coverage: Share of trips that the intervals are to hold.
        drift_margin: Share added to it in calibration, because the months to come are harder to
            foretell than the days before them; measured by the backtest.
        bands: Bands of predicted duration that are calibrated apart, for requests without and with
            a distance each.
        quantiles: Settings of the quantile trees.
    """

    coverage: Annotated[float, Field(ge=0.5, le=0.98)] = 0.90
    drift_margin: Annotated[float, Field(ge=0, le=0.1)] = 0.015
    bands: Annotated[int, Field(ge=1, le=50)] = 6
    quantiles: QuantileParams = QuantileParams()


# other names by which users may know a family
FAMILY_ALIASES = {"linear_regression": "linear"}


def _own_name(family: object) -> object:
    return FAMILY_ALIASES.get(family, family) if isinstance(family, str) else family


ModelType = Annotated[
    Literal["lookup", "linear", "random_forest", "xgboost", "lightgbm"], BeforeValidator(_own_name)
]


class ModellingParams(Group):
    """The family, what it minimises, and its settings.

    Attributes:
        model_type: Family of the estimator; ``linear_regression`` is another name of ``linear``.
        objective: Loss that training minimises.
        seed: Seed of everything drawn.
        num_threads: Threads in training. Fixed, because sums depend on it in the last digit.
        train_rows: Training trips predicted for the training metrics, evenly spaced; 0 means all.
        lookup: Settings of ``lookup``, the baseline.
        linear: Settings of ``linear``.
        random_forest: Settings of ``random_forest``.
        xgboost: Settings of ``xgboost``.
        lightgbm: Settings of ``lightgbm``.
        intervals: Coverage and calibration of the intervals.
    """

    model_type: ModelType
    objective: Objective = "absolute_error"
    seed: Seed = 0
    num_threads: Threads = 2
    train_rows: Annotated[int, Field(ge=0)] = 50_000
    lookup: LookupParams = LookupParams()
    linear: LinearParams = LinearParams()
    random_forest: RandomForestParams = RandomForestParams()
    xgboost: XGBoostParams = XGBoostParams()
    lightgbm: LightGBMParams = LightGBMParams()
    intervals: IntervalParams = IntervalParams()
