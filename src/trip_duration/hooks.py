"""Hooks of a run: they check it first, lock the data folder, show progress, track, show results.

The results of the nodes do not depend on them. If a run ends because months break a contract, a
hook saves the quality report, because the node that makes it did not run.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from trip_duration.errors import ParameterError
from trip_duration.params import read_parameters
from trip_duration.registry.places import data_folder
from trip_duration.terminal.missing_inputs import require_inputs
from trip_duration.terminal.node_log import NodeLog
from trip_duration.terminal.other_data import require_same_splits
from trip_duration.terminal.results import show_results
from trip_duration.terminal.run_options import RunOptions, from_here
from trip_duration.tracking import files, plugin
from trip_duration.tracking.description import find_source, run_name
from trip_duration.tracking.exclusive import lock_data_folder, opening_database
from trip_duration.tracking.place import TrackingVariable, anchor, require_answer
from trip_duration.tracking.registration import Outcome
from trip_duration.tracking.run import TrackedRun
from trip_duration.tracking.trials import TRIALS, TrialLog

log = logging.getLogger(__name__)
# answers in bulk: a lock for each output, see inference.writing
LOCKED_BY_THEMSELVES = {"batch_answers"}
QUALITY = "data_quality"
# a gate reads a report of the bounds that it was made with: with others it has to be made again,
# from the first node whose inputs are on disk
READ_AGAIN = {"pass_months": "assess_months", "gate_promotion": "read_trips"}
Wrapper = Generator[None, Any, Any]


class NodeLogHook:
    """Shows how far a run is, and says how to go on where it has failed."""

    def __init__(self) -> None:
        """Begin without a run."""
        self._nodes = NodeLog()

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Begin to count."""
        # not earlier: configuring logging would remove the handler
        self._nodes.install()
        self._nodes.begin(len(pipeline.nodes))

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self) -> None:
        """Take the progress bar away."""
        self._nodes.close()

    @hook_impl(trylast=True)
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Add to the error the command that goes on from the last results on disk."""
        nodes = self._nodes
        nodes.close()
        if nodes.failed:
            done = f"{nodes.ended} of {nodes.nodes} nodes are done"
            error.add_note(f"The node {nodes.failed} failed; {done}.")
        if nodes.resume_from:
            nodes_to_resume = {READ_AGAIN.get(name, name) for name in nodes.resume_from}
            command = RunOptions.of(run_params).resume(nodes_to_resume)
            error.add_note(f"To go on from there: {command}")


class InputHook:
    """Refuses wrong parameters and missing inputs, before a node or an MLflow run starts."""

    @hook_impl(wrapper=True, tryfirst=True)
    def after_context_created(self, context: KedroContext) -> Wrapper:
        """Check the merged parameters of all groups, before any other hook writes anything.

        Raises:
            ParameterError: If any is unknown or wrong; the message has a line for each.
        """
        read_parameters(dict(context.config_loader["parameters"]))
        return (yield)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Check that the inputs of the run exist, and are those that its parameters describe.

        Raises:
            DataError: If one does not exist, with the pipelines that make it; or if it was made of
                other months, or of another service or source.
        """
        # with --only-missing-outputs the runner leaves nodes out, whose inputs nobody needs
        if not run_params.get("only_missing_outputs"):
            require_inputs(pipeline, catalog, pipelines, RunOptions.of(run_params))
            require_same_splits(pipeline, catalog, pipelines)


class DataFolderHook:
    """Lets one run at a time write to the data folder; the lock ends with the run or its process.

    Bulk prediction is let through: it writes to an output of its own, which it locks itself.
    """

    def __init__(self) -> None:
        """Begin without a lock."""
        self._lock = ExitStack()

    @hook_impl(wrapper=True, tryfirst=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> Wrapper:
        """Lock the data folder before any other hook begins with the run.

        Raises:
            BusyError: If another run is writing to the folder; the message says which.
        """
        self._lock.close()  # of a run that was interrupted in this process, as in a notebook
        folder = data_folder(Path(run_params["project_path"]))
        if pipeline.all_outputs() - LOCKED_BY_THEMSELVES:
            self._lock.enter_context(lock_data_folder(folder, run_params))
        try:
            return (yield)
        except BaseException:
            self._lock.close()
            raise

    @hook_impl(wrapper=True, tryfirst=True)
    def after_pipeline_run(self) -> Wrapper:
        """Free the data folder after all other hooks have read what they need of it."""
        with self._lock:
            return (yield)

    @hook_impl(wrapper=True, tryfirst=True)
    def on_pipeline_error(self) -> Wrapper:
        """Free the data folder after all other hooks have had their turn."""
        with self._lock:
            return (yield)


class DataQualityHook:
    """Leaves a quality report when a run ends because months break a contract."""

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: Any) -> None:
        """Save ``data_quality``, which no node has come to make."""
        # imported here: an error of this kind is rare
        from trip_duration.pipelines.data_processing.broken_months import (  # noqa: PLC0415
            describe_broken_months,
            find_broken_months,
        )

        broken = find_broken_months(error)
        if not broken:
            return
        try:
            params = read_parameters(catalog.load("parameters")).data_processing
            raw, trips = catalog.load("raw_trips"), catalog.load("trips")
            catalog.save(QUALITY, describe_broken_months(broken, raw, trips, params))
        except Exception:
            # the run ends with its own error, not with this one
            log.exception("the quality report cannot be written")
            return
        place = from_here(files.place(catalog.get(QUALITY)))
        log.error("months that break a contract: %s; see %s", ", ".join(sorted(broken)), place)


class TrackingHook:
    """Makes every run that makes models one MLflow run, and logs what it must hold.

    kedro-mlflow starts the run and ends it; each method here runs before, after or around its own.
    """

    def __init__(self) -> None:
        """Begin without a run; none is open between runs."""
        self.ended: tuple[TrackedRun, Outcome | None] | None = None
        self._run: TrackedRun | None = None
        self._trials: TrialLog | None = None
        self._variable = TrackingVariable()

    @hook_impl(wrapper=True)
    def after_context_created(self, context: KedroContext) -> Wrapper:
        """Tie the places of the tracking configuration to the project before they are read.

        kedro-mlflow then opens the database. If two processes create it at once, one fails.

        Raises:
            TrackingError: If the place where runs are tracked does not answer.
        """
        loader: Any = context.config_loader
        # kedro-mlflow would add its pattern after this
        loader.config_patterns.setdefault("mlflow", ["mlflow*", "mlflow*/**"])
        self._variable.restore()
        conf = loader["mlflow"] = anchor(loader["mlflow"], Path(context.project_path))
        uri = conf["server"]["mlflow_tracking_uri"]
        require_answer(uri)
        self._variable.remember(uri)
        with opening_database(uri):
            return (yield)

    @hook_impl(wrapper=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> Wrapper:
        """Decide whether there is to be a run, and log to it what is known already."""
        self._run = self._trials = self.ended = None
        asked = plugin.tracked_nodes(pipeline, run_params, catalog)
        if not asked:
            plugin.disable(run_params)
            return (yield)
        if plugin.MAKERS.keys() <= asked:
            raise ParameterError(
                "one run makes one predictor: train first, then run the pipeline recalibration."
            )
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
        """Log the results and register the predictor while the run is open."""
        run, self._run = self._run, None
        if run is None:
            return
        with run.failing_on_error():
            logged = run.finish(run_params, pipeline, catalog)
            outcome = run.register(logged, run_params, pipeline, catalog) if logged else None
        self.ended = run, outcome

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Log why the run fails before it is ended."""
        run, self._run = self._run, None
        if run is not None:
            run.fail(error)


class ResultsHook:
    """Shows the results at the end of every run, tracked or not."""

    def __init__(self, tracking: TrackingHook) -> None:
        """Keep the hook that knows the MLflow run and its registered version."""
        self._tracking = tracking

    @hook_impl(trylast=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Any
    ) -> None:
        """Show the results after kedro-mlflow has ended the run.

        A terminal that is closed must not make the run fail.
        """
        run, outcome = self._tracking.ended or (None, None)
        show_results(run, outcome, run_params, pipeline, catalog)
