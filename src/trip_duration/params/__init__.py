"""Typed parameter groups, one for each pipeline, and the few choices made on the command line.

Every group is frozen and refuses names it does not know. Kedro validates a group before any node
runs wherever a node asks for it by type; ``Parameters`` validates them all together.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from trip_duration.errors import ParameterError
from trip_duration.params.backtest import BacktestParams, ComparisonParams, FoldParams
from trip_duration.params.behaviour import BehaviourParams
from trip_duration.params.data import (
    CityParams,
    DataProcessingParams,
    IngestionParams,
    MonthGateParams,
    RuleParams,
)
from trip_duration.params.inference import InferenceParams
from trip_duration.params.model import (
    FeatureEngineeringParams,
    HistoryParams,
    IntervalParams,
    LightGBMParams,
    LinearParams,
    LookupParams,
    ModellingParams,
    ModelType,
    Objective,
    RandomForestParams,
    SelectionParams,
    XGBoostParams,
)
from trip_duration.params.promotion import PromotionParams
from trip_duration.params.recalibration import RecalibrationParams
from trip_duration.params.reports import ExplanationParams, ReportingParams
from trip_duration.params.tuning import Choice, Space, Span, TuningParams
from trip_duration.params.types import (
    SYNTHETIC,
    Group,
    MonthChoice,
    Months,
    Seed,
    Service,
    SourceRoot,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = [
    "SYNTHETIC",
    "BacktestParams",
    "BehaviourParams",
    "Choice",
    "CityParams",
    "ComparisonParams",
    "DataProcessingParams",
    "ExplanationParams",
    "FeatureEngineeringParams",
    "FoldParams",
    "Group",
    "HistoryParams",
    "InferenceParams",
    "IngestionParams",
    "IntervalParams",
    "LightGBMParams",
    "LinearParams",
    "LookupParams",
    "ModelType",
    "ModellingParams",
    "MonthChoice",
    "MonthGateParams",
    "Objective",
    "Parameters",
    "PromotionParams",
    "RandomForestParams",
    "RecalibrationParams",
    "ReportingParams",
    "RuleParams",
    "SelectionParams",
    "Service",
    "Space",
    "Span",
    "TuningParams",
    "XGBoostParams",
    "read_parameters",
]


class Parameters(Group):
    """All parameters of the project: the groups, and the choices given on the command line."""

    ingestion: IngestionParams
    data_processing: DataProcessingParams
    feature_engineering: FeatureEngineeringParams
    modelling: ModellingParams
    behaviour: BehaviourParams
    recalibration: RecalibrationParams
    explanation: ExplanationParams
    reporting: ReportingParams
    backtest: BacktestParams
    comparison: ComparisonParams
    tuning: TuningParams
    promotion: PromotionParams
    inference: InferenceParams

    source_root: SourceRoot | None = None
    service: Service | None = None
    months: Months = ()
    train_months: Months = ()
    test_months: Months = ()
    model_type: ModelType | None = None
    experiment_name: str | None = None
    seed: Seed | None = None
    tuned: str | None = None
    input: str | None = None
    output: str | None = None
    model: str | int | None = None
    version: str | int | None = None


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
        lines = _describe_all(error.errors(include_url=False))
        raise ParameterError("parameters refused:\n" + "\n".join(lines)) from None


def _describe_all(details: Iterable[ErrorDetails]) -> list[str]:
    """Return a line for each refused value; a short name sets the same value in several groups."""
    refused: dict[tuple[str, str], list[str]] = {}
    for detail in details:
        name = ".".join(str(part) for part in detail["loc"])
        refused.setdefault((name.rpartition(".")[2], _reason(detail)), []).append(name)
    return [f"- {_name(short, names)}: {why}" for (short, why), names in refused.items()]


def _name(short: str, names: list[str]) -> str:
    return short if short in names else ", ".join(names)


def _reason(detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(str(detail["loc"][-1]), _names(Parameters), n=1)
        hint = f"Did you mean {near[0]}? The" if near else "The"
        return f"unknown parameter. {hint} names are in conf/base."
    if detail["msg"].startswith("Value error, "):
        return detail["msg"].removeprefix("Value error, ")
    value = detail["input"]
    # an address may have a password in it
    shown = isinstance(value, str | int | float) and "://" not in str(value)
    return f"{detail['msg']}, found {value!r}" if shown else detail["msg"]


def _names(group: type[BaseModel]) -> list[str]:
    """Return the names of all parameters, without those of the groups that they are in."""
    inner = [kind.annotation for kind in group.model_fields.values()]
    groups = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [*group.model_fields, *(name for kind in groups for name in _names(kind))]
