"""Hooks: parameters are checked before anything happens, a run that makes models is tracked.

They observe. What a run makes does not depend on them.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from trip_duration.errors import ParameterError
from trip_duration.params import read_parameters
from trip_duration.tracking import plugin
from trip_duration.tracking.description import find_source, run_name
from trip_duration.tracking.place import TrackingVariable, anchor
from trip_duration.tracking.run import TrackedRun
from trip_duration.tracking.trials import TRIALS, TrialLog
from trip_duration.tracking.whereabouts import whereabouts

log = logging.getLogger(__name__)
Wrapper = Generator[None, Any, Any]


class RefusedParameters(ParameterError, click.ClickException):
    """Parameters that no run may start with; the command line prints the message alone."""


class ParameterHook:
    """Refuses unknown and wrong parameters by name, before a node or an MLflow run starts."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Check the merged parameters of all groups.

        Raises:
            RefusedParameters: If any is unknown or wrong; the message has a line for each.
        """
        try:
            read_parameters(dict(context.config_loader["parameters"]))
        except ParameterError as error:
            raise RefusedParameters(str(error)) from None

    @hook_impl(trylast=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Let the command line print alone what a dataset has refused; Kedro has wrapped it.

        Raises:
            ClickException: What was refused, if that is why the run fails.
        """
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, click.ClickException):
            cause = cause.__cause__
        if cause is not None:
            raise cause


class TrackingHook:
    """Makes every run that makes models one MLflow run, and logs what it must hold.

    kedro-mlflow starts the run and ends it; each method here runs before, after or around its own.
    """

    def __init__(self) -> None:
        """Begin without a run; none is open between runs."""
        self._run: TrackedRun | None = None
        self._trials: TrialLog | None = None
        self._variable = TrackingVariable()

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Tie the places of the tracking configuration to the project before they are read."""
        loader: Any = context.config_loader
        # kedro-mlflow would add its pattern after this
        loader.config_patterns.setdefault("mlflow", ["mlflow*", "mlflow*/**"])
        self._variable.restore()
        conf = loader["mlflow"] = anchor(loader["mlflow"], Path(context.project_path))
        self._variable.remember(conf["server"]["mlflow_tracking_uri"])

    @hook_impl(wrapper=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> Wrapper:
        """Decide whether there is to be a run, and log to it what is known already."""
        self._run = self._trials = None
        asked = plugin.tracked_nodes(pipeline, run_params, catalog)
        if not asked:
            plugin.disable(run_params)
            return (yield)
        parameters = read_parameters(catalog.load("parameters"))
        source = find_source(parameters, pipeline, catalog)
        name = run_name(parameters, asked, source["source"])
        plugin.name_run(name)
        plugin.use_configured_place()
        result = yield
        started = plugin.started_run()
        if started is not None:
            self._run = TrackedRun(*started, Path(run_params["project_path"]))
            with self._run.failing_on_error():
                self._run.begin(parameters, name, source, pipeline)
        return result

    @hook_impl(wrapper=True)
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> Wrapper:
        """Start a node's clock after all others have had their turn."""
        if self._run is None:
            return (yield)
        with plugin.without_node_parameters():
            result = yield
        self._run.watch.start(node.name)
        if node.name == plugin.SEARCH_NODE:
            self._trials = self._run.trial_log(inputs["finished_trials"])
        return result

    @hook_impl(tryfirst=True)
    def after_node_run(self, node: Node) -> None:
        """Stop a node's clock."""
        if self._run is not None:
            self._run.watch.stop(node.name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Log a trial as soon as it is on disk."""
        if self._run is not None and self._trials is not None and dataset_name == TRIALS:
            self._trials.log(data)
            # to Kedro a node that yields has ended before it yields anything
            self._run.watch.stop(node.name)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Log what was made while the run is open, and say where everything is."""
        run, self._run = self._run, None
        if run is not None:
            with run.failing_on_error():
                run.finish(run_params, pipeline, catalog)
                for line in whereabouts(run, pipeline, catalog, run_params.get("env")):
                    log.info(line)

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Log why the run fails before it is ended."""
        run, self._run = self._run, None
        if run is not None:
            run.fail(error)
