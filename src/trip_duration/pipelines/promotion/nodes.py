"""Nodes that judge the challenger, and end a run whose challenger does not pass."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from trip_duration.errors import DataError, GateError
from trip_duration.evaluation.behaviour import check_behaviour
from trip_duration.models import Predictor
from trip_duration.months import MonthPart
from trip_duration.params import BehaviourParams, PromotionParams
from trip_duration.registry import Registered, gate

log = logging.getLogger(__name__)
Record = dict[str, Any]


def examine_challenger(
    registered_challenger: Registered,
    trips: Mapping[str, MonthPart],
    zones: pd.DataFrame,
    behaviour: BehaviourParams,
) -> list[Record]:
    """Run the suite of behaviour checks on the challenger.

    Args:
        registered_challenger: The challenger.
        trips: Processed months, those that it has learnt from among them.
        zones: Geometry of the zones.
        behaviour: Bounds.

    Returns:
        The outcome of each check.

    Raises:
        DataError: If a month that it has learnt from is not there.
    """
    predictor = registered_challenger.predictor
    learnt = gate.read_months(trips, predictor.facts["train_months"])
    return [asdict(check) for check in check_behaviour(predictor, zones, learnt, behaviour)]


def measure_challenger(
    registered_challenger: Registered,
    baseline: Predictor,
    trips: Mapping[str, MonthPart],
    zones: pd.DataFrame,
    params: PromotionParams,
) -> Record:
    """Measure what the challenger is worth.

    Args:
        registered_challenger: The challenger.
        baseline: The lookup table.
        trips: Processed months.
        zones: Names and boroughs of the zones.
        params: The months, and the smallest slice.

    Returns:
        What ``gate.measure`` returns.

    Raises:
        DataError: If it has learnt from a month that it would be judged on.
    """
    learnt = set(registered_challenger.predictor.facts["train_months"])
    known = [month for month in params.test_months if month in learnt]
    if known:
        raise DataError(
            f"the challenger, version {registered_challenger.version.number}, has learnt from "
            f"{', '.join(known)}, and cannot be judged on it. Set promotion.test_months to later "
            "months."
        )
    judged = gate.read_months(trips, params.test_months)
    return gate.measure(registered_challenger, baseline, judged, zones, params.min_slice_trips)


def measure_champion(
    registered_champion: Registered | None,
    baseline: Predictor,
    trips: Mapping[str, MonthPart],
    zones: pd.DataFrame,
    params: PromotionParams,
) -> Record:
    """Measure what the champion is worth on the same trips.

    Args:
        registered_champion: The champion, if there is one.
        baseline: The lookup table.
        trips: Processed months.
        zones: Names and boroughs of the zones.
        params: The months, and the smallest slice.

    Returns:
        What ``gate.measure`` returns; nothing if there is no champion.
    """
    if registered_champion is None:
        return {}
    judged = gate.read_months(trips, params.test_months)
    return gate.measure(registered_champion, baseline, judged, zones, params.min_slice_trips)


def judge_challenger(
    challenger_measures: Record,
    champion_measures: Record,
    challenger_behaviour: list[Record],
    params: PromotionParams,
) -> Record:
    """Judge the challenger, criterion by criterion.

    Args:
        challenger_measures: What the challenger is worth.
        champion_measures: What the champion is worth; empty if there is none.
        challenger_behaviour: Outcomes of the behaviour checks.
        params: Bounds.

    Returns:
        The gate report: ``version`` and ``sha256`` of the challenger, those of the ``champion`` or
        None, the ``months``, the number of ``trips``, the ``criteria``, and whether it ``passed``.
    """
    criteria = gate.judge(challenger_measures, champion_measures, challenger_behaviour, params)
    for criterion in criteria:
        outcome = "passed" if criterion.passed else "FAILED"
        log.info("%s %s: %s", outcome, criterion.name, criterion.words)
    return {
        **_name(challenger_measures),
        "champion": _name(champion_measures) if champion_measures else None,
        "months": list(params.test_months),
        "trips": challenger_measures["metrics"]["request"]["n"],
        "criteria": [asdict(criterion) for criterion in criteria],
        "passed": all(criterion.passed for criterion in criteria),
    }


def _name(measures: Record) -> Record:
    return {name: measures[name] for name in ("version", "sha256", "train_months")}


def gate_promotion(gate_report: Record, params: PromotionParams) -> Record:
    """Let a challenger through only if it meets every criterion.

    Args:
        gate_report: The report, written before this gate so that it can be read after.
        params: Whether to promote.

    Returns:
        Whether to ``promote``, and the ``gate_report``.

    Raises:
        GateError: With a line for each criterion that is not met.
    """
    failed = [one for one in gate_report["criteria"] if not one["passed"]]
    if failed:
        lines = "\n".join(
            f"- {one['name']}: {one['words']} (bound {one['bound']:g})" for one in failed
        )
        raise GateError(
            f"version {gate_report['version']} does not pass the gate:\n{lines}\n"
            "See gate_report.json, and docs/how-to/promote-and-roll-back.md for the criteria."
        )
    return {"promote": params.auto_promote, "gate_report": gate_report}
