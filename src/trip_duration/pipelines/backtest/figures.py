"""Figures of the backtest."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.figures import (
    GREY,
    INK,
    PALETTE,
    Figure,
    Trace,
    axis,
    make_figure,
    note,
)
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.months import parse_months

Json = dict[str, Any]
_PANELS = (
    ("mae", "MAE", "min"),
    ("rmse", "RMSE", "min"),
    ("bias", "bias", "min"),
    ("coverage", "coverage", "%"),
    ("mean_width", "width", "min"),
)
_DASHES = {"request": "solid", "request_with_distance": "dot"}
_WORDS = {"request": "without distance", "request_with_distance": "with distance"}
_GAP = 0.035


def draw_backtest(backtest_report: Json) -> Figure:
    """Draw errors, coverage and width by month, a panel each and a colour for each family.

    Months that could not be tested keep their place and are left empty.

    Args:
        backtest_report: What the backtest has found.
    """
    rows = backtest_report["months"]
    months = _span([row["month"] for row in rows])
    traces = [
        trace
        for number, (key, _, _) in enumerate(_PANELS, 1)
        for trace in _panel(rows, months, key, number)
    ]
    height = (1 - _GAP * (len(_PANELS) - 1)) / len(_PANELS)
    layout: Json = {}
    for number, (_, quantity, unit) in enumerate(_PANELS, 1):
        top = 1 - (number - 1) * (height + _GAP)
        domain = [max(top - height, 0), top]
        layout["yaxis" + _suffix(number)] = axis(quantity, unit, domain=domain)
    asked = 100 * backtest_report["coverage"]
    return make_figure(
        traces,
        _say_range(rows),
        xaxis=axis("tested on", type="category", categoryarray=months, anchor="y5"),
        shapes=[_level(asked, "y4")],
        height=950,
        **layout,
    )


def _span(months: list[str]) -> list[str]:
    return list(parse_months(f"{min(months)}..{max(months)}")) if months else []


def _suffix(number: int) -> str:
    return "" if number == 1 else str(number)


def _level(value: float, axis_name: str) -> Json:
    line = {"color": INK, "dash": "dash", "width": 1}
    ends = {"x0": 0, "x1": 1, "xref": "paper", "y0": value, "y1": value, "yref": axis_name}
    return {"type": "line", "line": line, **ends}


def _say_range(rows: list[Json]) -> str:
    if not rows:
        return "No month could be tested with a model in its first month"
    errors = [row["request"]["mae"] for row in rows]
    months, families = (len({row[key] for row in rows}) for key in ("month", "family"))
    return (
        f"MAE without distance is {min(errors):.2f} to {max(errors):.2f} min over {months} "
        f"month{'s' * (months > 1)} and {families} famil{'ies' if families > 1 else 'y'}"
    )


def _panel(rows: list[Json], months: list[str], key: str, number: int) -> list[Trace]:
    families = list(dict.fromkeys(row["family"] for row in rows))
    scale = 100 if key == "coverage" else 1
    traces = []
    for colour, family in zip(PALETTE, families, strict=False):
        own = {row["month"]: row for row in rows if row["family"] == family}
        traces += [
            _line(
                f"{family} {_WORDS[name]}",
                {month: round(scale * own[month][name][key], 4) for month in own},
                months,
                {"color": colour, "dash": _DASHES[name]},
                number,
            )
            for name in SUFFIXES
        ]
    if rows and key == "mae":
        table = {row["month"]: round(row["baseline_mae"], 4) for row in rows}
        traces.append(_line("lookup table", table, months, {"color": GREY}, number))
    return traces


def _line(name: str, values: dict[str, float], months: list[str], line: Json, number: int) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "legendgroup": name,
        "showlegend": number == 1,
        "x": months,
        "y": [values.get(month) for month in months],
        "connectgaps": False,
        "line": line,
        "xaxis": "x",
        "yaxis": f"y{_suffix(number)}",
        "hovertemplate": "%{x}: %{y:.2f}",
    }


def draw_stale_champion(backtest_report: Json) -> Figure:
    """Draw how the error of a model grows with the months that it is kept, and the mean of all.

    Args:
        backtest_report: What the backtest has found.
    """
    rows = backtest_report["stale"]
    models: dict[tuple[str, ...], list[Json]] = {}
    for row in rows:
        models.setdefault((row["family"], *row["train_months"]), []).append(row)
    families = list(dict.fromkeys(row["family"] for row in rows))
    colours = dict(zip(families, PALETTE, strict=False))
    traces = [_age_of(own, colours[own[0]["family"]]) for own in models.values()]
    for family, ages in backtest_report["stale_mean"].items():
        points = {int(age): mean["request"] for age, mean in ages.items()}
        traces.append(_ages(f"mean of {family}", points, {"color": colours[family], "width": 4}))
    return make_figure(
        traces,
        _say_rise(backtest_report["stale_mean"]),
        xaxis=axis("the model's month in service", rangemode="tozero", dtick=1),
        yaxis=axis("MAE without distance", "min"),
        annotations=[] if rows else [note("nothing to draw", 0.5, 0.5)],
    )


def _age_of(rows: list[Json], colour: str) -> Trace:
    first = rows[0]
    name = f"{first['family']}, learnt up to {first['train_months'][-1]}"
    points = {row["age"]: row["request"]["mae"] for row in rows}
    return {
        **_ages(name, points, {"color": colour, "width": 1}),
        "opacity": 0.6,
        "customdata": [row["month"] for row in rows],
        "hovertemplate": "%{customdata}, month %{x}: %{y:.2f} min",
    }


def _ages(name: str, points: dict[int, float], line: Json) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(points),
        "y": [round(value, 4) for value in points.values()],
        "line": line,
        "hovertemplate": "month %{x}: %{y:.2f} min",
    }


def _say_rise(means: Json) -> str:
    rises = [
        (mean["above_fresh"]["request"], int(age), family)
        for family, ages in means.items()
        for age, mean in ages.items()
        if mean["above_fresh"] and age != "1"
    ]
    if not rises:
        return "Error of models that are kept; none can be compared with one trained for the month"
    rise, age, family = max(rises)
    return (
        f"Against a model trained for the month, {family} errs most in month {age} of service, "
        f"{rise:+.1%} on average"
    )
