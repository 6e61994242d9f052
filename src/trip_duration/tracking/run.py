"""One MLflow run: what is logged when it begins, when it ends well and when it fails."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from trip_duration.params import Parameters, read_parameters
from trip_duration.params.flat import flatten
from trip_duration.secrets import without_password
from trip_duration.tlc.files import data_digest
from trip_duration.tracking import figures, files, plugin, surroundings
from trip_duration.tracking.description import EXPERIMENT, MANIFEST, NOTE, trained_families
from trip_duration.tracking.flatten import flat_parameters
from trip_duration.tracking.hyperparameters import describe_rounds, describe_settings
from trip_duration.tracking.manifest import LOCK, Code, describe_code, write_manifest
from trip_duration.tracking.registration import Logged, register, require_own_ledger
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

SAMPLE_ROWS = 200
BATCH = 100
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
        if parameters.tuned is not None:
            choices["tuned"] = parameters.tuned
        if git["git.commit"] != surroundings.UNKNOWN:
            # the name under which MLflow's own pages show it
            choices["mlflow.source.git.commit"] = git["git.commit"]
        self._log(tags={**choices, **git, **surroundings.libraries(), **surroundings.hardware()})
        if parameters.promotion.register_runs and "predictor" in pipeline.all_outputs():
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

    def finish(self, run_params: Mapping[str, Any], pipeline: Pipeline, catalog: Any) -> None:
        """Log what the nodes have made: scores, reports, data identity, manifest, the model."""
        trained = "predictor" in pipeline.all_outputs()
        scores = self._log_scores(pipeline, catalog)
        with tempfile.TemporaryDirectory() as folder:
            self._gather(pipeline, catalog, Path(folder))
            if trained:
                write_manifest(Path(folder), self.code, run_params, pipeline, catalog)
            self.client.log_artifacts(self.run_id, folder)
        if trained:
            self._log_model(catalog.load("predictor"), scores, catalog)
        if files.used(FOLD_SIZES, pipeline, catalog):
            log_fold_sizes(self.client, self.run_id, catalog.load(FOLD_SIZES))
        if REPORT in pipeline.all_outputs():
            log_outcome(self.client, self.run_id, catalog.load(REPORT))
        for name in set(STUDIES.values()) & pipeline.all_outputs():
            log_study(self.client, self.run_id, name, catalog.load(name))
        self._log(metrics=self.watch.metrics())

    def fail(self, error: BaseException) -> None:
        """Log why the run has failed."""
        said = f"{type(error).__name__}: {error}"
        reason = without_password(said, self.tracking_uri)[:TEXT]
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
        self._log(metrics={**counts, **scores})
        if "test.request.mae" in scores:
            self._describe(scores)
        return scores

    def _describe(self, scores: Mapping[str, float]) -> None:
        said = self.client.get_run(self.run_id).data.tags[NOTE]
        without, given, lookup = (
            f"{scores[f'test.{name}.mae']:.3f}"
            for name in ("request", "request_with_distance", "baseline")
        )
        note = (
            f"{said}\n\nTest MAE in minutes: **{without}** without distance, **{given}** with, "
            f"{lookup} by the lookup table."
        )
        self._log(tags={NOTE: note})

    def _gather(self, pipeline: Pipeline, catalog: Any, folder: Path) -> None:
        for name in files.reports(pipeline, catalog):
            files.copy_to(catalog.get(name), folder / "reports")
        figures.write_page(folder / "reports")
        if files.used(MANIFEST, pipeline, catalog):
            self._gather_manifest(catalog.load(MANIFEST), folder)
        if files.used("predictions", pipeline, catalog):
            rows = files.sample(catalog.get("predictions"), SAMPLE_ROWS)
            rows.to_parquet(folder / "predictions_sample.parquet", index=False)
        lock = self.project / LOCK
        if lock.is_file():
            (folder / LOCK).write_bytes(lock.read_bytes())
        (folder / "installed.txt").write_text(surroundings.all_distributions())

    def _gather_manifest(self, manifest: dict[str, Any], folder: Path) -> None:
        (folder / "raw_manifest.json").write_text(json.dumps(manifest, indent=2))
        months = {f"sha256.{month}": file["sha256"] for month, file in manifest["months"].items()}
        self._log(tags={"data_digest": data_digest(manifest), **months})

    def _log_model(self, predictor: Any, scores: Mapping[str, float], catalog: Any) -> None:
        from trip_duration.tracking.model import log_predictor  # noqa: PLC0415 - see client

        names = list(predictor.transformer.selected_)
        self.client.log_dict(self.run_id, {"features": names}, "feature_names.json")
        facts = {
            "features": ",".join(names)[:TEXT],
            "predictor_sha256": predictor.sha256,
            "training_data_digest": str(predictor.facts.get("data_digest")),
        }
        rounds = describe_rounds(predictor)
        self._log(metrics={"features": len(names)}, params=rounds, tags=facts)
        logged = log_predictor(predictor)
        if read_parameters(catalog.load("parameters")).promotion.register_runs:
            made = Logged(predictor, logged.model_id, self.run_id, self.code, scores)
            register(made, self.tracking_uri, self.project)

    def _log(
        self,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - see client

        now = time.time_ns() // 1_000_000
        numbers = {k: float(v) for k, v in (metrics or {}).items() if v is not None}
        finite = [Metric(k, v, now, 0) for k, v in numbers.items() if math.isfinite(v)]
        texts = [Param(k, v) for k, v in (params or {}).items()]
        marks = [RunTag(k, v) for k, v in (tags or {}).items()]
        for start in range(0, max(len(texts), 1), BATCH):
            # MLflow takes 100 parameters at a time
            self.client.log_batch(self.run_id, params=texts[start : start + BATCH])
        self.client.log_batch(self.run_id, metrics=finite, tags=marks)
