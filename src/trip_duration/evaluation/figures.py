"""The look that all figures share, and what each figure module builds with.

Figures are put together from plain dictionaries; plotly itself is imported here only, and only when
a figure is made. They know slices, metrics and curves, not how a model was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trip_duration.evaluation.metrics import PRESENTATIONS

# Kedro evaluates the hints of node functions at every start: plotly's own class named in one would
# import plotly (and IPython with it, most of a second) for runs that draw nothing
Figure = Any
Trace = dict[str, Any]

# Okabe and Ito's colours, which colour-blind people can tell apart
# (https://jfly.uni-koeln.de/color/), and a grey
PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#F0E442",
    "#000000",
    "#9A9A9A",
)
BLUE, ORANGE, GREY, PALE, INK = PALETTE[0], PALETTE[1], PALETTE[8], "#E4E4E4", "#333333"
# cividis from little to much, dark being much
SCALE = ("#FFEA46", "#DDCB5D", "#BCAF6F", "#9C9576", "#7C7B78", "#5F636E", "#3C4D6E", "#00306F")

NAMES = dict(zip(PRESENTATIONS, ("request", "request with distance", "lookup table"), strict=True))
COLOURS = dict(zip(PRESENTATIONS, (BLUE, ORANGE, GREY), strict=True))

_AXIS = {
    "gridcolor": PALE,
    "linecolor": GREY,
    "zeroline": False,
    "automargin": True,
    "title": {"standoff": 8},
}
TEMPLATE: dict[str, Any] = {
    "layout": {
        "font": {"family": "Open Sans, Helvetica, Arial, sans-serif", "size": 13, "color": INK},
        "title": {"font": {"size": 17}, "x": 0.01, "xanchor": "left"},
        "colorway": list(PALETTE),
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 60, "r": 30, "t": 70, "b": 60},
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
}


def make_figure(traces: Sequence[Trace], title: str, **layout: Any) -> Figure:
    """Make a figure in the shared look.

    Args:
        traces: Traces as plotly's JSON has them.
        title: One line that says what is seen, with its number.
        layout: Further parts of the layout.
    """
    import plotly.graph_objects as go  # noqa: PLC0415 - see Figure

    look = {"template": TEMPLATE, "title": {"text": title}}
    return go.Figure({"data": list(traces), "layout": {**look, **layout}})


def axis(quantity: str, unit: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis titled with its quantity and unit."""
    return {"title": {"text": f"{quantity} ({unit})" if unit else quantity}, **more}


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """Return a slim colour bar."""
    return {"title": {"text": title, "side": "right"}, "thickness": 14, "outlinewidth": 0, **more}


def colour_scale() -> list[list[Any]]:
    """Return ``SCALE`` as plotly takes it."""
    return [[step / (len(SCALE) - 1), colour] for step, colour in enumerate(SCALE)]


def note(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """Return words at a place of the paper, which runs from 0 to 1 both ways."""
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "showarrow": False}
    return {"text": text, **place, **more}
