"""Figures of single predictions: against the actual durations, and their errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.evaluation.figures import (
    COLOURS,
    INK,
    NAMES,
    Figure,
    Trace,
    axis,
    make_figure,
    note,
)
from trip_duration.evaluation.metrics import PRESENTATIONS
from trip_duration.params import ReportingParams

_SHOWN = ("request", "request_with_distance")
_BIN, _WIDEST = 0.5, 20.0
_STEP = 0.25


def draw_predicted_against_actual(predictions: pd.DataFrame, params: ReportingParams) -> Figure:
    """Scatter a sample of test predictions against what came true, without and with distance.

    Args:
        predictions: Trips of all splits with their predicted minutes.
        params: Size and seed of the sample.
    """
    test = predictions[predictions["split"] == "test"]
    sample = sample_rows(test, params)
    longest = _round_up(float(test["duration_minutes"].quantile(0.99)))
    traces = [trace for n, name in enumerate(_SHOWN, 1) for trace in _panel(sample, name, n)]
    traces += [_diagonal(n, longest) for n in (1, 2)]
    outside = int((sample[["duration_minutes", *_SHOWN]] > longest).any(axis=1).sum())
    words = f"{len(sample):,} of {len(test):,} test trips, {outside:,} of them outside the axes"
    errors = test[list(_SHOWN)].sub(test["duration_minutes"], axis=0).abs()
    measured = test["trip_distance"].notna()
    half = [errors["request"].median(), errors.loc[measured, "request_with_distance"].median()]
    minutes = {"range": [0, longest], "constrain": "domain"}
    return make_figure(
        traces,
        f"Half of the test trips are predicted within {half[0]:.1f} minutes, "
        f"{half[1]:.1f} where the distance is known",
        xaxis=axis("actual duration", "minutes", domain=[0, 0.48], **minutes),
        xaxis2=axis("actual duration", "minutes", domain=[0.52, 1], **minutes),
        yaxis=axis("predicted duration", "minutes", **minutes),
        yaxis2={"matches": "y", "anchor": "x2", "showticklabels": False},
        annotations=[note(words, 0, 1, yanchor="bottom", xanchor="left", font={"color": INK})],
    )


def sample_rows(trips: pd.DataFrame, params: ReportingParams) -> pd.DataFrame:
    """Draw the sample that scatter figures show, in the order of the trips."""
    size = min(len(trips), params.sample_rows)
    chosen = np.random.default_rng(params.seed).choice(len(trips), size, replace=False)
    return trips.iloc[np.sort(chosen)]


def _round_up(minutes: float) -> float:
    return float(np.ceil(minutes / 10) * 10)


def _panel(sample: pd.DataFrame, name: str, number: int) -> list[Trace]:
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": NAMES[name],
            "x": sample["duration_minutes"].round(1).tolist(),
            "y": sample[name].round(1).tolist(),
            "xaxis": f"x{number}",
            "yaxis": f"y{number}",
            "marker": {"color": COLOURS[name], "size": 5, "opacity": 0.3},
            "hovertemplate": "took %{x:.1f} min<br>predicted %{y:.1f} min<extra></extra>",
        }
    ]


def _diagonal(number: int, longest: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "predicted = actual",
        "x": [0, longest],
        "y": [0, longest],
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "line": {"color": "black", "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": number == 1,
    }


def draw_error_distribution(predictions: pd.DataFrame) -> Figure:
    """Draw how errors are spread, beside the baseline: their sizes with sign, and without.

    Args:
        predictions: Trips of all splits with their predicted minutes.
    """
    test = predictions[predictions["split"] == "test"]
    errors = {
        name: (test[name] - test["duration_minutes"]).to_numpy(np.float64) for name in PRESENTATIONS
    }
    nine = {name: np.quantile(np.abs(error), 0.9) for name, error in errors.items()}
    traces = [_histogram(name, error) for name, error in errors.items()]
    traces += [_shares_within(name, error) for name, error in errors.items()]
    return make_figure(
        traces,
        f"Nine of ten test trips are predicted within {nine['request']:.1f} minutes, "
        f"{nine['request_with_distance']:.1f} with the distance, "
        f"{nine['baseline']:.1f} by the lookup table",
        xaxis=axis("predicted less actual duration", "minutes", domain=[0, 0.46]),
        yaxis=axis("trips in half a minute of error", "%", rangemode="tozero"),
        xaxis2=axis("error at most", "minutes", domain=[0.56, 1], anchor="y2"),
        yaxis2=axis("trips", "%", anchor="x2", range=[0, 100]),
        hovermode="x unified",
    )


def _histogram(name: str, errors: npt.NDArray[np.float64]) -> Trace:
    edges = np.arange(-_WIDEST, _WIDEST + _BIN, _BIN)
    counts, _ = np.histogram(errors, edges)
    return {
        **_line(name),
        "x": (edges[:-1] + _BIN / 2).tolist(),
        "y": (100 * counts / max(len(errors), 1)).round(3).tolist(),
        "line": {"color": COLOURS[name], "shape": "hvh"},
        "hovertemplate": "%{y:.1f} %",
    }


def _shares_within(name: str, errors: npt.NDArray[np.float64]) -> Trace:
    limits = np.arange(0, _WIDEST + _STEP, _STEP)
    within = np.searchsorted(np.sort(np.abs(errors)), limits, side="right")
    return {
        **_line(name),
        "x": limits.tolist(),
        "y": (100 * within / max(len(errors), 1)).round(2).tolist(),
        "xaxis": "x2",
        "yaxis": "y2",
        "showlegend": False,
        "hovertemplate": "%{y:.0f} % of trips",
    }


def _line(name: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": NAMES[name],
        "line": {"color": COLOURS[name]},
    }
