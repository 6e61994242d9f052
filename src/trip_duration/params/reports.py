"""Groups of the pipelines that explain predictions and report on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group, Seed


class ExplanationParams(Group):
    """How many test trips are explained.

    Attributes:
        explained_rows: Test trips whose predictions are taken apart, evenly spaced, every other one
            with its distance.
        permuted_rows: Test trips, evenly spaced, among which the values of each feature are
            shuffled once.
        seed: Seed of the shuffling.
    """

    explained_rows: Annotated[int, Field(ge=2)] = 300
    permuted_rows: Annotated[int, Field(ge=2)] = 2_000
    seed: Seed = 0


class ReportingParams(Group):
    """What the reports show.

    Attributes:
        sample_rows: Test predictions drawn in scatter figures.
        min_slice: Trips below which a slice is neither given nor drawn.
        worst_min_trips: Trips below which a slice is not ranked among the worst, and a borough not
            compared with the others.
        seed: Seed of the sample.
    """

    sample_rows: Annotated[int, Field(ge=1)] = 4_000
    min_slice: Annotated[int, Field(ge=1)] = 30
    worst_min_trips: Annotated[int, Field(ge=1)] = 200
    seed: Seed = 0
