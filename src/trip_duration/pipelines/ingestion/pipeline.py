"""The ingestion pipeline."""

from kedro.pipeline import Node, Pipeline

from trip_duration.pipelines.ingestion.nodes import (
    request_months,
    request_zone_files,
    write_manifest,
)


def create_pipeline() -> Pipeline:
    """Return the pipeline from a source to raw files and their manifest."""
    return Pipeline(
        [
            Node(
                func=request_months,
                inputs="params:ingestion",
                outputs="raw_trips",
                name="request_months",
            ),
            Node(
                func=request_zone_files,
                inputs="params:ingestion",
                outputs="raw_zone_files",
                name="request_zone_files",
            ),
            Node(
                func=write_manifest,
                inputs={
                    "raw_trips": "raw_trips",
                    "raw_zone_files": "raw_zone_files",
                    "params": "params:ingestion",
                },
                outputs="raw_manifest",
                name="write_manifest",
            ),
        ],
        tags="ingestion",
    )
