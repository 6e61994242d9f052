"""The model card: the template, and the sections that depend on the run.

It is written from what the run has measured and recorded, never by hand, and knows no clock.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Any

from trip_duration.errors import DataError
from trip_duration.evaluation.slices import DAYS
from trip_duration.months import span_months
from trip_duration.pipelines.reporting.card_findings import (
    write_explanation,
    write_fairness,
    write_intervals,
    write_worst,
)
from trip_duration.pipelines.reporting.card_limits import list_limits
from trip_duration.pipelines.reporting.card_studies import write_behaviour, write_studies
from trip_duration.pipelines.reporting.card_tables import (
    Json,
    bullets,
    table_durations,
    table_features,
    table_metrics,
    table_months,
    table_rules,
    table_splits,
)
from trip_duration.pipelines.reporting.card_words import (
    FAMILIES,
    IMPORTANCE,
    PRESENTATIONS,
    REFIT,
    describe_source,
    say_training,
)
from trip_duration.pipelines.reporting.figures_slices import Metrics, Slices


def gather_data(data_quality: Json, raw_manifest: Json) -> dict[str, Json]:
    """Gather what is known of the data.

    Args:
        data_quality: Rows read, kept and rejected of each month.
        raw_manifest: Checksums of the files.
    """
    return {"quality": data_quality, "manifest": raw_manifest}


def gather_findings(
    worst_slices: Json, fairness: Json, explanation: Json, card_studies: dict[str, Json]
) -> dict[str, Any]:
    """Gather what was found out about the predictor.

    Args:
        worst_slices: Slices in which most minutes are lost, with examples.
        fairness: Errors and bias over the boroughs of the pickup.
        explanation: Importance of the features.
        card_studies: Reports of the other studies by name.
    """
    return {
        "worst": worst_slices,
        "fairness": fairness,
        "explanation": explanation,
        "studies": card_studies,
    }


def write_model_card(
    metrics: Metrics,
    slices: Slices,
    card_data: dict[str, Json],
    card_findings: dict[str, Any],
    run_facts: Json,
) -> str:
    """Write the model card of a run.

    Args:
        metrics: Metrics by split and presentation.
        slices: Errors on test trips by slicing.
        card_data: Quality and manifest of the months.
        card_findings: What was found out about the predictor.
        run_facts: What the model is and how to make it again.

    Returns:
        Markdown.

    Raises:
        DataError: If other months were processed since the model was trained.
    """
    manifest = card_data["manifest"]
    _check_months(card_data["quality"], run_facts["facts"])
    template = Template(files(__package__).joinpath("model_card.md").read_text("utf-8"))
    return template.substitute(
        **_identify(run_facts),
        **_describe_data(metrics, card_data["quality"], manifest, run_facts),
        **_describe_findings(card_findings, run_facts),
        summary=summarise(metrics, run_facts["facts"]),
        metrics=table_metrics(metrics),
        intervals=write_intervals(metrics, slices, run_facts),
        durations=table_durations(slices),
        highlights=bullets(highlight(slices, card_findings["worst"]["min_trips"])),
        limits=bullets(list_limits(metrics, slices, run_facts)),
    )


def _identify(run: Json) -> dict[str, Any]:
    facts = run["facts"]
    return {
        "sha256": run["sha256"],
        "family": run["family"],
        "family_words": FAMILIES.get(run["family"], f"The family `{run['family']}`."),
        "presentations": PRESENTATIONS[facts["presentation"]],
        "importance_words": IMPORTANCE.get(run["family"], "as its family measures it"),
        "trained": say_training(run["family"], facts["objective"]),
        "objective_name": facts["objective"],
        "rounds": f"{run['rounds']:,}",
        "bounds": f"below {run['floor']:.1f} minutes"
        + (f" or above {run['ceiling']:.1f}" if run["ceiling"] else ""),
        "feature_count": len(run["features"]),
        "features": table_features(run),
        "command": run["command"],
        "seed": facts["seed"],
        "service": facts["service"],
        "data_digest": facts["data_digest"],
        "validation_days": facts["validation_days"],
        **REFIT[facts["refit"]],
        "train_months": span_months(facts["train_months"]),
        "test_months": span_months(facts["test_months"]),
    }


def _check_months(quality: Json, facts: Json) -> None:
    used = [*facts["train_months"], *facts["test_months"]]
    lost = sorted(set(used) - set(quality["months"]))
    if lost:
        raise DataError(
            f"data_quality.json lacks {span_months(lost)}, which the model was trained or tested "
            f"on: it holds {span_months(sorted(quality['months']))}. Process these months again, "
            "with `kedro run --pipelines ingestion,data_processing`"
        )


def _describe_data(metrics: Metrics, quality: Json, manifest: Json, run: Json) -> dict[str, Any]:
    months = quality["months"].values()
    totals = {
        name: f"{sum(month[name] for month in months):,}"
        for name in ("rows_read", "rows_kept", "distance_made_null")
    }
    zones = [f"`{name}` sha256 `{file['sha256']}`" for name, file in manifest["zones"].items()]
    return {
        **totals,
        **describe_source(run),
        "months": table_months(quality, manifest, run["facts"]),
        "zone_files": ", ".join(zones),
        "splits": table_splits(metrics, quality, run["facts"]),
        "rules": table_rules(quality, run["rules"]),
    }


def _describe_findings(findings: dict[str, Any], run: Json) -> dict[str, str]:
    worst = findings["worst"]
    return {
        "worst": write_worst(worst["slices"], worst["min_trips"]),
        "worst_trips": f"{worst['min_trips']:,}",
        "fairness": write_fairness(findings["fairness"]),
        "explanation": write_explanation(findings["explanation"], run),
        "behaviour": write_behaviour(findings["studies"], run["sha256"]),
        "studies": write_studies(findings["studies"], run["source"]),
    }


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


def highlight(slices: Slices, min_trips: int) -> list[str]:
    """Name the hardest and easiest places and hours.

    Args:
        slices: Errors on test trips by slicing.
        min_trips: Trips below which the error of a slice is mostly chance, and not ranked.
    """
    by_error = {
        name: sorted(
            (record for record in slices[name] if record["trips"] >= min_trips),
            key=lambda record: -record["mae"],
        )
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
