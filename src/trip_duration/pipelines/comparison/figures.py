"""The figure of the comparison."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.figures import COLOURS, INK, NAMES, Figure, Trace, axis, make_figure
from trip_duration.evaluation.slices import SUFFIXES

Json = dict[str, Any]
_RIGHT = 0.58


def draw_comparison(comparison_report: Json) -> Figure:
    """Draw by how much each candidate is worse than the best, and what error costs in training.

    Args:
        comparison_report: What the comparison has found.
    """
    rows = comparison_report["candidates"]
    chosen = comparison_report["recommended"]
    traces = [_differences(rows, kind) for kind in SUFFIXES] + [_costs(rows, chosen)]
    return make_figure(
        traces,
        _title(rows, chosen),
        xaxis=axis("MAE above that of the best", "min", domain=[0, 0.46]),
        yaxis={"autorange": "reversed", "type": "category"},
        xaxis2=axis("training", "s", type="log", domain=[_RIGHT, 1], anchor="y2"),
        yaxis2=axis("MAE of both kinds of request", "min", anchor="x2"),
        shapes=[_zero()],
        height=max(420, 160 + 40 * len(rows)),
    )


def _title(rows: list[Json], chosen: str) -> str:
    best = min(rows, key=lambda row: row["mae"]["overall"])["candidate"]
    if best == chosen:
        return f"{chosen} is recommended, and has the smallest error of {len(rows)}"
    return f"{chosen} is recommended; {best} has the smallest error of {len(rows)}"


def _zero() -> Json:
    line = {"color": INK, "dash": "dot", "width": 1}
    ends = {"x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", "line": line, "layer": "below", **ends}


def _differences(rows: list[Json], kind: str) -> Trace:
    found = [row["difference"][kind] for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": NAMES[kind],
        "x": [round(one["estimate"], 4) for one in found],
        "y": [row["candidate"] for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(one["upper"] - one["estimate"], 4) for one in found],
            "arrayminus": [round(one["estimate"] - one["lower"], 4) for one in found],
        },
        "marker": {"color": COLOURS[kind], "size": 9},
        "hovertemplate": "%{y}: %{x:+.3f} min",
    }


def _costs(rows: list[Json], chosen: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "cost",
        "showlegend": False,
        "x": [round(row["costs"]["fit_seconds"], 2) for row in rows],
        "y": [round(row["mae"]["overall"], 4) for row in rows],
        "text": [row["candidate"] for row in rows],
        "textposition": "top center",
        "cliponaxis": False,
        "marker": {
            "color": INK,
            "size": [14 if row["candidate"] == chosen else 8 for row in rows],
        },
        "xaxis": "x2",
        "yaxis": "y2",
        "hovertemplate": "%{text}: %{x:.1f} s, %{y:.3f} min<extra></extra>",
    }
