"""The registry: pipelines by name, then their compositions."""

from kedro.pipeline import Pipeline

from trip_duration.pipelines import (
    backtest,
    behaviour,
    comparison,
    data_processing,
    explanation,
    feature_engineering,
    inference,
    ingestion,
    modelling,
    promotion,
    recalibration,
    reporting,
    tuning,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline that ``kedro run --pipelines`` knows."""
    pipelines = {
        "ingestion": ingestion.create_pipeline(),
        "data_processing": data_processing.create_pipeline(),
        "feature_engineering": feature_engineering.create_pipeline(),
        "modelling": modelling.create_pipeline(),
        "behaviour": behaviour.create_pipeline(),
        "explanation": explanation.create_pipeline(),
        "reporting": reporting.create_pipeline(),
    }
    # not part of a usual run
    studies = {
        "tuning": tuning.create_pipeline(),
        "backtest": backtest.create_pipeline(),
        "comparison": comparison.create_pipeline(),
    }
    # what comes after a run
    service = {
        "recalibration": recalibration.create_pipeline(),
        "promotion": promotion.create_pipeline(),
        "inference": inference.create_pipeline(),
    }
    default = sum(pipelines.values(), start=Pipeline([]))
    return {**pipelines, **studies, **service, "__default__": default}
