"""Answers of the service, as the OpenAPI describes them.

``answers`` and ``batch`` write those of the paths that predict; a test holds the two together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class Interval(BaseModel):
    """Minutes between which a share of such trips lies."""

    lower: float
    upper: float
    coverage: float


class ModelName(BaseModel):
    """Which model answered."""

    version: str
    sha256: str
    fallback: bool = Field(description="whether it is the lookup table, for want of a model")


class Answer(BaseModel):
    """An answer without the model's name."""

    prediction_id: str
    duration_minutes: float
    interval: Interval | None
    flags: list[str] = Field(description="ways in which the request is unlike the training trips")


class PredictResponse(Answer):
    """A predicted duration."""

    model: ModelName


class RowFaults(BaseModel):
    """What is wrong with one row of a batch."""

    row: int
    errors: list[dict[str, Any]]


class AnswerColumns(BaseModel):
    """Answers as columns; null in the rows that could not be read."""

    prediction_id: list[str | None]
    duration_minutes: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    flags: list[list[str] | None]


class BatchResponse(BaseModel):
    """Answers in the order of the rows, in the form of the request."""

    rows: int
    predictions: list[Answer | None] | None = None
    columns: AnswerColumns | None = None
    coverage: float | None = None
    errors: list[RowFaults]
    model: ModelName


class Contribution(BaseModel):
    """What one feature adds."""

    feature: str
    minutes: float


class ExplainResponse(PredictResponse):
    """A predicted duration with its reasons: the base and all contributions add up to it."""

    base_minutes: float
    contributions: list[Contribution]


class FeatureMeaning(BaseModel):
    """A line of the feature dictionary."""

    name: str
    meaning: str
    unit: str
    source: str


class ModelResponse(ModelName):
    """What is known of the model that answers."""

    family: str
    source: str | None = Field(
        description='source of the training trips, "synthetic" if they are made up; null if unknown'
    )
    loaded_at: datetime
    coverage: float | None
    train_months: list[str] | None
    data_digest: str | None
    metrics: dict[str, Any] | None
    facts: dict[str, Any]
    features: list[FeatureMeaning]


class Health(BaseModel):
    """Health of the service."""

    status: Literal["ok", "degraded", "unavailable"] = Field(
        description="ok: a verified model answers; degraded: the lookup table answers, with status "
        "200 if it counts as ready; unavailable: nothing answers"
    )
    model_loaded: bool = Field(description="whether a verified model answers")
    version: str | None = Field(description="version of what answers; null if nothing does")


class Readiness(BaseModel):
    """Readiness of the service."""

    ready: bool
    reason: str
    model: ModelName | None
