"""Figures of errors by time and place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.figures import (
    INK,
    Figure,
    Trace,
    axis,
    colour_bar,
    colour_scale,
    make_figure,
    note,
)
from trip_duration.evaluation.slices import DAYS
from trip_duration.params import ReportingParams

Slices = dict[str, list[dict[str, Any]]]
Metrics = dict[str, dict[str, dict[str, float]]]


def hardest(slices: list[dict[str, Any]], min_trips: int) -> dict[str, Any] | None:
    """Return the slice with the largest error of those with trips enough to be ranked, if any.

    Args:
        slices: Records of one slicing.
        min_trips: Trips below which the error of a slice is mostly chance.
    """
    ranked = [record for record in slices if record["trips"] >= min_trips]
    return max(ranked, key=lambda record: record["mae"], default=None)


def title_slices(what: str, worst: dict[str, Any] | None, metrics: Metrics) -> str:
    """Write the title of a figure of slices: the one with the largest error, beside all trips.

    Args:
        what: The slice in words, with a verb.
        worst: Its record, if any slice has trips enough.
        metrics: For the error over all test trips.
    """
    overall = metrics["test"]["request"]["mae"]
    if worst is None:
        return f"Predictions of all test trips are off by {overall:.1f} minutes on average"
    trips = f"{what} ({worst['trips']:,} trips)"
    return f"{trips}: {worst['mae']:.1f} minutes off on average, {overall:.1f} over all trips"


def note_ranked(kind: str, records: list[dict[str, Any]], min_trips: int) -> dict[str, Any]:
    """Write the subtitle: which slices were ranked for the title.

    Args:
        kind: Kind of slice in words, in the plural.
        records: Records of the slicing.
        min_trips: Trips below which a slice is not ranked.
    """
    ranked = sum(record["trips"] >= min_trips for record in records)
    words = f"ranked: the {ranked} of {len(records)} {kind} with at least {min_trips:,} test trips"
    return note(words, 0, 1, yanchor="bottom", xanchor="left", font={"color": INK})


def draw_error_by_hour(slices: Slices, metrics: Metrics, params: ReportingParams) -> Figure:
    """Draw the error by weekday and hour of the pickup, above the number of trips.

    Args:
        slices: Errors by ``weekday_hour``.
        metrics: For the error over all test trips.
        params: Trips below which an hour is not ranked.
    """
    records, least = slices["weekday_hour"], params.worst_min_trips
    worst = hardest(records, least)
    when = f"{DAYS[worst['weekday']]} at {worst['hour']:02}:00 is the hardest hour" if worst else ""
    hours: dict[str, Any] = {"dtick": 2, "range": [-0.5, 23.5], "showgrid": False}
    days: dict[str, Any] = {"autorange": "reversed", "showgrid": False}
    return make_figure(
        [
            _by_hour(records, "mae", "mean error<br>(minutes)", 1),
            _by_hour(records, "trips", "trips", 2),
        ],
        title_slices(when, worst, metrics),
        xaxis={**hours, "showticklabels": False},
        xaxis2=axis("hour of the pickup", anchor="y2", **hours),
        yaxis=axis("", domain=[0.53, 1], **days),
        yaxis2=axis("", domain=[0, 0.47], anchor="x2", **days),
        annotations=[note_ranked("hours of the week", records, least)],
    )


def _by_hour(records: list[dict[str, Any]], measure: str, title: str, number: int) -> Trace:
    frame = pd.DataFrame(records, columns=["weekday", "hour", "trips", "mae", "mae_with_distance"])
    grid = {
        name: frame.pivot_table(index="weekday", columns="hour", values=name)
        .reindex(index=range(len(DAYS)), columns=range(24))
        .round(2)
        for name in ("trips", "mae", "mae_with_distance")
    }
    cells = np.stack([values.to_numpy(float) for values in grid.values()], axis=-1)
    hover = [
        [f"{day} {hour:02}:00<br>{_error_words(*cells[row, hour])}" for hour in range(24)]
        for row, day in enumerate(DAYS)
    ]
    return {
        "type": "heatmap",
        "x": list(range(24)),
        "y": list(DAYS),
        "z": _with_gaps(grid[measure]),
        "text": hover,
        "hovertemplate": "%{text}<extra></extra>",
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "colorscale": colour_scale(),
        "colorbar": colour_bar(title, len=0.47, y=(0.765, 0.235)[number - 1]),
    }


def _error_words(trips: float, mae: float, mae_with_distance: float) -> str:
    if pd.isna(trips):
        return "too few trips"
    return (
        f"{trips:,.0f} trips<br>off by {mae:.1f} min on average<br>"
        f"{mae_with_distance:.1f} min with the distance"
    )


def _with_gaps(grid: pd.DataFrame) -> list[list[float | None]]:
    return [[None if pd.isna(value) else value for value in row] for row in grid.to_numpy()]


def draw_error_by_borough_pair(slices: Slices, metrics: Metrics, params: ReportingParams) -> Figure:
    """Draw the error by the boroughs of pickup and drop-off, with the number of trips.

    Args:
        slices: Errors by ``borough_pair``.
        metrics: For the error over all test trips.
        params: Trips below which a pair is not ranked.
    """
    records, least = slices["borough_pair"], params.worst_min_trips
    worst = hardest(records, least)
    where = (
        f"{worst['pickup_borough']} to {worst['dropoff_borough']} is the hardest" if worst else ""
    )
    return make_figure(
        [_by_borough(records)],
        title_slices(where, worst, metrics),
        xaxis=axis("borough of the drop-off", showgrid=False),
        yaxis=axis("borough of the pickup", showgrid=False, autorange="reversed"),
        annotations=[note_ranked("pairs of boroughs", records, least)],
    )


def _by_borough(records: list[dict[str, Any]]) -> Trace:
    pairs = {(r["pickup_borough"], r["dropoff_borough"]): r for r in records}
    pickups, dropoffs = (sorted({pair[end] for pair in pairs}) for end in (0, 1))
    cells = [[pairs.get((pickup, dropoff)) for dropoff in dropoffs] for pickup in pickups]
    return {
        "type": "heatmap",
        "x": dropoffs,
        "y": pickups,
        "z": [[cell and round(cell["mae"], 2) for cell in row] for row in cells],
        "text": [
            [f"<b>{c['mae']:.1f} min</b><br>{c['trips']:,} trips" if c else "" for c in row]
            for row in cells
        ],
        "customdata": [
            [_error_words(c["trips"], c["mae"], c["mae_with_distance"]) if c else "" for c in row]
            for row in cells
        ],
        "texttemplate": "%{text}",
        "hovertemplate": "%{y} to %{x}<br>%{customdata}<extra></extra>",
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "colorscale": colour_scale(),
        "colorbar": colour_bar("mean error (minutes)"),
    }
