"""Typed parameter groups, one for each pipeline, and the few choices made on the command line.

Every group is frozen and refuses names it does not know. Kedro validates a group before any node
runs wherever a node asks for it by type; ``Parameters`` validates them all together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from trip_duration.errors import ParameterError
from trip_duration.months import parse_months

SYNTHETIC = "synthetic"


class Service(StrEnum):
    """The taxi services that this project reads."""

    GREEN = "green"
    YELLOW = "yellow"


def _without_credentials(root: str) -> str:
    # the value itself is never repeated: it would end in a log
    try:
        parts = [urlsplit(link) for link in root.split("::")]  # fsspec chains addresses with ::
    except ValueError:
        raise ValueError("is not an address: expected a folder or <protocol>://<place>") from None
    if any(part.username or part.password or part.query for part in parts):
        raise ValueError(
            "must not carry a user, a password or a query: give credentials through the environment"
        )
    return root.rstrip("/") or "/"


Months = Annotated[tuple[str, ...], BeforeValidator(parse_months)]
SomeMonths = Annotated[Months, Field(min_length=1)]
SourceRoot = Annotated[str, Field(min_length=1), AfterValidator(_without_credentials)]
Share = Annotated[float, Field(ge=0, le=1)]
Minutes = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Threads = Annotated[int, Field(ge=1)]


class Group(BaseModel):
    """Base of all groups: frozen, and closed to unknown names; errors do not repeat values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class MonthChoice(Group):
    """Which months a run is about.

    Attributes:
        service: Taxi service whose files are read.
        months: Months to ingest and process. Empty means those of training and test.
        train_months: Months that the model learns from; the last days are its validation window.
        test_months: Months that the model is judged on.
    """

    service: Service
    months: Months = ()
    train_months: Months = ()
    test_months: Months = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The months to ingest and process, in calendar order."""
        return self.months or tuple(sorted({*self.train_months, *self.test_months}))

    @model_validator(mode="after")
    def _some_month(self) -> Self:
        if not self.wanted:
            raise ValueError("no month is named: set train_months and test_months, or months")
        return self


class CityParams(Group):
    """The synthetic city, which publishes months in TLC's own form.

    Attributes:
        trips: Records in an average month.
        seed: Seed of everything drawn.
        dirt: Whether the kinds of dirt met in real files are mixed in, at their real rates.
    """

    trips: Annotated[int, Field(ge=100, le=10_000_000)] = 60_000
    seed: Seed = 20_230_101
    dirt: bool = True


class IngestionParams(MonthChoice):
    """Where months come from.

    Attributes:
        source_root: ``synthetic``, an https URL, a folder, or any fsspec URL that holds the
            publisher's layout.
        refresh: Fetch again even what looks unchanged at the source.
        attempts: Tries for each file before giving up.
        timeout: Seconds without an answer after which a try has failed.
        city: The synthetic city.
    """

    source_root: SourceRoot
    refresh: bool = False
    attempts: Annotated[int, Field(ge=1, le=20)] = 4
    timeout: Annotated[float, Field(gt=0)] = 60.0
    city: CityParams = CityParams()


class RuleParams(Group):
    """Bounds outside which a trip is rejected, or its distance is made null.

    Attributes:
        min_duration: Shortest trip kept, minutes.
        max_duration: Longest trip kept, minutes.
        min_distance: Metered distance below which it is made null, miles.
        max_distance: Metered distance above which it is made null, miles.
        max_speed: Fastest implied speed kept, miles per hour.
    """

    min_duration: Minutes = 1.0
    max_duration: Minutes = 180.0
    min_distance: Annotated[float, Field(ge=0)] = 0.0
    max_distance: Annotated[float, Field(gt=0)] = 100.0
    max_speed: Annotated[float, Field(gt=0)] = 100.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_duration >= self.max_duration:
            raise ValueError("min_duration must be below max_duration")
        if self.min_distance >= self.max_distance:
            raise ValueError("min_distance must be below max_distance")
        return self


class MonthGateParams(Group):
    """What a processed month must look like before a model may learn from it.

    Attributes:
        min_rows: Fewest trips kept.
        max_rejected_share: Largest share of rows rejected.
        max_unknown_zone_share: Largest share of rows rejected for an unknown zone.
        min_median_duration: Lowest median duration, minutes.
        max_median_duration: Highest median duration, minutes.
    """

    min_rows: Annotated[int, Field(ge=1)] = 1_000
    max_rejected_share: Share = 0.25
    max_unknown_zone_share: Share = 0.10
    min_median_duration: Minutes = 3.0
    max_median_duration: Minutes = 40.0


class DataProcessingParams(MonthChoice):
    """How raw months become trips."""

    rules: RuleParams = RuleParams()
    gate: MonthGateParams = MonthGateParams()


class HistoryParams(Group):
    """Typical values of a zone pair, learnt from training rows.

    Attributes:
        smoothing: Trips' worth of weight that the next coarser level has in a pair's value.
        folds: Folds by day in which training rows get values learnt from the other folds.
    """

    smoothing: Annotated[float, Field(gt=0)] = 20.0
    folds: Annotated[int, Field(ge=2, le=50)] = 5


class SelectionParams(Group):
    """Selection of features on the validation window.

    Attributes:
        method: ``none`` keeps all; ``gain`` ranks by the gain of a small model's splits;
            ``permutation`` by the rise of its error on the validation window.
        min_share: Smallest share of the total importance that a kept feature has.
        rows: Training rows that the small model sees.
        trees: Trees of the small model.
    """

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
        history: Typical values of zone pairs.
        selection: Selection of features.
    """

    train_months: SomeMonths
    test_months: SomeMonths
    validation_days: Annotated[int, Field(ge=1, le=366)] = 7
    seed: Seed = 0
    num_threads: Threads = 2
    presentation: Literal["both", "with_distance", "without_distance"] = "both"
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

    num_trees: Annotated[int, Field(ge=1)] = 2_000
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    num_leaves: Annotated[int, Field(ge=2)] = 127
    min_data_in_leaf: Annotated[int, Field(ge=1)] = 40
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.7
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    lambda_l2: Annotated[float, Field(ge=0)] = 1.0
    max_bin: Annotated[int, Field(ge=15, le=65_535)] = 255
    early_stopping_rounds: Annotated[int, Field(ge=1)] = 50


class LinearParams(Group):
    """Linear regression on scaled and one-hot coded features.

    Attributes:
        alpha: Strength of the penalty.
        max_iter: Passes over the training rows at most.
        tol: Fall of the loss below which a pass counts as no progress.
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


ModelType = Literal["lightgbm", "linear"]


class ModellingParams(Group):
    """The family, what it minimises, and its settings.

    Attributes:
        model_type: Family of the estimator.
        objective: Loss that training minimises.
        seed: Seed of everything drawn.
        num_threads: Threads in training. Fixed, because sums depend on it in the last digit.
        train_rows: Training trips predicted for the training metrics, evenly spaced; 0 means all.
        lookup: Settings of the baseline.
        lightgbm: Settings of ``lightgbm``.
        linear: Settings of ``linear``.
    """

    model_type: ModelType
    objective: Objective = "absolute_error"
    seed: Seed = 0
    num_threads: Threads = 2
    train_rows: Annotated[int, Field(ge=0)] = 50_000
    lookup: LookupParams = LookupParams()
    lightgbm: LightGBMParams = LightGBMParams()
    linear: LinearParams = LinearParams()


class ReportingParams(Group):
    """What the reports show.

    Attributes:
        sample_rows: Test predictions drawn in scatter figures.
        min_slice: Trips below which a slice is neither given nor drawn.
        seed: Seed of the sample.
    """

    sample_rows: Annotated[int, Field(ge=1)] = 4_000
    min_slice: Annotated[int, Field(ge=1)] = 30
    seed: Seed = 0


class Parameters(Group):
    """All parameters of the project: the groups, and the choices given on the command line."""

    ingestion: IngestionParams
    data_processing: DataProcessingParams
    feature_engineering: FeatureEngineeringParams
    modelling: ModellingParams
    reporting: ReportingParams

    source_root: SourceRoot | None = None
    service: Service | None = None
    months: Months = ()
    train_months: Months = ()
    test_months: Months = ()
    model_type: ModelType | None = None
    experiment_name: str | None = None
    seed: Seed | None = None


def read_parameters(raw: dict[str, Any]) -> Parameters:
    """Validate all parameters at once.

    Args:
        raw: Kedro's merged parameters, plain or already typed.

    Returns:
        The typed parameters.

    Raises:
        ParameterError: If any is unknown or wrong; the message has a line for each, by name.
    """
    try:
        return Parameters.model_validate(raw)
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors(include_url=False)]
        raise ParameterError("parameters refused:\n" + "\n".join(lines)) from None


def _describe(detail: Any) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"- {name}: unknown parameter. Look for a typing error; the names are in conf/base."
    return f"- {name}: {detail['msg']}"
