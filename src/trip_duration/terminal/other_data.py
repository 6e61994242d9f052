"""Refuses a run whose parameters do not describe the splits that it goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro.pipeline import Pipeline

from trip_duration.evaluation.splits import require_same_choices
from trip_duration.params import read_parameters

SPLIT_NODE, SPLIT_FACTS = "split_trips", "split_facts"
_DEFAULT = "__default__"


def require_same_splits(
    pipeline: Pipeline, catalog: Any, registered: Mapping[str, Pipeline]
) -> None:
    """Refuse parameters that differ from those by which the splits on disk were made.

    Args:
        pipeline: What is run. If it makes the splits, or reads nothing that was made of them, there
            is nothing to compare.
        catalog: Where the splits are.
        registered: All pipelines by name.

    Raises:
        DataError: With a line for each parameter that differs, and what to do.
    """
    made_of_splits = registered[_DEFAULT].from_nodes(SPLIT_NODE).all_outputs()
    if SPLIT_FACTS in pipeline.all_outputs() or not pipeline.inputs() & made_of_splits:
        return
    if catalog.exists(SPLIT_FACTS):
        parameters = read_parameters(catalog.load("parameters"))
        require_same_choices(
            catalog.load(SPLIT_FACTS), parameters.ingestion, parameters.feature_engineering
        )
