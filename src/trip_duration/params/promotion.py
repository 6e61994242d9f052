"""The group of the pipeline that judges a challenger."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group, Months, Seed, Share

Positive = Annotated[float, Field(gt=0)]


class PromotionParams(Group):
    """What a challenger has to be worth; see docs/how-to/promote-and-roll-back.md.

    Attributes:
        register_runs: Register the predictor of a run as the challenger if it is fit for
            production.
        test_months: Months on whose trips challenger and champion are judged.
        auto_promote: Promote the challenger if it passes.
        min_gain: Least share by which its MAE is below that of the lookup table, without distance.
        max_loss: Share by which its MAE may be above the champion's, the upper end of the
            interval of the difference being held against it.
        confidence: Share of the intervals of differences that hold the true one.
        replicates: Resamples of the bootstrap.
        seed: Seed of the resamples.
        max_slice_loss: Share by which its MAE may be above the champion's in any slice.
        min_slice_trips: Trips below which a slice is not judged.
        max_borough_ratio: Largest ratio of its errors, as shares of the mean duration, between the
            boroughs in which trips begin.
        min_borough_gain: Least share by which its MAE is below that of the lookup table in each
            borough, without distance.
        min_borough_trips: Trips below which a borough is not compared.
        max_coverage_error: Largest difference between the share of trips that intervals hold and
            the share they promise.
        max_megabytes: Largest size of its files, megabytes.
        max_milliseconds: Longest median time of one request alone, milliseconds.
    """

    register_runs: bool = True
    test_months: Months = ()
    auto_promote: bool = False
    min_gain: Share = 0.05
    max_loss: Share = 0.02
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    replicates: Annotated[int, Field(ge=100, le=100_000)] = 2_000
    seed: Seed = 0
    max_slice_loss: Share = 0.10
    min_slice_trips: Annotated[int, Field(ge=1)] = 1_000
    max_borough_ratio: Annotated[float, Field(ge=1)] = 1.75
    min_borough_gain: Share = 0.05
    min_borough_trips: Annotated[int, Field(ge=1)] = 200
    max_coverage_error: Share = 0.03
    max_megabytes: Positive = 100.0
    max_milliseconds: Positive = 20.0
