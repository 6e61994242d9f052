"""The registry: exact names, and what each pipeline needs from outside."""

from __future__ import annotations

import pytest

from trip_duration.pipeline_registry import register_pipelines

PARTS = ["ingestion", "data_processing", "feature_engineering", "modelling", "reporting"]


def test_the_names_are_exactly_these() -> None:
    assert list(register_pipelines()) == [*PARTS, "__default__"]


def test_the_default_is_all_and_needs_nothing_but_parameters() -> None:
    pipelines = register_pipelines()
    nodes = {node.name for name in PARTS for node in pipelines[name].nodes}
    assert {node.name for node in pipelines["__default__"].nodes} == nodes
    free = pipelines["__default__"].inputs()
    assert {name for name in free if not name.startswith("params:")} == set()


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("ingestion", set()),
        ("data_processing", {"raw_trips", "raw_zone_files"}),
        ("feature_engineering", {"trips", "passed_months", "zones"}),
        (
            "modelling",
            {
                "split_facts",
                "full_transformer",
                "feature_transformer",
                "model_input_train",
                "model_input_validation",
                "train_trips",
                "validation_trips",
                "test_trips",
            },
        ),
    ],
)
def test_what_a_part_needs(name: str, needs: set[str]) -> None:
    free = register_pipelines()[name].inputs()
    assert {entry for entry in free if not entry.startswith("params:")} == needs
