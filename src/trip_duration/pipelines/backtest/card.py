"""What the model card says of the backtest."""

from __future__ import annotations

from typing import Any

import numpy as np

from trip_duration.evaluation.slices import SUFFIXES

Json = dict[str, Any]
_MOST_ROWS = 12
_MOST_DRIFTS = 4
_HEAD = [
    "tested on",
    "family",
    "trips",
    "MAE",
    "RMSE",
    "bias",
    "gain",
    "coverage",
    "mean width",
    "lookup table",
]


def write_card(report: Json) -> Json:
    """Write title, lines and a table; pairs of figures are those without and with distance.

    Args:
        report: What the backtest has found.
    """
    return {
        "title": "Backtest",
        "lines": [
            _say_how(report),
            *_say_gain(report["months"]),
            *_say_loss(report["months"]),
            *_say_age(report["stale_mean"]),
            *report["drift"][:_MOST_DRIFTS],
            *_say_skipped(report["skipped"]),
        ],
        "head": _HEAD,
        "rows": [_row(row) for row in report["months"][-_MOST_ROWS:]],
    }


def _say_how(report: Json) -> str:
    delay = _count(report["delay"])
    late = f", {delay} in between being not published yet" * bool(report["delay"])
    return (
        f"Each month is predicted by models trained on {_count(report['window'])} before "
        f"it{late}. Pairs of figures are those for requests without and with distance."
    )


def _count(months: int) -> str:
    return "the month" if months == 1 else f"the {months} months"


def _say_gain(rows: list[Json]) -> list[str]:
    if not rows:
        return []
    lowest = min(rows, key=lambda row: row["request"]["gain"])
    return [
        f"The smallest gain over the lookup table is {lowest['request']['gain']:.1%} of its mean "
        f"absolute error, by {lowest['family']} in {lowest['month']}."
    ]


def _say_loss(rows: list[Json]) -> list[str]:
    losses = [row["lost_by_serving_both"] for row in rows if row["lost_by_serving_both"]]
    if not losses:
        return []
    without, given = (float(np.mean([loss[name] for loss in losses])) for name in SUFFIXES)
    return [
        f"Against models for a single kind of request, serving both costs {without:+.2%} of the "
        f"error without distance and {given:+.2%} with it."
    ]


def _say_age(means: Json) -> list[str]:
    lines = []
    for family, ages in means.items():
        known = {age: mean for age, mean in ages.items() if mean["above_fresh"] and age != "1"}
        if known:
            said = ", ".join(
                f"{mean['above_fresh']['request']:+.1%} in month {age}"
                for age, mean in known.items()
            )
            lines.append(
                f"A {family} model that is kept errs more than one trained for the month: {said}."
            )
    return lines


def _say_skipped(skipped: Json) -> list[str]:
    if not skipped:
        return []
    absent = [month for month, reason in skipped.items() if reason.endswith("not there")]
    lacking = [month for month in skipped if month not in absent]
    parts = [f"{', '.join(lacking)} for want of history"] if lacking else []
    parts += [f"{len(absent)} months that are not there"] if absent else []
    return [f"Not tested: {', and '.join(parts)}."]


def _row(row: Json) -> list[str]:
    def pair(key: str, form: str) -> str:
        return " / ".join(form.format(row[name][key]) for name in SUFFIXES)

    return [
        row["month"],
        row["family"],
        f"{row['trips']:,}",
        pair("mae", "{:.2f}"),
        pair("rmse", "{:.2f}"),
        pair("bias", "{:+.2f}"),
        pair("gain", "{:.1%}"),
        pair("coverage", "{:.1%}"),
        pair("mean_width", "{:.1f}"),
        f"{row['baseline_mae']:.2f}",
    ]
