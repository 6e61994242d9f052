"""The pipeline reporting."""

from trip_duration.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
