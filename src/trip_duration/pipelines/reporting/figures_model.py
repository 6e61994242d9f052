"""Figures of the model and of the data that it learnt from."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.figures import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALETTE,
    Figure,
    Trace,
    axis,
    make_figure,
    note,
)

_MOST_FEATURES = 25
_MOST_POINTS = 400
_LOSSES = {
    "absolute_error": ("mean absolute error", "minutes"),
    "squared_error": ("mean squared error", "minutes²"),
}


def draw_feature_importance(run_facts: dict[str, Any]) -> Figure:
    """Draw the share of each feature in what the model does, the largest first.

    Args:
        run_facts: What the model is: its features, and the ``importance`` of each.
    """
    shares = run_facts["importance"]
    ranked = sorted(shares, key=lambda name: -shares[name])[:_MOST_FEATURES]
    meaning = {f["name"]: f"{f['meaning']} ({f['unit']})" for f in run_facts["features"]}
    percent = [round(100 * shares[name], 2) for name in ranked]
    return make_figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": percent,
                "y": ranked,
                "text": [f"{share:.1f} %" for share in percent],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": BLUE},
                "customdata": [meaning.get(name, "") for name in ranked],
                "hovertemplate": "<b>%{y}</b>: %{x:.2f} %<br>%{customdata}<extra></extra>",
            }
        ],
        _title_importance(ranked, percent, len(shares)),
        xaxis=axis("share of the importance", "%", rangemode="tozero"),
        yaxis={"autorange": "reversed", "showgrid": False, "dtick": 1},
        height=max(450, 110 + 22 * len(ranked)),
    )


def _title_importance(ranked: list[str], percent: list[float], features: int) -> str:
    if not ranked:
        return "The model has no features"
    alike = [name for name, share in zip(ranked, percent, strict=True) if share == percent[0]]
    if len(alike) > 1:
        return (
            f"{len(alike)} of {features} features share the largest importance, {percent[0]:.0f} %"
        )
    return f"{ranked[0]} has {percent[0]:.0f} % of the importance of all {features} features"


def draw_learning_curve(learning_curve: dict[str, Any]) -> Figure:
    """Draw how the loss fell in training, and where training stopped.

    Args:
        learning_curve: ``loss``, its values on ``train`` and ``validation`` after each round, and
            ``best_round``. Families that do not watch their loss leave both empty.
    """
    train, validation = learning_curve["train"], learning_curve["validation"]
    rounds, best = max(len(train), len(validation)), learning_curve["best_round"]
    loss, unit = _LOSSES.get(learning_curve["loss"], (learning_curve["loss"], ""))
    if not rounds:
        title = "This family keeps no learning curve" + f" of its {best:,} rounds" * (best > 0)
        return make_figure([], title, annotations=[note("no losses to draw", 0.5, 0.5)])
    traces = [_curve("training trips", train, BLUE), _curve("validation trips", validation, ORANGE)]
    mark = {"line": {"color": INK, "dash": "dot", "width": 1}, "type": "line", "yref": "paper"}
    return make_figure(
        [trace for trace in traces if trace["x"]],
        _say_where_it_stopped(learning_curve, rounds, f"{loss} of", unit),
        xaxis=axis("rounds of training"),
        yaxis=axis(loss, unit),
        shapes=[{**mark, "x0": best, "x1": best, "y0": 0, "y1": 1}],
        hovermode="x unified",
    )


def _say_where_it_stopped(curve: dict[str, Any], rounds: int, loss: str, unit: str) -> str:
    best = curve["best_round"]
    watched = curve["validation"] or curve["train"]
    reached = watched[min(max(best, 1), len(watched)) - 1]
    kind = "validation" if curve["validation"] else "training"
    return (
        f"{best:,} of {rounds:,} rounds are kept, with a {loss} {reached:.2f} {unit} "
        f"on {kind} trips"
    )


def _curve(name: str, losses: list[float], colour: str) -> Trace:
    step = max(-(-len(losses) // _MOST_POINTS), 1)
    rounds = range(len(losses))
    kept = sorted({*rounds[::step], *rounds[-1:]})
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [number + 1 for number in kept],
        "y": [round(losses[number], 4) for number in kept],
        "line": {"color": colour},
        "hovertemplate": "%{y:.3f}",
    }


def draw_data_quality(data_quality: dict[str, Any]) -> Figure:
    """Draw the trips kept of each month, above the share of rows that each rule rejected.

    Args:
        data_quality: Counts of each month.
    """
    months = data_quality["months"]
    totals = total_rejected(data_quality)
    read = sum(month["rows_read"] for month in months.values())
    share = sum(totals.values()) / max(read, 1)
    most = max(totals, key=lambda rule: totals[rule], default="") if any(totals.values()) else ""
    rules = [rule for rule in totals if totals[rule]]
    traces = [_kept(months), *(_rejected(months, rule, n) for n, rule in enumerate(rules))]
    by_month: dict[str, Any] = {"type": "category", "showgrid": False}
    return make_figure(
        traces,
        f"{100 * share:.1f} % of {read:,} rows were rejected"
        + (f', most often under the rule "{_plain(most)}"' * bool(most)),
        barmode="stack",
        xaxis={**by_month, "showticklabels": False},
        xaxis2=axis("month", anchor="y2", **by_month),
        yaxis=axis("trips kept", domain=[0.6, 1]),
        yaxis2=axis("rows rejected", "%", domain=[0, 0.52], anchor="x2"),
        legend={"orientation": "v", "x": 1.02, "xanchor": "left", "y": 0.52, "yanchor": "top"},
    )


def total_rejected(data_quality: dict[str, Any]) -> dict[str, int]:
    """Add up the rejected rows of all months by rule, the most first."""
    totals: dict[str, int] = {}
    for month in data_quality["months"].values():
        for rule, count in month["rejected"].items():
            totals[rule] = totals.get(rule, 0) + count
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _plain(rule: str) -> str:
    return rule.replace("_", " ")


def _kept(months: dict[str, Any]) -> Trace:
    return {
        "type": "bar",
        "name": "kept",
        "x": list(months),
        "y": [month["rows_kept"] for month in months.values()],
        "customdata": [[m["rows_read"], m["median_duration"] or 0] for m in months.values()],
        "marker": {"color": GREY},
        "showlegend": False,
        "hovertemplate": "%{x}: %{y:,} trips kept of %{customdata[0]:,} rows<br>"
        "median duration %{customdata[1]:.1f} min<extra></extra>",
    }


def _rejected(months: dict[str, Any], rule: str, number: int) -> Trace:
    counts = [month["rejected"].get(rule, 0) for month in months.values()]
    reads = [max(month["rows_read"], 1) for month in months.values()]
    return {
        "type": "bar",
        "name": _plain(rule),
        "x": list(months),
        "y": [round(100 * count / read, 3) for count, read in zip(counts, reads, strict=True)],
        "customdata": counts,
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": PALETTE[number % len(PALETTE)]},
        "hovertemplate": f"%{{x}}: %{{customdata:,}} rows {_plain(rule)}, %{{y:.2f}} %"
        "<extra></extra>",
    }
