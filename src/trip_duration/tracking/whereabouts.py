"""What a person is told at the end of a tracked run: where everything is, and how to see it."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline

from trip_duration.tracking import files
from trip_duration.tracking.place import how_to_see
from trip_duration.tracking.run import TrackedRun

NAMED = {"metrics": "metrics", "model_card": "model card"}


def whereabouts(run: TrackedRun, pipeline: Pipeline, catalog: Any) -> list[str]:
    """Return lines that name the reports, the MLflow run, and the commands that show them.

    Args:
        run: A run that is still open.
        pipeline: What was run.
        catalog: Where its results are.
    """
    import mlflow  # noqa: PLC0415 - only where a run is tracked

    made = files.reports(pipeline, catalog)
    lines = [f"{NAMED[name]}: {files.place(catalog.get(name))}" for name in NAMED if name in made]
    info = run.client.get_run(run.run_id).info
    experiment = run.client.get_experiment(info.experiment_id)
    see = how_to_see(mlflow.get_tracking_uri(), info.experiment_id, run.run_id)
    return [
        *lines,
        "figures and the graph: make viz (kedro viz run)",
        f"MLflow: run '{info.run_name}' of experiment '{experiment.name}', {see}",
    ]
