"""Groups of the pipelines that bring and clean data."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from trip_duration.params.types import (
    Group,
    Minutes,
    MonthChoice,
    Seed,
    Share,
    SourceRoot,
)


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
    min_distance: Annotated[float, Field(ge=0)] = 0.01
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
