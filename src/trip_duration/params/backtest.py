"""Groups of the pipelines that judge over many months, and that compare candidates."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from trip_duration.params.model import ModelType, Sources
from trip_duration.params.types import AsWords, Group, Months, Seed, Share, SomeWords

# each family once, whatever the names it is given by
Families = Annotated[
    tuple[ModelType, ...],
    AsWords,
    SomeWords,
    AfterValidator(lambda names: (*dict.fromkeys(names),)),
]
FeatureSets = Annotated[tuple[str, ...], AsWords, SomeWords]


class FoldParams(Group):
    """Which months are tested, and what is known when a model for them is trained.

    Attributes:
        months: Months to test on. Empty means all from the first processed month to the last.
        window: Months before a test month that its model learns from.
        delay: Whole months before a test month that are not published yet when its model is
            trained. TLC publishes about two months late.
        families: Families of estimators, separated by spaces; names as of ``model_type``.
    """

    months: Months = ()
    window: Annotated[int, Field(ge=1, le=24)] = 2
    delay: Annotated[int, Field(ge=0, le=12)] = 0
    families: Families = ("lightgbm",)


class BacktestParams(FoldParams):
    """What the backtest tests.

    Attributes:
        stale_months: Longest time, months, that a model is kept in service for the curve of stale
            champions; 1 tests each model in its first month only.
        specialists: Train models for a single kind of request as well, to see what is lost by
            serving both kinds with one predictor.
        tolerance: Difference from the asked coverage beyond which it has drifted out.
    """

    stale_months: Annotated[int, Field(ge=1, le=60)] = 12
    specialists: bool = False
    tolerance: Share = 0.015


class ComparisonParams(FoldParams):
    """What is compared, and how sure a difference has to be.

    Attributes:
        feature_sets: Names of the feature sets that each family is given, separated by spaces.
        sources: Feature sources of each feature set, by its name.
        tolerance: Share of the best candidate's error below which a difference does not matter.
        confidence: Share of the intervals of differences that hold the true one.
        replicates: Resamples of the bootstrap.
        seed: Seed of the resamples.
    """

    families: Families = ("lightgbm", "linear", "lookup")
    feature_sets: FeatureSets = ("all",)
    sources: dict[str, Sources] = Field(json_schema_extra={"kind": "words by name"})
    tolerance: Share = 0.01
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    replicates: Annotated[int, Field(ge=100, le=100_000)] = 2_000
    seed: Seed = 0

    @model_validator(mode="after")
    def _known_sets(self) -> Self:
        unknown = [name for name in self.feature_sets if name not in self.sources]
        if unknown:
            raise ValueError(
                f"feature_sets names {', '.join(unknown)}, sources has {', '.join(self.sources)}"
            )
        return self
