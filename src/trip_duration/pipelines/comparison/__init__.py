"""The pipeline comparison."""

from trip_duration.pipelines.comparison.pipeline import create_pipeline

__all__ = ["create_pipeline"]
