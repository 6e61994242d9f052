"""The pipeline tuning."""

from trip_duration.pipelines.tuning.pipeline import create_pipeline

__all__ = ["create_pipeline"]
