"""The tables of the model card on intervals, worst slices, fairness and explanation."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.figures import NAMES
from trip_duration.evaluation.metrics import SPLITS
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.models.intervals import ENDS
from trip_duration.pipelines.reporting.card_tables import Json, table
from trip_duration.pipelines.reporting.figures_slices import Metrics

_EVIDENCE = {"test": "yes", "validation": "no, calibrated on", "train": "no, learnt from"}


def table_intervals(metrics: Metrics) -> str:
    """Write coverage and width of every split that has them, beside intervals of one width."""
    rows = [
        (
            split,
            NAMES[name],
            _EVIDENCE[split],
            f"{block['coverage']:.1%}",
            f"{block['mean_width']:.1f}",
            f"{block['constant_width']:.1f}",
            f"{1 - block['mean_width'] / block['constant_width']:+.1%}",
        )
        for split in SPLITS
        for name in SUFFIXES
        if "coverage" in (block := metrics[split][name])
    ]
    head = ["split", "presentation", "evidence", "coverage", "mean width", "constant width"]
    return table([*head, "saving in width"], rows, words=3)


def table_worst(worst: list[Json]) -> str:
    """Write the slices in which most minutes are lost."""
    rows = [
        (
            record["name"],
            f"{record['trips']:,}",
            f"{record['lost']:,.0f}",
            f"{record['mae']:.2f}",
            f"{record['mae_with_distance']:.2f}",
            f"{record['mae_baseline']:.2f}",
            f"{record['bias']:+.2f}",
            _write(record, "coverage", "{:.1%}"),
            _write(record, "width", "{:.1f}"),
        )
        for record in worst
    ]
    head = ["slice", "trips", "minutes lost", "MAE", "MAE with distance", "MAE of the baseline"]
    return table([*head, "bias", "coverage", "mean width"], rows)


def table_examples(worst: list[Json]) -> str:
    """Write three trips of each of the worst slices."""
    rows = [
        (
            record["name"] if place == 0 else "",
            example["what"],
            example["pickup_datetime"],
            f"{example['from']} to {example['to']}",
            "" if example["miles"] is None else f"{example['miles']:.1f}",
            f"{example['minutes']:.1f}",
            _answer(example, "request"),
            _answer(example, "request_with_distance"),
        )
        for record in worst
        for place, example in enumerate(record["examples"])
    ]
    head = ["slice", "trip", "picked up", "where", "miles", "took", "predicted", "with distance"]
    return table(head, rows, words=4)


def _answer(example: Json, name: str) -> str:
    lower, upper = (example.get(f"{name}_{end}") for end in ENDS)
    interval = "" if lower is None else f" ({lower:.1f} to {upper:.1f})"
    return f"{example[name]:.1f}{interval}"


def _write(record: Json, key: str, form: str) -> str:
    return form.format(record[key]) if key in record else ""


def table_fairness(boroughs: list[Json]) -> str:
    """Write errors and bias by borough of the pickup, the largest error first."""
    ranked = sorted(boroughs, key=lambda record: -record["mae"])
    rows = [
        (
            record["pickup_borough"],
            f"{record['trips']:,}",
            f"{record['minutes']:.1f}",
            f"{record['over_30']:.1%}",
            *(cell for suffix in SUFFIXES.values() for cell in _errors(record, suffix)),
            f"{record['mae_baseline']:.2f}",
        )
        for record in ranked
    ]
    head = ["picked up in", "trips", "mean minutes", "over 30 min"]
    errors = ["MAE", "MAE / mean minutes", "bias", "coverage"]
    known = [f"{name} with distance" for name in errors]
    return table([*head, *errors, *known, "MAE of the baseline"], rows)


def _errors(record: Json, suffix: str) -> tuple[str, ...]:
    return (
        f"{record[f'mae{suffix}']:.2f}",
        f"{record[f'relative{suffix}']:.1%}",
        f"{record[f'bias{suffix}']:+.2f}",
        _write(record, f"coverage{suffix}", "{:.1%}"),
    )


def table_strongest(
    importance: dict[str, dict[str, float]], strongest: list[str], meanings: dict[str, str]
) -> str:
    """Write the importance of features in three ways."""
    kinds: dict[str, tuple[str, str]] = {
        "contribution": ("moves predictions by", "{:.2f} min"),
        "contribution_with_distance": ("with distance", "{:.2f} min"),
        "permutation": ("error if shuffled", "{:+.3f} min"),
        "permutation_with_distance": ("with distance", "{:+.3f} min"),
        "gain": ("gain", "{:.1%}"),
    }
    shown = {kind: words for kind, words in kinds.items() if kind in importance}
    rows: list[tuple[Any, ...]] = [
        (
            f"`{name}`",
            meanings.get(name, ""),
            *(form.format(importance[kind].get(name, 0.0)) for kind, (_, form) in shown.items()),
        )
        for name in strongest
    ]
    return table(["feature", "meaning", *(title for title, _ in shown.values())], rows, words=2)
