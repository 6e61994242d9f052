"""What a person is told at the end of a tracked run: where everything is, and how to see it."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline

from trip_duration.tracking import files
from trip_duration.tracking.figures import PREFIX
from trip_duration.tracking.place import from_here, how_to_see, program
from trip_duration.tracking.run import TrackedRun

NAMED = {"metrics": "metrics", "model_card": "model card"}
BASE = "base"
TUNED = "tuned_parameters"


def whereabouts(run: TrackedRun, pipeline: Pipeline, catalog: Any, env: str | None) -> list[str]:
    """Return lines that name the reports, the MLflow run, and the commands that show them.

    The commands can be copied: they need no activated environment.

    Args:
        run: A run that is still open.
        pipeline: What was run.
        catalog: Where its results are.
        env: The environment of the run.
    """
    made = files.reports(pipeline, catalog)
    lines = [
        f"{NAMED[name]}: {from_here(files.place(catalog.get(name)))}"
        for name in NAMED
        if name in made
    ]
    info = run.client.get_run(run.run_id).info
    experiment = run.client.get_experiment(info.experiment_id)
    see = how_to_see(run.tracking_uri, info.experiment_id, run.run_id)
    return [
        *lines,
        *_figures(made, catalog),
        *_settings(pipeline, catalog),
        f"the graph: {_viz(env)}",
        f"MLflow: run '{info.run_name}' of experiment '{experiment.name}', {see}",
    ]


def _figures(made: list[str], catalog: Any) -> list[str]:
    drawn = [name for name in made if name.startswith(PREFIX)]
    if not drawn:
        return []
    folder = files.place(catalog.get(drawn[0])).rpartition("/")[0]
    return [f"figures: {from_here(f'{folder}/{PREFIX}*.json')}"]


def _settings(pipeline: Pipeline, catalog: Any) -> list[str]:
    if TUNED not in pipeline.all_outputs():
        return []
    path = from_here(files.place(catalog.get(TUNED)))
    return [f'settings found: {path}; to train with them: kedro run --params "tuned={path}"']


def _viz(env: str | None) -> str:
    kedro = f"{program('kedro')} viz run"
    if env in (None, BASE):
        return f"make viz (or {kedro})"
    return f"make viz ENV={env} (or {kedro} --env {env})"
