"""Figures of what moves predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.evaluation.figures import (
    COLOURS,
    GREY,
    INK,
    NAMES,
    Figure,
    Trace,
    axis,
    colour_bar,
    colour_scale,
    make_figure,
    note,
)
from trip_duration.evaluation.importance import rank_features
from trip_duration.evaluation.slices import LABELS, SUFFIXES

_MOST, _DEPENDENCES, _COLUMNS = 15, 6, 3
# cells of the axis in which dots are set beside each other, and how far they may spread
_CELLS, _SPREAD = 120, 0.4
# size of a panel, as shares of the paper
_WIDTH, _HEIGHT = 0.27, 0.4
_WEIGHTS = {
    "gain": ("gain of the splits", "%"),
    "permutation": ("rise of the error if shuffled", "minutes"),
    "contribution": ("mean size of the contribution", "minutes"),
}


def draw_shap_summary(contributions: pd.DataFrame) -> Figure:
    """Draw what the strongest features add to each explained prediction.

    Args:
        contributions: A row for each explained request and feature.
    """
    moved = rank_features(contributions)
    strongest = list(moved)[:_MOST]
    dots = pd.concat([_swarm(contributions, name, row) for row, name in enumerate(strongest)])
    known = dots["value"].notna()
    requests = contributions["request"].nunique()
    words = f"{requests:,} test trips, every other one with its distance; grey: value not known"
    return make_figure(
        [_dots(dots[~known], {"color": GREY}), _dots(dots[known], _colours(dots[known]))],
        f"{strongest[0]} moves predictions most, by {moved[strongest[0]]:.1f} minutes on average",
        xaxis=axis("contribution to the prediction", "minutes", zeroline=True, zerolinecolor=GREY),
        yaxis={
            "range": [len(strongest) - 0.4, -0.6],
            "tickvals": list(range(len(strongest))),
            "ticktext": strongest,
            "showgrid": False,
        },
        annotations=[note(words, 0, 1, yanchor="bottom", xanchor="left", font={"color": INK})],
        height=max(450, 130 + 32 * len(strongest)),
        showlegend=False,
    )


def _swarm(contributions: pd.DataFrame, name: str, row: int) -> pd.DataFrame:
    dots = contributions[contributions["feature"] == name]
    # unknown values have about one contribution: among them, the others would lie in a line
    spread = dots["contribution"].groupby(dots["value"].isna()).transform(spread_dots)
    return dots.assign(
        y=row + spread,
        # ranks, because a few extreme values would leave one colour for all the others
        rank=dots["value"].rank(pct=True),
    )


def spread_dots(values: pd.Series[float]) -> npt.NDArray[np.float64]:
    """Set dots of about the same value beside each other, in turn to either side.

    Returns:
        How far each is set aside; the widest place is filled.
    """
    width = values.max() - values.min() or 1.0
    cells = ((values - values.min()) / width * _CELLS).astype(np.int64)
    order = cells.groupby(cells).cumcount().to_numpy()
    aside = (order + 1) // 2 * np.where(order % 2, 1, -1)
    farthest = max(np.abs(aside).max(), 1)
    return np.asarray(aside / farthest * _SPREAD, dtype=np.float64)


def _colours(dots: pd.DataFrame) -> dict[str, Any]:
    bar = colour_bar("value of the feature", tickvals=[0, 1], ticktext=["low", "high"], len=0.6)
    scale = {"colorscale": colour_scale(), "cmin": 0, "cmax": 1, "colorbar": bar}
    return {"color": dots["rank"].round(3).tolist(), **scale}


def _dots(dots: pd.DataFrame, marker: dict[str, Any]) -> Trace:
    said = dots[["feature", "value", "minutes"]].astype({"value": np.float64}).round(2)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": dots["contribution"].round(2).tolist(),
        "y": dots["y"].round(3).tolist(),
        "customdata": said.astype(object).where(said.notna(), "not known").to_numpy().tolist(),
        "marker": {"size": 5, "opacity": 0.75, **marker},
        "hovertemplate": "%{customdata[0]} = %{customdata[1]}<br>%{x:+.2f} min "
        "of %{customdata[2]:.1f} predicted<extra></extra>",
    }


def draw_dependence(contributions: pd.DataFrame) -> Figure:
    """Draw the contribution of the strongest features against their value.

    Args:
        contributions: A row for each explained request and feature.
    """
    strongest = list(rank_features(contributions))[:_DEPENDENCES]
    most = contributions.loc[contributions["feature"] == strongest[0], "contribution"]
    traces: list[Trace] = []
    axes: dict[str, Any] = {}
    for number, name in enumerate(strongest, 1):
        rows = contributions[contributions["feature"] == name].dropna(subset="value")
        traces += [_panel(rows, presentation, number) for presentation in SUFFIXES]
        axes |= _panel_axes(name, number)
    return make_figure(
        traces,
        f"{strongest[0]}, the strongest feature, adds {most.min():+.1f} to {most.max():+.1f} "
        "minutes to a prediction",
        **axes,
        height=760,
    )


def _panel(rows: pd.DataFrame, presentation: str, number: int) -> Trace:
    shown = rows[rows["with_distance"] == (presentation != "request")]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": NAMES[presentation],
        "legendgroup": presentation,
        "showlegend": number == 1,
        "x": shown["value"].astype(np.float64).round(3).tolist(),
        "y": shown["contribution"].round(2).tolist(),
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "marker": {"color": COLOURS[presentation], "size": 5, "opacity": 0.6},
        "hovertemplate": "%{x}: %{y:+.2f} min<extra></extra>",
    }


def _panel_axes(name: str, number: int) -> dict[str, Any]:
    row, column = divmod(number - 1, _COLUMNS)
    left, top = column * (1 - _WIDTH) / (_COLUMNS - 1), 1 - row * (1 - _HEIGHT)
    ends = [left, left + _WIDTH], [top - _HEIGHT, top]
    side = axis("contribution", "minutes") if column == 0 else axis("")
    return {
        f"xaxis{number}": axis(name, domain=ends[0], anchor=f"y{number}"),
        f"yaxis{number}": {**side, "domain": ends[1], "anchor": f"x{number}"},
    }


def draw_importance(explanation: dict[str, Any]) -> Figure:
    """Draw the importance of the strongest features in three ways, side by side.

    Args:
        explanation: What ``measure_importance`` returned.
    """
    importance = explanation["importance"]
    strongest = explanation["strongest"][:_MOST]
    traces = [
        _bars(importance[f"{kind}{suffix}"], strongest, kind, presentation)
        for kind in _WEIGHTS
        for presentation, suffix in SUFFIXES.items()
        if f"{kind}{suffix}" in importance
    ]
    places = ([0, 0.3], [0.35, 0.65], [0.7, 1])
    axes = {
        f"xaxis{number}": axis(*words, domain=place, anchor="y")
        for number, (words, place) in enumerate(zip(_WEIGHTS.values(), places, strict=True), 1)
    }
    return make_figure(
        traces,
        _title_importance(importance),
        **axes,
        yaxis={"autorange": "reversed", "showgrid": False, "dtick": 1},
        barmode="group",
        height=max(450, 150 + 34 * len(strongest)),
    )


def _title_importance(importance: dict[str, dict[str, float]]) -> str:
    """Name the strongest feature of each measure, of all that are drawn."""
    measures: dict[str, list[str]] = {}
    for kind in _WEIGHTS:
        for presentation, suffix in SUFFIXES.items():
            if weights := importance.get(f"{kind}{suffix}"):
                leader = max(weights, key=lambda name: weights[name])
                # the gain is that of the model as a whole
                words = kind if kind == "gain" else f"{kind} {LABELS[presentation]}"
                measures.setdefault(leader, []).append(words)
    if len(measures) == 1:
        leader, drawn = next(iter(measures.items()))
        return f"{leader} is the strongest feature by all {len(drawn)} measures"
    named = "; ".join(f"{leader} by {', '.join(words)}" for leader, words in measures.items())
    return f"Strongest feature: {named}"


def _bars(weights: dict[str, float], names: list[str], kind: str, presentation: str) -> Trace:
    number = list(_WEIGHTS).index(kind) + 1
    share = kind == "gain"
    return {
        "type": "bar",
        "orientation": "h",
        "name": "model as a whole" if share else NAMES[presentation],
        "x": [round(weights[name] * (100 if share else 1), 3) for name in names],
        "y": names,
        "xaxis": f"x{number}",
        "marker": {"color": GREY if share else COLOURS[presentation]},
        "legendgroup": kind if share else presentation,
        "showlegend": number < len(_WEIGHTS),
        "hovertemplate": f"%{{y}}: %{{x}} {_WEIGHTS[kind][1]}<extra></extra>",
    }
