"""The registry: pipelines by name, then their compositions."""

from kedro.pipeline import Pipeline

from trip_duration.pipelines import (
    data_processing,
    feature_engineering,
    ingestion,
    modelling,
    reporting,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline that ``kedro run --pipelines`` knows."""
    pipelines = {
        "ingestion": ingestion.create_pipeline(),
        "data_processing": data_processing.create_pipeline(),
        "feature_engineering": feature_engineering.create_pipeline(),
        "modelling": modelling.create_pipeline(),
        "reporting": reporting.create_pipeline(),
    }
    return {**pipelines, "__default__": sum(pipelines.values(), start=Pipeline([]))}
