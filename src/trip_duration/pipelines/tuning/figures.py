"""Figures of a search: how it went, and what each parameter did."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pandas as pd

from trip_duration.evaluation.figures import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    Trace,
    axis,
    colour_bar,
    colour_scale,
    make_figure,
    note,
)

_LOG_RATIO = 20.0
# trials from which a correlation of ranks says something
_FEWEST = 10


def draw_tuning_history(tuning_report: dict[str, Any]) -> Figure:
    """Draw the score of each trial, and the best so far.

    Args:
        tuning_report: What ``report_tuning`` returned.
    """
    complete = _complete(tuning_report)
    values = [trial["value"] for trial in complete]
    lost = len(tuning_report["trials"]) - len(complete)
    traces: list[Trace] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "trial",
            "x": [trial["number"] for trial in complete],
            "y": values,
            "marker": {"color": GREY, "size": 8},
            "text": [_settings(trial) for trial in complete],
            "hovertemplate": "trial %{x}: %{y:.4f}<br>%{text}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": [trial["number"] for trial in complete],
            "y": list(accumulate(values, min)),
            "line": {"color": BLUE, "shape": "hv"},
            "hoverinfo": "skip",
        },
    ]
    return make_figure(
        traces,
        _title_history(tuning_report),
        xaxis=axis(f"trial; {lost} given up early or failed are not drawn" if lost else "trial")
        | {"dtick": _step(tuning_report)},
        yaxis=axis(_score(tuning_report), "minutes"),
    )


def _title_history(report: dict[str, Any]) -> str:
    winner, tried = report["winner"], len(report["trials"])
    if winner["number"] == report["default"]["number"]:
        return f"No trial of {tried} has a lower error than the configured settings"
    return (
        f"Trial {winner['number']} has the lowest error of {tried}, "
        f"{100 * report['gain']['share']:.2f} % below the configured settings"
    )


def draw_tuning_parameters(tuning_report: dict[str, Any]) -> Figure:
    """Draw the score of each trial against each of its parameters.

    Args:
        tuning_report: What ``report_tuning`` returned.
    """
    complete = _complete(tuning_report)
    names = sorted(complete[0]["params"])
    if not names:
        return make_figure([], "No parameter was searched", annotations=[note("none", 0.5, 0.5)])
    layout: dict[str, Any] = {}
    for place, name in enumerate(names, start=1):
        values = [trial["params"][name] for trial in complete]
        layout[f"xaxis{place}"] = axis(name, anchor=f"y{place}", type=_scale(values), nticks=5)
        layout[f"yaxis{place}"] = axis("", matches="y", anchor=f"x{place}")
    layout["yaxis1"] |= axis(_score(tuning_report), "minutes")
    columns = min(len(names), 4)
    rows = -(-len(names) // columns)
    return make_figure(
        [_against(name, place, tuning_report) for place, name in enumerate(names, start=1)],
        _title_parameters(complete, names, tuning_report["winner"]["number"]),
        showlegend=False,
        grid={"rows": rows, "columns": columns, "pattern": "independent", "ygap": 0.35},
        height=160 + 260 * rows,
        **layout,
    )


def _title_parameters(trials: list[dict[str, Any]], names: list[str], winner: int) -> str:
    """Name the parameter that the error goes with most, if there are trials enough to tell."""
    errors = pd.Series([trial["value"] for trial in trials]).rank()
    values = pd.DataFrame([trial["params"] for trial in trials])[names].select_dtypes("number")
    # Spearman's: the correlation of ranks
    varied = values.loc[:, values.nunique() > 1]
    correlations = varied.rank().corrwith(errors).dropna() if errors.nunique() > 1 else varied
    orange = f"; trial {winner}, the best, is orange"
    if len(trials) < _FEWEST or correlations.empty:
        return f"Error of {len(trials)} trials by parameter{orange}"
    name = str(correlations.abs().idxmax())
    return (
        f"The error goes most with {name} (rank correlation {correlations[name]:+.2f} over "
        f"{len(trials)} trials){orange}"
    )


def _against(name: str, place: int, report: dict[str, Any]) -> Trace:
    complete, winner = _complete(report), report["winner"]["number"]
    bar = colour_bar("trial", dtick=_step(report)) if place == 1 else {}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [trial["params"][name] for trial in complete],
        "y": [trial["value"] for trial in complete],
        "xaxis": f"x{place}",
        "yaxis": f"y{place}",
        "marker": {
            "color": [trial["number"] for trial in complete],
            "colorscale": colour_scale(),
            "showscale": place == 1,
            "colorbar": bar,
            "size": [12 if trial["number"] == winner else 7 for trial in complete],
            "line": {
                "color": [ORANGE if trial["number"] == winner else "white" for trial in complete],
                "width": [3 if trial["number"] == winner else 0.5 for trial in complete],
            },
        },
        "text": [f"trial {trial['number']}" for trial in complete],
        "hovertemplate": "%{text}: %{y:.4f} with %{x}<extra></extra>",
    }


def _complete(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [trial for trial in report["trials"] if trial["value"] is not None]


def _step(report: dict[str, Any]) -> int:
    return max(len(report["trials"]) // 8, 1)


def _settings(trial: dict[str, Any]) -> str:
    return "<br>".join(f"{name} {value}" for name, value in sorted(trial["params"].items()))


def _score(report: dict[str, Any]) -> str:
    squared = report["study"]["objective"] == "squared_error"
    return "root mean squared error" if squared else "mean absolute error"


def _scale(values: Sequence[Any]) -> str:
    if any(isinstance(value, str | bool) for value in values):
        return "category"
    wide = min(values) > 0 and max(values) / min(values) >= _LOG_RATIO
    return "log" if wide else "linear"
