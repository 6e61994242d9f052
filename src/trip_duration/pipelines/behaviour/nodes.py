"""The node that checks how the predictor behaves."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trip_duration.evaluation.behaviour import report_behaviour
from trip_duration.models import Predictor
from trip_duration.params import BehaviourParams


def check_behaviour(
    predictor: Predictor,
    zones: pd.DataFrame,
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    params: BehaviourParams,
) -> dict[str, Any]:
    """Run the suite of behaviour checks.

    A predictor that fails is reported like any other; it is not registered and cannot be promoted.

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
    report = report_behaviour(predictor, zones, trips, params)
    return {**report, "card": _describe(report["checks"])}


def _describe(checks: list[dict[str, Any]]) -> dict[str, Any]:
    passed = sum(check["passed"] for check in checks)
    return {
        "title": "Behaviour",
        "lines": [
            f"{passed} of {len(checks)} checks of how it behaves passed, whatever its errors: the "
            "same answer to the same request, nothing against common sense of the roads, and no "
            "silent nonsense at the edges."
        ],
        "head": ["check", "outcome", "found"],
        "rows": [
            [check["name"], "passed" if check["passed"] else "**failed**", check["words"]]
            for check in checks
        ],
    }
