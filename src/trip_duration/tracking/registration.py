"""Registration of the predictor that a run has made, if it is fit for production."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from trip_duration.features.requests import REQUEST_COLUMNS, ROUTE_DISTANCE
from trip_duration.months import span_months
from trip_duration.params.promotion import PromotionParams
from trip_duration.registry import admission, semantic
from trip_duration.registry.admission import Evidence
from trip_duration.registry.places import database_url
from trip_duration.registry.records import SEMANTIC, TRAINING_DATA, Candidate, Version
from trip_duration.tracking import plugin
from trip_duration.tracking.manifest import Code
from trip_duration.tracking.recalibration import (
    admission_reports,
    collect_recalibrated,
    parent_tags,
)

if TYPE_CHECKING:
    from trip_duration.models import Predictor
    from trip_duration.registry.promotion import Keeper

FIGURES = tuple(
    f"test.{kind}.{name}"
    for kind in ("request", "request_with_distance", "baseline")
    for name in ("mae", "coverage")
)
SOURCE = "source"


@dataclass(frozen=True)
class Logged:
    """A predictor that was logged to a run.

    Attributes:
        predictor: The predictor.
        model_id: Its identity in MLflow.
        run_id: The run.
        code: The code of the run.
        scores: Metrics of the run, by dotted name.
        node: The node that has made it.
        parent: The registered version that it was calibrated from, of a recalibration.
    """

    predictor: Predictor
    model_id: str
    run_id: str
    code: Code
    scores: Mapping[str, float]
    node: str = plugin.TRAINING_NODE
    parent: Version | None = None


@dataclass(frozen=True)
class Outcome:
    """Whether a run has registered its predictor.

    Attributes:
        version: The registered version, or None.
        objections: Why there is none.
    """

    version: Version | None
    objections: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the outcome as one line."""
        if self.version is None:
            return f"the predictor is not registered: {'; '.join(self.objections)}"
        return f"the predictor is registered as version {self.version.name}, the challenger"

    def as_tags(self) -> dict[str, str]:
        """Return the outcome as tags of the run."""
        if self.version is None:
            return {"registered": f"no: {'; '.join(self.objections)}"}
        return {"registered": self.version.number, SEMANTIC: self.version.semantic_version}


def collect_evidence(
    logged: Logged, run_params: Mapping[str, Any], pipeline: Pipeline, catalog: Any
) -> Evidence:
    """Collect what a run shows of the predictor that it has made.

    Args:
        logged: The predictor.
        run_params: How Kedro was called.
        pipeline: What was run.
        catalog: Where its results are.
    """
    predictor = logged.predictor
    if logged.node == plugin.RECALIBRATION_NODE:
        return collect_recalibrated(predictor, logged.parent, pipeline, catalog)
    # metrics on disk may be those of an earlier run, and of another predictor
    downstream = pipeline.from_nodes(logged.node).all_outputs()
    measured = "metrics" in downstream and not run_params.get("only_missing_outputs")
    months = [*predictor.facts["train_months"], *predictor.facts["test_months"]]
    return Evidence(
        sha256=predictor.sha256,
        behaviour=catalog.load("behaviour_report"),
        scores=catalog.load("metrics")["test"] if measured else {},
        ungated_months=admission.find_ungated(months, *admission_reports(catalog)),
    )


def describe(logged: Logged) -> Candidate:
    """Return what the registry is to know of a logged predictor."""
    facts, parent = logged.predictor.facts, logged.parent
    months = span_months(tuple(facts.get("train_months", ())))
    figures = {name: logged.scores[name] for name in FIGURES if name in logged.scores}
    description = f"{logged.predictor.family}, learnt from {facts.get('service')} {months}."
    tags = {
        **logged.code.as_tags(),
        TRAINING_DATA: str(facts.get("data_digest")),
        "train_months": months,
        semantic.REQUEST_COLUMNS: ",".join([*REQUEST_COLUMNS, ROUTE_DISTANCE]),
        semantic.SERVICE: str(facts.get("service")),
        semantic.FEATURES: ",".join(logged.predictor.transformer.selected_),
        semantic.FAMILY: logged.predictor.family,
    }
    if facts.get(SOURCE):
        tags[SOURCE] = str(facts[SOURCE])
    if parent is not None:
        # the point estimates are the same, and so are their errors; coverage differs
        figures = {name: v for name, v in parent.metrics.items() if name.endswith(".mae")}
        tags |= parent_tags(logged.predictor, parent)
        description += f" Intervals calibrated anew on {tags['calibration_months']}."
    mae = figures.get("test.request.mae")
    judged = "" if mae is None else f" Test MAE {mae:.3f} minutes without distance."
    return Candidate(
        model_id=logged.model_id,
        run_id=logged.run_id,
        sha256=logged.predictor.sha256,
        metrics=figures,
        tags=tags,
        description=description + judged,
        parent=parent.number if parent else None,
    )


def register_if_fit(
    logged: Logged, evidence: Evidence, params: PromotionParams, keeper: Keeper
) -> Outcome:
    """Register a logged predictor as the challenger, unless something speaks against it.

    Args:
        logged: The predictor.
        evidence: What its run shows of it.
        params: Whether runs register at all, and the bound on its error.
        keeper: Who changes the registry where the run is tracked.
    """
    if not params.register_runs:
        return Outcome(None, ("promotion.register_runs is false",))
    objections = admission.find_objections(evidence, params)
    if objections:
        return Outcome(None, tuple(objections))
    return Outcome(keeper.register(describe(logged)))


def require_own_ledger(tracking_uri: str, project: Path) -> None:
    """Refuse to go on where a predictor could not be registered once it is there.

    Raises:
        RegistryError: If the ledger is that of another registry.
    """
    keeper = keeper_of(tracking_uri, project)
    keeper.require_own(keeper.ledger.lines())


def keeper_of(tracking_uri: str, project: Path) -> Keeper:
    """Return who changes the registry of a place, with the ledger of a project."""
    # imported here: only runs that make predictors need the database
    from trip_duration.registry.ledger import Ledger  # noqa: PLC0415
    from trip_duration.registry.promotion import Keeper  # noqa: PLC0415
    from trip_duration.registry.versions import Registry  # noqa: PLC0415

    return Keeper(Registry(tracking_uri), Ledger(database_url(project)), getpass.getuser())
