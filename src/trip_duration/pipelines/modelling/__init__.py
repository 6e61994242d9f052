"""The pipeline modelling."""

from trip_duration.pipelines.modelling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
