"""The pipeline recalibration."""

from trip_duration.pipelines.recalibration.pipeline import create_pipeline

__all__ = ["create_pipeline"]
