"""The map of errors by pickup zone.

Zones are drawn as filled outlines on plain axes: plotly's own maps fetch a world map from a site
before they draw anything, which neither a closed network nor Kedro-Viz behind one can do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.figures import (
    GREY,
    PALE,
    SCALE,
    Figure,
    Trace,
    colour_bar,
    make_figure,
    note,
)
from trip_duration.params import ReportingParams
from trip_duration.pipelines.reporting.figures_slices import (
    Metrics,
    Slices,
    hardest,
    note_ranked,
    title_slices,
)

# length of a degree of latitude against one of longitude, at 40.7 degrees north
_STRETCH = 1 / math.cos(math.radians(40.7))
_TOO_FEW = "too few test trips"


def draw_error_map(
    slices: Slices,
    zones: pd.DataFrame,
    zone_outlines: dict[str, Any],
    metrics: Metrics,
    params: ReportingParams,
) -> Figure:
    """Draw the zones of the city, coloured by the error of the trips that begin there.

    Args:
        slices: Errors by ``pickup_zone``.
        zones: Names and boroughs of the zones.
        zone_outlines: GeoJSON in degrees, each feature's ``id`` being the zone id.
        metrics: For the error over all test trips.
        params: Trips below which a zone is not ranked.
    """
    records, least = slices["pickup_zone"], params.worst_min_trips
    errors = {record["pickup_zone"]: record for record in records}
    edges = class_edges([record["mae"] for record in errors.values()])
    names = dict(zip(zones["zone"], zones["name"] + ", " + zones["borough"], strict=True))
    worst = hardest(records, least)
    where = f"Pickups in {worst['pickup_name']} are the hardest" if worst else ""
    hidden = {"visible": False, "showgrid": False}
    return make_figure(
        [
            *(_zone(f, names, errors.get(f["id"]), edges) for f in zone_outlines["features"]),
            _legend(edges),
        ],
        title_slices(where, worst, metrics),
        xaxis=hidden,
        yaxis={**hidden, "scaleanchor": "x", "scaleratio": _STRETCH},
        annotations=[
            note(f"grey: {_TOO_FEW}", 0.01, 0.98, xanchor="left"),
            note_ranked("zones of the pickup", records, least),
        ],
        showlegend=False,
        hovermode="closest",
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
    )


def class_edges(errors: list[float]) -> list[float]:
    """Return the bounds of the colour classes: even steps over the middle 90 % of the zones."""
    low, high = np.quantile(errors, [0.05, 0.95]) if errors else (0.0, 1.0)
    return [float(edge) for edge in np.linspace(low, max(high, low + 0.1), len(SCALE) + 1)]


def _zone(
    feature: dict[str, Any], names: dict[int, str], error: dict[str, Any] | None, edges: list[float]
) -> Trace:
    longitudes, latitudes = _outline(feature["geometry"])
    name = names.get(feature["id"], f"zone {feature['id']}")
    return {
        "type": "scatter",
        "mode": "lines",
        "x": longitudes,
        "y": latitudes,
        "fill": "toself",
        "fillcolor": _colour(error["mae"], edges) if error else PALE,
        "line": {"color": "white" if error else GREY, "width": 0.5},
        "hoveron": "fills",
        "hoverinfo": "text",
        "text": f"<b>{name}</b><br>{_words(error) if error else _TOO_FEW}",
        "meta": {"zone": feature["id"], "mae": round(error["mae"], 2) if error else None},
    }


def _outline(geometry: dict[str, Any]) -> tuple[list[float | None], list[float | None]]:
    points = [point for ring in _rings(geometry) for point in (*ring, (None, None))][:-1]
    return [point[0] for point in points], [point[1] for point in points]


def _rings(geometry: dict[str, Any]) -> Iterator[list[tuple[float, float]]]:
    several = geometry["type"] == "MultiPolygon"
    for polygon in geometry["coordinates"] if several else [geometry["coordinates"]]:
        yield from polygon


def _colour(error: float, edges: list[float]) -> str:
    step = int(np.searchsorted(edges[1:-1], error, side="right"))
    return SCALE[step]


def _words(error: dict[str, Any]) -> str:
    side = "low" if error["bias"] < 0 else "high"
    return (
        f"{error['trips']:,} test trips begin here<br>"
        f"off by {error['mae']:.1f} min on average, {error['mae_with_distance']:.1f} with the "
        f"distance<br>lookup table {error['mae_baseline']:.1f} min<br>"
        f"predicted {abs(error['bias']):.1f} min too {side} on average"
    )


def _legend(edges: list[float]) -> Trace:
    """A point that is not seen, for the colour bar of the classes."""
    steps = [
        [bound / len(SCALE), colour]
        for step, colour in enumerate(SCALE)
        for bound in (step, step + 1)
    ]
    ticks = [round(edge, 2) for edge in edges]
    marker = {
        "color": [edges[0]],
        "colorscale": steps,
        "cmin": edges[0],
        "cmax": edges[-1],
        "showscale": True,
        "colorbar": colour_bar(
            "mean error (minutes)",
            tickvals=ticks,
            ticktext=["less", *(f"{tick:.1f}" for tick in ticks[1:-1]), "more"],
            len=0.7,
        ),
    }
    return {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": marker}
