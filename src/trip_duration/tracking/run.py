"""One MLflow run: what is logged when it begins, when it ends well and when it fails."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from trip_duration.params import Parameters, read_parameters
from trip_duration.params.flat import flatten
from trip_duration.registry import Registry
from trip_duration.registry.recorded import LOCK
from trip_duration.registry.records import TRAINING_DATA
from trip_duration.secrets import without_password
from trip_duration.tlc.files import data_digest
from trip_duration.tracking import figures, files, plugin, surroundings
from trip_duration.tracking.batches import log_batches
from trip_duration.tracking.description import EXPERIMENT, MANIFEST, NOTE, trained_families
from trip_duration.tracking.flatten import flat_parameters
from trip_duration.tracking.hyperparameters import describe_rounds, describe_settings
from trip_duration.tracking.manifest import Code, describe_code, write_manifest
from trip_duration.tracking.recalibration import (
    find_parent,
    parent_tags,
    recalibration_metrics,
    training_tags,
)
from trip_duration.tracking.registration import (
    Logged,
    Outcome,
    collect_evidence,
    keeper_of,
    register_if_fit,
    require_own_ledger,
)
from trip_duration.tracking.stopwatch import Stopwatch
from trip_duration.tracking.studies import STUDIES, log_study
from trip_duration.tracking.trials import (
    FOLD_SIZES,
    REPORT,
    TrialLog,
    log_fold_sizes,
    log_outcome,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

OUTLINES_DATASET = "zone_outlines"
TEXT = 5_000


@dataclass(frozen=True)
class TrackedRun:
    """A run that is open.

    Attributes:
        run_id: Its identity. MLflow's notion of an active run depends on the thread; this does not.
        tracking_uri: Where it is tracked. MLflow's notion of that can be changed by anyone.
        project: Root of the project.
        watch: Clocks of the nodes.
    """

    run_id: str
    tracking_uri: str
    project: Path
    watch: Stopwatch = field(default_factory=Stopwatch)

    @cached_property
    def code(self) -> Code:
        """The code as it was when this was first asked for, which is when the run begins."""
        return describe_code(self.project)

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client of the place where the run is tracked."""
        import mlflow  # noqa: PLC0415 - only where a run is tracked

        return mlflow.MlflowClient(tracking_uri=self.tracking_uri)

    def begin(
        self, parameters: Parameters, name: str, source: Mapping[str, str], pipeline: Pipeline
    ) -> None:
        """Log what is known before any node has run: parameters, code, libraries, machine.

        Args:
            parameters: Parameters of the run.
            name: Name of the run.
            source: What ``find_source`` has returned.
            pipeline: What is run.

        Raises:
            RegistryError: If what it is to make could not be registered in the end.
        """
        families = trained_families(parameters, pipeline)
        settings = describe_settings(parameters.modelling, families)
        self._log(params={**flat_parameters(parameters), **settings})
        self._describe_experiment()
        splits = parameters.feature_engineering
        git = self.code.as_tags()
        choices = {
            **source,
            "model_type": parameters.modelling.model_type,
            "service": parameters.ingestion.service.value,
            "train_months": ",".join(splits.train_months),
            "test_months": ",".join(splits.test_months),
            NOTE: f"Trip durations: {name}.",
        }
        if plugin.making_node(pipeline) == plugin.RECALIBRATION_NODE:
            # logged at the end, from the facts of the predictor
            for name_of_tag in ("model_type", "train_months", "test_months"):
                del choices[name_of_tag]
        if parameters.tuned is not None:
            choices["tuned"] = parameters.tuned
        if git["git.commit"] != surroundings.UNKNOWN:
            # the name under which MLflow's own pages show it
            choices["mlflow.source.git.commit"] = git["git.commit"]
        self._log(tags={**choices, **git, **surroundings.libraries(), **surroundings.hardware()})
        if parameters.promotion.register_runs and plugin.making_node(pipeline) is not None:
            require_own_ledger(self.tracking_uri, self.project)

    def _describe_experiment(self) -> None:
        """Describe the experiment, unless somebody has."""
        experiment_id = self.client.get_run(self.run_id).info.experiment_id
        if not self.client.get_experiment(experiment_id).tags.get(NOTE):
            self.client.set_experiment_tag(experiment_id, NOTE, EXPERIMENT)

    def trial_log(self, ended_before: Iterable[str]) -> TrialLog:
        """Return what logs the trials of a search into this run.

        Args:
            ended_before: Names of the trials that ended in an earlier run.
        """
        return TrialLog(self.client, self.run_id, frozenset(ended_before))

    def finish(
        self, run_params: Mapping[str, Any], pipeline: Pipeline, catalog: Any
    ) -> Logged | None:
        """Log what the nodes have made: scores, reports, data identity, manifest, the model.

        Returns:
            The logged predictor, if the run has made one.
        """
        node = plugin.making_node(pipeline)
        scores = self._log_scores(pipeline, catalog)
        with tempfile.TemporaryDirectory() as folder:
            self._gather(pipeline, catalog, Path(folder))
            if node is not None:
                manifest = write_manifest(
                    Path(folder), self.code, run_params, pipeline, catalog, plugin.MAKERS[node]
                )
                # for a recalibration: only its month
                self._log(tags={"data_digest": manifest.raw.digest} if manifest.raw else {})
            self.client.log_artifacts(self.run_id, folder)
        logged = self._log_model(node, catalog, scores) if node is not None else None
        if files.used(FOLD_SIZES, pipeline, catalog):
            log_fold_sizes(self.client, self.run_id, catalog.load(FOLD_SIZES))
        if REPORT in pipeline.all_outputs():
            log_outcome(self.client, self.run_id, catalog.load(REPORT))
        for name in set(STUDIES.values()) & pipeline.all_outputs():
            log_study(self.client, self.run_id, name, catalog.load(name))
        self._log(metrics=self.watch.metrics())
        return logged

    def register(
        self, logged: Logged, run_params: Mapping[str, Any], pipeline: Pipeline, catalog: Any
    ) -> Outcome:
        """Register the predictor of a finished run if it is fit for production.

        The last step of a run, so that one that fails has registered nothing.
        """
        params = read_parameters(catalog.load("parameters")).promotion
        evidence = collect_evidence(logged, run_params, pipeline, catalog)
        keeper = keeper_of(self.tracking_uri, self.project)
        outcome = register_if_fit(logged, evidence, params, keeper)
        self._log(tags=outcome.as_tags())
        return outcome

    def fail(self, error: BaseException) -> None:
        """Log why the run has failed."""
        description = f"{type(error).__name__}: {error}"
        reason = without_password(description, self.tracking_uri)[:TEXT]
        self._log(metrics=self.watch.metrics(), tags={"error": reason})

    @contextmanager
    def failing_on_error(self) -> Iterator[None]:
        """End the run as failed if logging to it fails, where no hook for errors is called."""
        try:
            yield
        except Exception as error:
            plugin.end_open_run("FAILED", self.run_id)
            with suppress(Exception):
                self.fail(error)
            raise

    def _log_scores(self, pipeline: Pipeline, catalog: Any) -> dict[str, float]:
        splits = [name for name in files.SPLITS if files.used(name, pipeline, catalog)]
        counts = {f"rows.{name}": files.rows(catalog.get(name)) for name in splits}
        scores = flatten(catalog.load("metrics")) if "metrics" in pipeline.all_outputs() else {}
        self._log(metrics={**counts, **scores, **recalibration_metrics(pipeline, catalog)})
        if "test.request.mae" in scores:
            self._describe(scores)
        return scores

    def _describe(self, scores: Mapping[str, float]) -> None:
        note = self.client.get_run(self.run_id).data.tags[NOTE]
        without, given, lookup = (
            f"{scores[f'test.{name}.mae']:.3f}"
            for name in ("request", "request_with_distance", "baseline")
        )
        full_note = (
            f"{note}\n\nTest MAE in minutes: **{without}** without distance, **{given}** with, "
            f"{lookup} by the lookup table."
        )
        self._log(tags={NOTE: full_note})

    def _gather(self, pipeline: Pipeline, catalog: Any, folder: Path) -> None:
        files.gather(pipeline, catalog, folder)
        figures.write_page(folder / "reports")
        if files.used(MANIFEST, pipeline, catalog):
            manifest = catalog.load(MANIFEST)
            months = manifest["months"].items()
            sha256s = {f"sha256.{month}": file["sha256"] for month, file in months}
            self._log(tags={"data_digest": data_digest(manifest), **sha256s})
        lock = self.project / LOCK
        if lock.is_file():
            (folder / LOCK).write_bytes(lock.read_bytes())
        (folder / "installed.txt").write_text(surroundings.all_distributions())

    def _log_model(self, node: str, catalog: Any, scores: Mapping[str, float]) -> Logged:
        from trip_duration.tracking.model import log_predictor  # noqa: PLC0415 - see client

        predictor = catalog.load(plugin.MAKERS[node])
        names = list(predictor.transformer.selected_)
        self.client.log_dict(self.run_id, {"features": names}, "feature_names.json")
        facts = {
            "features": ",".join(names)[:TEXT],
            "predictor_sha256": predictor.sha256,
            TRAINING_DATA: str(predictor.facts.get("data_digest")),
        }
        parent = None
        if node == plugin.RECALIBRATION_NODE:
            parent = find_parent(predictor, Registry(self.tracking_uri))
            facts |= {**training_tags(predictor), **parent_tags(predictor, parent)}
        rounds = describe_rounds(predictor)
        self._log(metrics={"features": len(names)}, params=rounds, tags=facts)
        outlines = catalog.load(OUTLINES_DATASET) if catalog.exists(OUTLINES_DATASET) else None
        model_id = log_predictor(predictor, outlines).model_id
        return Logged(predictor, model_id, self.run_id, self.code, scores, node, parent)

    def _log(
        self,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        log_batches(self.client, self.run_id, metrics or {}, params or {}, tags or {})
