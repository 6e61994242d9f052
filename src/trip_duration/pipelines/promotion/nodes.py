"""Nodes that judge the challenger, and end a run whose challenger does not pass."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from trip_duration.errors import DataError, GateError
from trip_duration.evaluation.behaviour import report_behaviour
from trip_duration.evaluation.origin import records_of, require_origin
from trip_duration.evaluation.splits import read_months
from trip_duration.models import Predictor
from trip_duration.models.training import train_lookup
from trip_duration.months import MonthPart
from trip_duration.params import BehaviourParams, ModellingParams, PromotionParams
from trip_duration.registry import Registered, gate
from trip_duration.registry.criteria import judge

log = logging.getLogger(__name__)
Record = dict[str, Any]


def read_trips(
    registered_challenger: Registered,
    trips: Mapping[str, MonthPart],
    passed_months: list[str],
    data_quality: Record,
    params: PromotionParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the trips that the challenger has learnt from, and those that it is judged on.

    Args:
        registered_challenger: The challenger.
        trips: Processed months.
        passed_months: Months that passed the data gate.
        data_quality: The quality report, for the months that fail it.
        params: The months to judge on.

    Returns:
        The trips of its training months, for the behaviour checks, and those of the test months.

    Raises:
        DataError: If a month is missing, did not pass the data gate, or is of another service or
            source than the challenger was trained on; or if the challenger was trained or
            calibrated on a month that it would be judged on.
    """
    predictor = registered_challenger.predictor
    train_months, test_months = predictor.facts["train_months"], params.test_months
    overlap = sorted({*train_months, *predictor.calibration_months} & {*test_months})
    if overlap:
        raise DataError(
            f"the challenger, version {registered_challenger.version.number}, was trained or "
            f"calibrated on {', '.join(overlap)}, and cannot be judged on it. Set "
            "promotion.test_months to later months."
        )
    months = [*train_months, *test_months]
    require_origin(predictor.facts, records_of(trips, months))
    gate.require_gated(months, trips, passed_months, data_quality)
    train_trips = read_months(trips, passed_months, train_months)
    return train_trips, read_months(trips, passed_months, test_months)


def train_challenger_table(
    registered_challenger: Registered, learnt_trips: pd.DataFrame, params: ModellingParams
) -> Predictor:
    """Train the lookup table that the challenger has to beat, on the trips of its own months.

    The table of the last run may have been trained on months that the challenger is judged on.

    Args:
        registered_challenger: The challenger.
        learnt_trips: Trips of its training months.
        params: Settings of the table.
    """
    predictor = registered_challenger.predictor
    return train_lookup(learnt_trips, predictor.transformer, params, predictor.facts)


def examine_challenger(
    registered_challenger: Registered,
    learnt_trips: pd.DataFrame,
    zones: pd.DataFrame,
    behaviour: BehaviourParams,
) -> list[Record]:
    """Run the suite of behaviour checks on the challenger.

    Args:
        registered_challenger: The challenger.
        learnt_trips: Trips that it has learnt from.
        zones: Geometry of the zones.
        behaviour: Bounds.

    Returns:
        The outcome of each check.
    """
    predictor = registered_challenger.predictor
    checks: list[Record] = report_behaviour(predictor, zones, learnt_trips, behaviour)["checks"]
    return checks


def measure_challenger(
    registered_challenger: Registered,
    challenger_table: Predictor,
    judged_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: PromotionParams,
) -> Record:
    """Measure what the challenger is worth.

    Args:
        registered_challenger: The challenger.
        challenger_table: The lookup table of the challenger's training months.
        judged_trips: Trips that it has not learnt from.
        zones: Names and boroughs of the zones.
        params: The smallest slice and borough.

    Returns:
        What ``gate.measure`` returns.
    """
    return gate.measure(registered_challenger, challenger_table, judged_trips, zones, params)


def measure_champion(
    registered_champion: Registered | None,
    challenger_table: Predictor,
    judged_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: PromotionParams,
) -> Record:
    """Measure what the champion is worth on the same trips.

    Args:
        registered_champion: The champion, if there is one.
        challenger_table: The lookup table of the challenger's training months.
        judged_trips: The trips that the challenger is judged on.
        zones: Names and boroughs of the zones.
        params: The smallest slice and borough.

    Returns:
        What ``gate.measure`` returns; nothing if there is no champion.
    """
    if registered_champion is None:
        return {}
    return gate.measure(registered_champion, challenger_table, judged_trips, zones, params)


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
    criteria = judge(challenger_measures, champion_measures, challenger_behaviour, params)
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
