"""Ingestion: brings the wanted months and the zone files from their source to disk."""

from trip_duration.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
