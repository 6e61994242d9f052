"""What a predictor may not do, whatever its errors: a suite that runs on any predictor.

Knows requests and answers. It must not know how a predictor is made or what is in it: anything with
``predict`` and ``flag`` can be examined.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd

from trip_duration.evaluation.behaviour import edges, roads, sameness
from trip_duration.evaluation.behaviour.exam import Check, Exam, Predicts
from trip_duration.models.predictor import Predictor
from trip_duration.params import BehaviourParams

log = logging.getLogger(__name__)
__all__ = ["CHECKS", "Check", "Exam", "Predicts", "check_behaviour", "report_behaviour"]

# the last one looks at the answers that all others were given
CHECKS: dict[str, Callable[[Exam], Check]] = {
    check.__name__.removeprefix("check_"): check
    for check in (
        sameness.check_order_of_rows,
        sameness.check_order_of_columns,
        sameness.check_batch_and_single,
        sameness.check_time_zones,
        sameness.check_no_distance,
        roads.check_longer_distance,
        roads.check_rush_hour,
        roads.check_faster_in_rush_hour,
        roads.check_airports,
        edges.check_unknown_zones,
        edges.check_unseen_zones,
        edges.check_zone_flags,
        edges.check_extremes,
        edges.check_extreme_flags,
        edges.check_unreadable_values,
        edges.check_intervals,
    )
}


def check_behaviour(
    predictor: Predicts, zones: pd.DataFrame, trips: pd.DataFrame, params: BehaviourParams
) -> list[Check]:
    """Run every check on a predictor.

    Args:
        predictor: Anything that predicts requests and flags them.
        zones: Geometry of the zones, as in the ``Zones`` contract.
        trips: All trips that the predictor has learnt from, in which busy pairs are looked for; a
            zone that none of them touches is one that it must flag as unseen.
        params: Bounds.

    Returns:
        The outcome of each check, in the order of ``CHECKS``. A predictor that raises an error has
        failed the check that met it.

    Raises:
        DataError: If zones or trips leave a check nothing to look at.
    """
    exam = Exam.of(predictor, zones, trips, params)
    return [_run(name, check, exam) for name, check in CHECKS.items()]


def report_behaviour(
    predictor: Predictor, zones: pd.DataFrame, trips: pd.DataFrame, params: BehaviourParams
) -> dict[str, Any]:
    """Run every check on a predictor, and report the outcome.

    Args:
        predictor: The predictor.
        zones: Geometry of the zones.
        trips: All trips that it was trained on.
        params: Bounds.

    Returns:
        The ``predictor`` by its sha256, whether it ``passed``, the ``checks``, and a line for each
        of its ``failures``.
    """
    checks = check_behaviour(predictor, zones, trips, params)
    failures = [f"{check.name}: {check.words}" for check in checks if not check.passed]
    log.info("%d of %d checks of behaviour passed", len(checks) - len(failures), len(checks))
    for failure in failures:
        log.warning("the predictor fails %s", failure)
    return {
        "predictor": predictor.sha256,
        "passed": not failures,
        "checks": [asdict(check) for check in checks],
        "failures": failures,
    }


def _run(name: str, check: Callable[[Exam], Check], exam: Exam) -> Check:
    try:
        return check(exam)
    except Exception as error:  # whatever a predictor raises is what was asked for here
        log.exception("the check %s met an error", name)
        words = f"the predictor raised {type(error).__name__}: {error}"
        return Check(name, passed=False, figure=None, bound=0.0, words=words)
