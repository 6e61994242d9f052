"""Nodes that check how the predictor behaves, and end a run whose predictor misbehaves."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import pandas as pd

from trip_duration.errors import BehaviourError
from trip_duration.evaluation import behaviour
from trip_duration.models import Predictor
from trip_duration.params import BehaviourParams

log = logging.getLogger(__name__)


def check_behaviour(
    predictor: Predictor,
    zones: pd.DataFrame,
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    params: BehaviourParams,
) -> dict[str, Any]:
    """Run the suite of behaviour checks.

    Args:
        predictor: The predictor that is examined.
        zones: Geometry of the zones.
        train_trips: Trips that it has learnt from.
        validation_trips: Later ones, from which it may have learnt as well.
        params: Bounds.

    Returns:
        The ``predictor`` by its sha256, whether it ``passed``, the ``checks``, a line for each of
        its ``failures``, and under ``card`` what the model card says of them.
    """
    trips = pd.concat([train_trips, validation_trips], ignore_index=True)
    checks = behaviour.check_behaviour(predictor, zones, trips, params)
    failures = [f"{check.name}: {check.words}" for check in checks if not check.passed]
    log.info("%d of %d checks of behaviour passed", len(checks) - len(failures), len(checks))
    return {
        "predictor": predictor.sha256,
        "passed": not failures,
        "checks": [asdict(check) for check in checks],
        "failures": failures,
        "card": _describe(checks),
    }


def _describe(checks: list[behaviour.Check]) -> dict[str, Any]:
    passed = sum(check.passed for check in checks)
    return {
        "title": "Behaviour",
        "lines": [
            f"{passed} of {len(checks)} checks of how it behaves passed, whatever its errors: the "
            "same answer to the same request, nothing against common sense of the roads, and no "
            "silent nonsense at the edges."
        ],
        "head": ["check", "outcome", "found"],
        "rows": [
            [check.name, "passed" if check.passed else "**failed**", check.words]
            for check in checks
        ],
    }


def gate_behaviour(behaviour_report: dict[str, Any], params: BehaviourParams) -> dict[str, Any]:
    """Let a predictor through only if it passes every check.

    Args:
        behaviour_report: The report, written before this gate so that it can be read after.
        params: Whether there is a gate.

    Returns:
        The ``predictor`` by its sha256, and whether it ``passed``.

    Raises:
        BehaviourError: With a line for each check that it fails.
    """
    failures = behaviour_report["failures"]
    lines = "\n".join(f"- {failure}" for failure in failures)
    if failures and params.gate:
        raise BehaviourError(
            f"the predictor misbehaves:\n{lines}\nSee behaviour_report.json, and "
            "docs/concepts/behaviour.md for the bounds. Mend the model, or run with "
            "behaviour.gate=false to have it all the same."
        )
    if failures:
        log.warning("the predictor misbehaves, and behaviour.gate is off:\n%s", lines)
    return {"predictor": behaviour_report["predictor"], "passed": behaviour_report["passed"]}
