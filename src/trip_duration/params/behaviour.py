"""The group of the pipeline that checks how a predictor behaves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group, Minutes, Share

Speed = Annotated[float, Field(gt=0)]


class BehaviourParams(Group):
    """What a predictor may not do, whatever its errors; see docs/concepts/behaviour.md.

    Attributes:
        requests: Size of the sample of real requests: training trips, evenly spaced in time.
        busy_pairs: Pairs of zones with the most trips, between which exact checks ask.
        longer_by: Share by which the route of a request is made longer.
        fall_tolerance: Share by which the answer to the longer route may be shorter.
        max_falling_share: Largest share of requests whose answer falls by more.
        min_rush_ratio: Least that the median request takes in the rush hour, as a multiple of
            night.
        rush_tolerance: Share by which a request may be faster in the rush hour than at night.
        max_faster_share: Largest share of requests that are faster by more.
        centre: Borough from which airports have to be far.
        airport_miles: Straight distance at which an airport is far from a zone, miles.
        speed_limit: Fastest that a road allows, miles per hour.
        max_speeding_share: Largest share of ways from the centre to an airport that are faster
            along a straight line.
        neighbour_factor: Largest factor between the pace of a zone without training trips and that
            of the zones around it.
        max_unlike_share: Largest share of requests from and to such zones that are off by more.
        min_usual_share: Share of the trips that are shorter, and share that are longer, than the
            median answer to requests with an unknown zone.
        shortest_minutes: Shortest answer to any request, minutes.
        longest_minutes: Longest answer to any request, minutes, unless walking takes longer.
        walking_speed: Speed below which no distance is driven, miles per hour.
    """

    requests: Annotated[int, Field(ge=100, le=100_000)] = 2_000
    busy_pairs: Annotated[int, Field(ge=1, le=500)] = 40
    longer_by: Annotated[float, Field(gt=0, le=2)] = 0.25
    fall_tolerance: Share = 0.05
    max_falling_share: Share = 0.02
    min_rush_ratio: Annotated[float, Field(gt=0)] = 1.0
    rush_tolerance: Share = 0.05
    max_faster_share: Share = 0.05
    centre: str = "Manhattan"
    airport_miles: Annotated[float, Field(gt=0)] = 2.0
    speed_limit: Speed = 50.0
    max_speeding_share: Share = 0.05
    neighbour_factor: Annotated[float, Field(ge=1)] = 2.0
    max_unlike_share: Share = 0.05
    min_usual_share: Annotated[float, Field(ge=0, le=0.5)] = 0.10
    shortest_minutes: Minutes = 0.5
    longest_minutes: Minutes = 180.0
    walking_speed: Speed = 3.0
