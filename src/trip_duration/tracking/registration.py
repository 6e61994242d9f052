"""The predictor of a run that trains, registered as the challenger."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trip_duration.months import span_months
from trip_duration.registry.places import database_url
from trip_duration.registry.records import Candidate, Version
from trip_duration.tracking.manifest import Code

if TYPE_CHECKING:
    from trip_duration.models import Predictor
    from trip_duration.registry.promotion import Keeper

FIGURES = tuple(
    f"test.{kind}.{name}"
    for kind in ("request", "request_with_distance", "baseline")
    for name in ("mae", "coverage")
)


@dataclass(frozen=True)
class Logged:
    """A predictor that was logged to a run.

    Attributes:
        predictor: The predictor.
        model_id: Its identity in MLflow.
        run_id: The run.
        code: The code of the run.
        scores: Metrics of the run, by dotted name.
    """

    predictor: Predictor
    model_id: str
    run_id: str
    code: Code
    scores: Mapping[str, float]


def describe(logged: Logged) -> Candidate:
    """Return what the registry is to know of a logged predictor."""
    facts = logged.predictor.facts
    months = span_months(tuple(facts.get("train_months", ())))
    figures = {name: logged.scores[name] for name in FIGURES if name in logged.scores}
    mae = figures.get("test.request.mae")
    learnt = f"{logged.predictor.family}, learnt from {facts.get('service')} {months}."
    judged = "" if mae is None else f" Test MAE {mae:.3f} minutes without distance."
    tags = {
        **logged.code.as_tags(),
        "data_digest": str(facts.get("data_digest")),
        "family": logged.predictor.family,
        "service": str(facts.get("service")),
        "train_months": months,
    }
    return Candidate(
        model_id=logged.model_id,
        run_id=logged.run_id,
        sha256=logged.predictor.sha256,
        metrics=figures,
        tags=tags,
        description=learnt + judged,
    )


def register(logged: Logged, tracking_uri: str, project: Path) -> Version:
    """Register a logged predictor where its run is tracked, as the challenger."""
    return _keeper(tracking_uri, project).register(describe(logged))


def require_own_ledger(tracking_uri: str, project: Path) -> None:
    """Refuse to go on where a predictor could not be registered once it is there.

    Raises:
        RegistryError: If the ledger is that of another registry.
    """
    keeper = _keeper(tracking_uri, project)
    keeper.require_own(keeper.ledger.lines())


def _keeper(tracking_uri: str, project: Path) -> Keeper:
    # a database that only runs that train ask
    from trip_duration.registry.ledger import Ledger  # noqa: PLC0415
    from trip_duration.registry.promotion import Keeper  # noqa: PLC0415
    from trip_duration.registry.versions import Registry  # noqa: PLC0415

    return Keeper(Registry(tracking_uri), Ledger(database_url(project)), getpass.getuser())
