"""The one place that reaches into kedro-mlflow, which starts and ends the run.

The plugin decides by the names of pipelines and keeps its state between the sessions of a process;
here is what makes "a run that makes models is one MLflow run, any other is none" true for it.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from trip_duration.tracking.studies import STUDIES

TRAINING_NODE, SEARCH_NODE = "train_predictor", "search_settings"
RECALIBRATION_NODE = "recalibrate_intervals"
# the nodes that make a predictor, and its dataset
MAKERS = {TRAINING_NODE: "predictor", RECALIBRATION_NODE: "recalibrated_predictor"}
TRACKED_NODES = frozenset({SEARCH_NODE, *MAKERS, *STUDIES})


def tracked_nodes(pipeline: Pipeline, run_params: dict[str, Any], catalog: Any) -> set[str]:
    """Return the nodes for which a run is tracked: not the names of its pipelines decide."""
    if run_params.get("only_missing_outputs"):
        # the runner leaves nodes out later; this is the runner's own decision, taken earlier
        pipeline = SequentialRunner()._filter_pipeline_for_missing_outputs(pipeline, catalog)
    return {node.name for node in pipeline.nodes} & TRACKED_NODES


def making_node(pipeline: Pipeline) -> str | None:
    """Return the node of a pipeline that makes a predictor, or None."""
    outputs = pipeline.all_outputs()
    return next((node for node, dataset in MAKERS.items() if dataset in outputs), None)


def disable(run_params: dict[str, Any]) -> None:
    """Make the plugin track nothing of this run."""
    names = run_params.get("pipeline_names") or ["__default__"]
    plugin = _plugin()
    plugin.mlflow_config.tracking.disable_tracking.pipelines = list(names)
    # left by an earlier session of this process, it would be reopened at every node
    plugin.run_id = None


def name_run(name: str) -> None:
    """Give the coming run a name, unless the configuration has one."""
    options = _plugin().mlflow_config.tracking.run
    options.name = options.name or name


def use_configured_place() -> None:
    """Point MLflow to the configured server and experiment, wherever others have pointed it since.

    A run that someone else has opened in this process stays where it is.
    """
    import mlflow  # noqa: PLC0415 - see started_run

    # MLflow's own last lines have the password of an address in them; ours say the same without
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    plugin = _plugin()
    if not plugin._already_active_mlflow:
        conf = plugin.mlflow_config
        mlflow.set_tracking_uri(conf.server.mlflow_tracking_uri)
        mlflow.set_experiment(experiment_id=conf.tracking.experiment._experiment.experiment_id)


@contextmanager
def without_node_parameters() -> Iterator[None]:
    """Keep the plugin from logging each typed group of a node as one long string."""
    plugin = _plugin()
    plugin._is_mlflow_enabled = False
    try:
        yield
    finally:
        # true, not what it was: another thread may be in here, and the end of the run hangs on it
        plugin._is_mlflow_enabled = True


def started_run() -> tuple[str, str] | None:
    """Return id and tracking URI of the run that the plugin has started, if it tracks this one.

    A run that is still open when the process ends (Ctrl-C, ``sys.exit``) was not finished, which is
    what MLflow would make of it.
    """
    import mlflow  # noqa: PLC0415 - only where a run is tracked

    run = mlflow.active_run() if _plugin()._is_mlflow_enabled else None
    if run is None:
        return None
    atexit.register(end_open_run, "KILLED", run.info.run_id)
    return str(run.info.run_id), str(mlflow.get_tracking_uri())


def end_open_run(status: str, run_id: str) -> None:
    """End a run, if it is still the open one."""
    import mlflow  # noqa: PLC0415 - see started_run

    run = mlflow.active_run()
    if run is not None and run.info.run_id == run_id:
        mlflow.end_run(status)


def _plugin() -> Any:
    # imported here: it imports mlflow
    from kedro_mlflow.framework.hooks.mlflow_hook import mlflow_hook  # noqa: PLC0415

    return mlflow_hook
