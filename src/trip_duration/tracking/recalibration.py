"""What the MLflow run of a recalibration holds: parent, month, coverage before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from trip_duration.months import span_months
from trip_duration.params.flat import flatten
from trip_duration.registry import admission
from trip_duration.registry.admission import Evidence

if TYPE_CHECKING:
    from trip_duration.models import Predictor
    from trip_duration.registry import Registry, Version

REPORT, BEHAVIOUR = "recalibration_report", "recalibrated_behaviour"


def find_parent(predictor: Predictor, registry: Registry) -> Version | None:
    """Return the registered version that a predictor was calibrated from, the newest if several."""
    sha256 = predictor.facts["calibration"]["parent"]
    return registry.find_by_sha256(sha256)


def recalibration_metrics(pipeline: Pipeline, catalog: Any) -> dict[str, float]:
    """Return coverage and width before and after, and the errors, by dotted name.

    For example ``recalibration.request.before.coverage`` and ``recalibration.request.mae``.
    """
    if REPORT not in pipeline.all_outputs():
        return {}
    report = catalog.load(REPORT)
    numbers = flatten(report["intervals"]) | flatten(report["metrics"])
    return {f"recalibration.{name}": value for name, value in numbers.items()}


def parent_tags(predictor: Predictor, parent: Version | None) -> dict[str, str]:
    """Return where a recalibrated predictor comes from, as tags of its run and version.

    Args:
        predictor: The predictor.
        parent: The registered version that it was calibrated from, if there is one.
    """
    tags = {
        "parent.sha256": predictor.facts["calibration"]["parent"],
        "calibration_months": span_months(tuple(predictor.calibration_months)),
    }
    registered = {"parent.version": parent.number, "parent.run_id": parent.run_id} if parent else {}
    return tags | registered


def training_tags(predictor: Predictor) -> dict[str, str]:
    """Return family, service and training months of a predictor, as the tags of runs that train."""
    facts = predictor.facts
    return {
        "model_type": predictor.family,
        "service": str(facts.get("service")),
        "train_months": ",".join(facts.get("train_months", ())),
    }


def collect_recalibrated(
    predictor: Predictor, parent: Version | None, pipeline: Pipeline, catalog: Any
) -> Evidence:
    """Collect what a run shows of the predictor that it has calibrated anew.

    Its point estimates are those of its parent, whose own run has shown what they are worth. What
    differs is shown by this run: the behaviour checks on the new intervals, the month that passed
    the data gate, and the error on trips of that month, which no weight was learnt from.

    Args:
        predictor: The predictor.
        parent: The registered version that it was calibrated from, if there is one.
        pipeline: What was run.
        catalog: Where its results are.
    """
    outputs = pipeline.all_outputs()
    report = catalog.load(REPORT) if REPORT in outputs else {}
    if report.get("predictor") != predictor.sha256:
        # of an earlier run: with --only-missing-outputs it may have been left as it was
        report = {}
    months = predictor.calibration_months
    further = []
    if parent is None:
        further.append(
            f"its parent (sha256 {predictor.facts['calibration']['parent']}) is not a registered "
            "version"
        )
    if report and not report["points_unchanged"]:
        further.append("its point estimates differ from those of its parent")
    return Evidence(
        sha256=predictor.sha256,
        behaviour=catalog.load(BEHAVIOUR) if BEHAVIOUR in outputs else {},
        scores=report.get("metrics", {}),
        ungated_months=admission.find_ungated(months, *admission_reports(catalog)),
        further=further,
    )


def admission_reports(catalog: Any) -> tuple[list[str], Mapping[str, Any]]:
    """Return the months that passed the data gate, and the quality report; empty if not there."""
    passed, quality = (
        catalog.load(name) if catalog.exists(name) else empty
        for name, empty in (("passed_months", []), ("data_quality", {}))
    )
    return passed, quality
