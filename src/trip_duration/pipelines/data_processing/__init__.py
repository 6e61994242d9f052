"""The pipeline data_processing."""

from trip_duration.pipelines.data_processing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
