"""The pipeline feature_engineering."""

from trip_duration.pipelines.feature_engineering.pipeline import create_pipeline

__all__ = ["create_pipeline"]
