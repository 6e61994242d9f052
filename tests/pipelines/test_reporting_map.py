from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from trip_duration.evaluation.figures import SCALE
from trip_duration.params import ReportingParams
from trip_duration.pipelines.reporting.figures_map import class_edges, draw_error_map

RANKED = ReportingParams(worst_min_trips=40)
METRICS = {"test": {"request": {"mae": 3.5}}}


def _slice(mae: float, **keys: Any) -> dict[str, Any]:
    errors = {"mae": mae, "mae_with_distance": mae / 2, "mae_baseline": 2 * mae, "bias": -1.0}
    return {**keys, "trips": 40, **errors}


def _map(slices: list[dict[str, Any]]) -> Any:
    ring = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    outlines = [
        {"id": 1, "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {"id": 2, "geometry": {"type": "MultiPolygon", "coordinates": [[ring], [ring]]}},
        {"id": 3, "geometry": {"type": "Polygon", "coordinates": [ring]}},
    ]
    zones = pd.DataFrame(
        {"zone": [1, 2, 3], "name": ["Park", "Square", "Pier"], "borough": ["Bronx"] * 3}
    )
    return draw_error_map({"pickup_zone": slices}, zones, {"features": outlines}, METRICS, RANKED)


def test_map_colours_zones_by_their_error() -> None:
    slices = [
        _slice(2.0, pickup_zone=1, pickup_name="Park"),
        _slice(9.0, pickup_zone=2, pickup_name="Square"),
    ]
    park, square, pier, _ = _map(slices).data
    assert [zone.meta["mae"] for zone in (park, square, pier)] == [2.0, 9.0, None]
    assert (park.fillcolor, square.fillcolor) == (SCALE[0], SCALE[-1])
    assert pier.text == "<b>Pier, Bronx</b><br>too few test trips"
    assert "off by 9.0 min on average, 4.5 with the distance" in square.text
    assert "predicted 1.0 min too low on average" in square.text


def test_map_closes_the_parts_of_a_zone_apart() -> None:
    park, square, *_ = _map([]).data
    assert park.x == (0, 0, 1, 0)
    assert square.y == (0, 1, 1, 0, None, 0, 1, 1, 0)


def test_map_without_any_error_is_all_grey() -> None:
    figure = _map([])
    assert len({zone.fillcolor for zone in figure.data[:3]}) == 1
    assert figure.layout.title.text == (
        "Predictions of all test trips are off by 3.5 minutes on average"
    )


def test_a_zone_of_few_trips_is_coloured_but_not_called_the_hardest() -> None:
    few = {**_slice(19.2, pickup_zone=1, pickup_name="Park"), "trips": 39}
    figure = _map([few, _slice(9.0, pickup_zone=2, pickup_name="Square")])
    assert figure.data[0].meta["mae"] == 19.2
    assert figure.layout.title.text.startswith("Pickups in Square are the hardest (40 trips): 9.0")
    assert "ranked: the 1 of 2 zones of the pickup with at least 40 test trips" in {
        words.text for words in figure.layout.annotations
    }


def test_classes_of_the_map_are_even_and_never_empty() -> None:
    edges = class_edges([0.0, 100.0])
    assert (edges[0], edges[-1]) == pytest.approx((5, 95))
    assert len(edges) == len(SCALE) + 1
    assert len(set(class_edges([3.0]))) == len(SCALE) + 1
