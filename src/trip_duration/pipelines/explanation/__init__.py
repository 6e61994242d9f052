"""The pipeline explanation."""

from trip_duration.pipelines.explanation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
