"""The pipeline promotion."""

from trip_duration.pipelines.promotion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
