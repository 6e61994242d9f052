"""The figure of how intervals keep their promise."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.coverage import FEWEST, SLACK
from trip_duration.evaluation.figures import (
    COLOURS,
    GREY,
    INK,
    NAMES,
    Figure,
    Trace,
    axis,
    make_figure,
    note,
)
from trip_duration.evaluation.slices import SUFFIXES, name_slice
from trip_duration.params import ReportingParams
from trip_duration.pipelines.reporting.figures_slices import Metrics, Slices

# kinds of slices that are drawn, from the top, and their titles
_KINDS = {
    "hour_band": "four hours",
    "weekday": "weekday",
    "borough_pair": "pair of boroughs",
    "pickup_borough": "borough of the pickup",
    "airport": "airport",
    "distance": "distance band",
    "pickup_zone": "zone of the pickup",
}
_ALL = "all trips"
_ASIDE = 0.16
_SMALLEST, _LARGEST = 5, 22


def draw_interval_coverage(
    slices: Slices, metrics: Metrics, run_facts: dict[str, Any], params: ReportingParams
) -> Figure:
    """Draw the share of trips that intervals hold, slice by slice, against the promise.

    Args:
        slices: Records by slicing.
        metrics: For the coverage over all test trips.
        run_facts: For the promise.
        params: Trips below which a slice is not drawn.
    """
    promise = run_facts["coverage"]
    if promise is None:
        nothing = [note("no intervals to draw", 0.5, 0.5)]
        return make_figure([], "This predictor gives point estimates only", annotations=nothing)
    test = metrics["test"]
    least = params.worst_min_trips
    traces = [_dots(_rows(slices, test[name], name, least), name) for name in SUFFIXES]
    rows = [_ALL, *_KINDS.values()]
    words = (
        f"slices with at least {least:,} test trips, larger dots for more; "
        f"dotted: the least that is asked of {FEWEST:,} trips"
    )
    return make_figure(
        traces,
        f"Intervals hold {test['request']['coverage']:.1%} of the test trips, "
        f"{test['request_with_distance']['coverage']:.1%} with the distance, "
        f"of {promise:.0%} promised",
        xaxis=axis("trips that lie within their interval", "%", range=_range(traces, promise)),
        yaxis={
            "range": [len(rows) - 0.5, -0.5],
            "tickvals": list(range(len(rows))),
            "ticktext": rows,
            "showgrid": False,
        },
        shapes=[_line(promise, "solid"), _line(promise - SLACK, "dot")],
        annotations=[note(words, 0, 1, yanchor="bottom", xanchor="left", font={"color": INK})],
        height=600,
        legend={"y": 1.05},
    )


def _range(traces: list[Trace], promise: float) -> list[float]:
    shares = [100 * (promise - SLACK), 100 * promise, *(x for trace in traces for x in trace["x"])]
    return [min(shares) - 1, max(shares) + 1]


def _rows(slices: Slices, block: dict[str, float], name: str, min_trips: int) -> list[Any]:
    """Return place, name, trips, coverage and width of all that is drawn of a presentation."""
    suffix = SUFFIXES[name]
    found: list[Any] = [(0, _ALL, block["n"], block["coverage"], block["mean_width"])]
    for place, slicing in enumerate(_KINDS, 1):
        found += [
            (
                place,
                name_slice(slicing, record),
                record["trips"],
                record[f"coverage{suffix}"],
                record[f"width{suffix}"],
            )
            for record in slices[slicing]
            if record["trips"] >= min_trips
        ]
    return found


def _dots(rows: list[Any], name: str) -> Trace:
    most = max(trips for _, _, trips, _, _ in rows)
    aside = _ASIDE if SUFFIXES[name] else -_ASIDE
    grown = [(trips / most) ** 0.5 * (_LARGEST - _SMALLEST) for _, _, trips, _, _ in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": NAMES[name],
        "x": [round(100 * coverage, 2) for _, _, _, coverage, _ in rows],
        "y": [place + aside for place, *_ in rows],
        "customdata": [[what, trips, round(width, 1)] for _, what, trips, _, width in rows],
        "marker": {
            "color": COLOURS[name],
            "opacity": 0.65,
            "size": [round(_SMALLEST + size, 1) for size in grown],
            "line": {"color": "white", "width": 0.5},
        },
        "hovertemplate": "<b>%{customdata[0]}</b>: %{x:.1f} % of %{customdata[1]:,} trips<br>"
        "%{customdata[2]:.1f} min wide on average<extra></extra>",
    }


def _line(share: float, dash: str) -> dict[str, Any]:
    place = {"x0": 100 * share, "x1": 100 * share, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", "layer": "below", "line": {"color": GREY, "dash": dash}, **place}
