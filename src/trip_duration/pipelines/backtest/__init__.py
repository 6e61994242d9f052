"""The pipeline backtest."""

from trip_duration.pipelines.backtest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
