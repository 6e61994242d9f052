"""The registry: exact names, and what each pipeline needs from outside."""

from __future__ import annotations

import pytest

from trip_duration.pipeline_registry import register_pipelines

PARTS = [
    "ingestion",
    "data_processing",
    "feature_engineering",
    "modelling",
    "behaviour",
    "explanation",
    "reporting",
]
STUDIES = ["tuning", "backtest", "comparison"]
SERVICE = ["recalibration", "promotion", "inference"]


def test_the_names_are_exactly_these() -> None:
    assert list(register_pipelines()) == [*PARTS, *STUDIES, *SERVICE, "__default__"]


def test_the_default_is_all_and_needs_nothing_but_parameters_and_reports_of_studies() -> None:
    pipelines = register_pipelines()
    nodes = {node.name for name in PARTS for node in pipelines[name].nodes}
    assert {node.name for node in pipelines["__default__"].nodes} == nodes
    free = pipelines["__default__"].inputs()
    # where there is no such report, it is empty
    reports = {f"{study}_report" for study in STUDIES}
    assert {name for name in free if not name.startswith("params:")} == reports


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("ingestion", set()),
        ("data_processing", {"raw_trips", "raw_zone_files"}),
        ("feature_engineering", {"trips", "passed_months", "raw_manifest", "zones"}),
        (
            "modelling",
            {
                "split_facts",
                "full_transformer",
                "early_transformer",
                "feature_transformer",
                "model_input_train",
                "model_input_validation",
                "model_input_known",
                "train_trips",
                "validation_trips",
                "test_trips",
            },
        ),
        ("behaviour", {"predictor", "zones", "train_trips", "validation_trips"}),
        ("explanation", {"predictor", "test_trips"}),
        (
            "promotion",
            {
                "registered_challenger",
                "registered_champion",
                "trips",
                "passed_months",
                "data_quality",
                "zones",
            },
        ),
        ("inference", {"batch_requests", "batch_predictor"}),
        ("recalibration", {"trips", "passed_months", "zones", "parent_predictor"}),
        ("tuning", {"trips", "passed_months", "raw_manifest", "zones", "finished_trials"}),
    ],
)
def test_what_a_part_needs(name: str, needs: set[str]) -> None:
    free = register_pipelines()[name].inputs()
    assert {entry for entry in free if not entry.startswith("params:")} == needs
