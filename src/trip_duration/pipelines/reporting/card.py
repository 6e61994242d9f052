"""The model card: the template, and the sections that depend on the run.

It is written from what the run has measured and recorded, never by hand, and knows no clock.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Any

from trip_duration.evaluation.metrics import SPLITS
from trip_duration.months import span_months
from trip_duration.params import SYNTHETIC
from trip_duration.pipelines.reporting.card_tables import (
    Json,
    table_boroughs,
    table_durations,
    table_features,
    table_metrics,
    table_months,
    table_rules,
    table_splits,
)
from trip_duration.pipelines.reporting.figures_slices import DAYS, Metrics, Slices
from trip_duration.tlc.zones import SHAPE_OF

_FAMILIES = {
    "lightgbm": "Gradient-boosted trees (LightGBM), stopped early on the validation trips.",
    "linear": "Linear regression on scaled and one-hot coded features, by gradient descent.",
}
_IMPORTANCE = {
    "lightgbm": "the gain of all splits on it",
    "linear": "how far it moves the predictions of training trips",
}
_PRESENTATIONS = {
    "both": "Every training trip is shown to it twice, with its metered distance and without, so "
    "that one model answers both kinds of request.",
    "with_distance": "Training trips are shown to it with their metered distance only: what it "
    "answers to requests without a distance means nothing.",
    "without_distance": "Training trips are shown to it without their distance only: it makes "
    "nothing of the distance of a request.",
}
_OBJECTIVES = {
    "absolute_error": "mean absolute error",
    "squared_error": "mean squared error",
}


def write_model_card(
    metrics: Metrics,
    slices: Slices,
    data_quality: Json,
    raw_manifest: Json,
    run_facts: Json,
) -> str:
    """Write the model card of a run.

    Args:
        metrics: Metrics by split and presentation.
        slices: Errors on test trips by slicing.
        data_quality: Rows read, kept and rejected of each month.
        raw_manifest: Checksums of the files.
        run_facts: What the model is and how to make it again.

    Returns:
        Markdown.
    """
    template = Template(files(__package__).joinpath("model_card.md").read_text("utf-8"))
    return template.substitute(
        **_identify(run_facts),
        **_describe_data(metrics, data_quality, raw_manifest, run_facts),
        summary=summarise(metrics, run_facts["facts"]),
        metrics=table_metrics(metrics),
        durations=table_durations(slices),
        boroughs=table_boroughs(slices),
        highlights=_bullets(highlight(slices)),
        limits=_bullets(list_limits(metrics, slices, raw_manifest, run_facts)),
    )


def _identify(run: Json) -> dict[str, Any]:
    facts = run["facts"]
    return {
        "sha256": run["sha256"],
        "family": run["family"],
        "family_words": _FAMILIES.get(run["family"], f"The family `{run['family']}`."),
        "presentations": _PRESENTATIONS[facts["presentation"]],
        "importance_words": _IMPORTANCE.get(run["family"], "as its family measures it"),
        "objective": _OBJECTIVES.get(facts["objective"], facts["objective"]),
        "objective_name": facts["objective"],
        "rounds": f"{run['rounds']:,}",
        "floor": f"{run['floor']:.1f}",
        "feature_count": len(run["features"]),
        "features": table_features(run),
        "command": run["command"],
        "seed": facts["seed"],
        "service": facts["service"],
        "data_digest": facts["data_digest"],
        "validation_days": facts["validation_days"],
        "train_months": span_months(facts["train_months"]),
        "test_months": span_months(facts["test_months"]),
    }


def _describe_data(metrics: Metrics, quality: Json, manifest: Json, run: Json) -> dict[str, Any]:
    months = quality["months"].values()
    totals = {
        name: f"{sum(month[name] for month in months):,}"
        for name in ("rows_read", "rows_kept", "distance_made_null")
    }
    zones = [f"`{name}` sha256 `{file['sha256']}`" for name, file in manifest["zones"].items()]
    return {
        **totals,
        "source_words": ", in the form of which a synthetic city has published them"
        if is_synthetic(manifest)
        else "",
        "months": table_months(quality, manifest, run["facts"]),
        "zone_files": ", ".join(zones),
        "splits": table_splits(metrics, quality, run["facts"]),
        "rules": table_rules(quality, run["rules"]),
    }


def is_synthetic(manifest: Json) -> bool:
    """Tell whether any month was made up rather than published."""
    return any(month["source"] == SYNTHETIC for month in manifest["months"].values())


def summarise(metrics: Metrics, facts: Json) -> str:
    """Say in one line how good the predictor is."""
    test = metrics["test"]
    request, known, baseline = (
        test[name]["mae"] for name in ("request", "request_with_distance", "baseline")
    )
    return (
        f"On the {test['request']['n']:,} test trips of {span_months(facts['test_months'])} "
        f"predictions are off by {request:.2f} minutes on average, {known:.2f} where the distance "
        f"is known; the lookup table that it has to beat by {baseline:.2f}."
    )


def highlight(slices: Slices) -> list[str]:
    """Name the hardest and easiest places and hours."""
    by_error = {
        name: sorted(slices[name], key=lambda record: -record["mae"])
        for name in ("borough_pair", "pickup_zone", "hour", "weekday_hour")
    }
    lines = {
        "Hardest pairs of boroughs": [_pair(r) for r in by_error["borough_pair"][:3]],
        "Easiest pair of boroughs": [_pair(r) for r in by_error["borough_pair"][-1:]],
        "Hardest zones to be picked up in": [
            f"{r['pickup_name']} ({_error(r)})" for r in by_error["pickup_zone"][:5]
        ],
        "Hardest hours of the day": [
            f"{r['hour']:02}:00 ({_error(r)})" for r in by_error["hour"][:3]
        ],
        "Easiest hour of the day": [
            f"{r['hour']:02}:00 ({_error(r)})" for r in by_error["hour"][-1:]
        ],
        "Hardest hours of the week": [
            f"{DAYS[r['weekday']]} {r['hour']:02}:00 ({_error(r)})"
            for r in by_error["weekday_hour"][:3]
        ],
    }
    return [f"{what}: {', '.join(which)}." for what, which in lines.items() if which]


def _pair(record: Json) -> str:
    return f"{record['pickup_borough']} to {record['dropoff_borough']} ({_error(record)})"


def _error(record: Json) -> str:
    return f"{record['mae']:.1f} min, {record['trips']:,} trips"


def list_limits(metrics: Metrics, slices: Slices, manifest: Json, run: Json) -> list[str]:
    """List what the model cannot do, as far as the run shows it."""
    facts = run["facts"]
    limits = [
        "The trips are made up by a synthetic city: these figures say nothing about New York."
        if is_synthetic(manifest)
        else "",
        f"Learnt from {facts['service']} taxis only; other services drive other trips."
        + " Green taxis may pick up passengers in Manhattan below 96th Street and at the airports "
        "only when booked, so little is known of trips from there." * (facts["service"] == "green"),
        "In training, the metered distance stands in for that of a routing engine. The two differ "
        "where a driver leaves the suggested route.",
        _limit_of_long_trips(slices),
        f"Learnt from {span_months(facts['train_months'])}: later roads, tolls, fares and habits "
        "are not in it, and errors are expected to grow with time. A holiday or season that those "
        "months do not have is guessed from the others.",
        "Weather, closures and events are not known to it.",
        "Trips from or to the zones 264 and 265 (unknown) are not learnt from; a zone that no "
        "training trip had is answered from what the model knows of the city as a whole. The ids "
        f"{', '.join(map(str, SHAPE_OF))} take the shape of a neighbour.",
        "Trips in the hour that the clocks leave out or repeat cannot be timed and are left out.",
        _limit_of_intervals(metrics),
    ]
    return [limit for limit in limits if limit]


def _limit_of_long_trips(slices: Slices) -> str:
    if not slices["duration"]:
        return ""
    longest = slices["duration"][-1]
    side = "short" if longest["bias"] < 0 else "long"
    return (
        f"Trips that take {longest['duration']} minutes are predicted {abs(longest['bias']):.1f} "
        f"minutes too {side} on average: what makes a trip exceptional is not known beforehand."
    )


def _limit_of_intervals(metrics: Metrics) -> str:
    if all("coverage" in metrics[split]["request"] for split in SPLITS):
        return ""
    return "Point estimates only: it does not yet say how sure it is."


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
