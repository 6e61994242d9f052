"""The pipeline behaviour."""

from trip_duration.pipelines.behaviour.pipeline import create_pipeline

__all__ = ["create_pipeline"]
