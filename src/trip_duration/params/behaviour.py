"""The group of the pipeline that checks how a predictor behaves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trip_duration.params.types import Group, Minutes, Share

Speed = Annotated[float, Field(gt=0)]


class BehaviourParams(Group):
    """What a predictor may not do, whatever its errors; see docs/concepts/behaviour.md.

    Attributes:
        gate: Whether a run ends in an error if a check fails.
        busy_pairs: Pairs of zones with the most trips, on which distance and hours are looked at.
        max_drop: Share of an answer by which that to a longer distance may be shorter.
        min_rush_ratio: Least that the median pair takes in the rush hour, as a multiple of night.
        rush_tolerance: Share by which a pair may be faster in the rush hour without being counted.
        max_faster_pairs: Share of the pairs that may be counted so.
        centre: Borough from which airports have to be far.
        airport_miles: Straight distance at which an airport is far from a zone, miles.
        max_airport_speed: Fastest that an airport is reached, along a straight line, miles per
            hour.
        max_neighbour_factor: Largest factor between the answer from a zone without training trips
            and that from the zones around it.
        min_usual_share: Share of the trips that are shorter, and share that are longer, than the
            median answer to requests with an unknown zone.
        shortest_minutes: Shortest answer to any request, minutes.
        longest_minutes: Longest answer to any request, minutes, unless walking takes longer.
        walking_speed: Speed below which no distance is driven, miles per hour.
    """

    gate: bool = True
    busy_pairs: Annotated[int, Field(ge=1, le=500)] = 40
    max_drop: Share = 0.30
    min_rush_ratio: Annotated[float, Field(gt=0)] = 1.0
    rush_tolerance: Share = 0.05
    max_faster_pairs: Share = 0.05
    centre: str = "Manhattan"
    airport_miles: Annotated[float, Field(gt=0)] = 2.0
    max_airport_speed: Speed = 50.0
    max_neighbour_factor: Annotated[float, Field(ge=1)] = 2.0
    min_usual_share: Annotated[float, Field(ge=0, le=0.5)] = 0.10
    shortest_minutes: Minutes = 0.5
    longest_minutes: Minutes = 180.0
    walking_speed: Speed = 3.0
