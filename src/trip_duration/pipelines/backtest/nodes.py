"""Nodes that judge over many months: train on the months before each, and test on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from trip_duration.evaluation import backtest
from trip_duration.evaluation.folds import BOTH, plan_known_folds, read_tasks, write_plan
from trip_duration.evaluation.identity import describe_code, name_tasks
from trip_duration.evaluation.measuring import run_tasks
from trip_duration.evaluation.recipe import Recipe
from trip_duration.months import MonthPart
from trip_duration.params import (
    BacktestParams,
    FeatureEngineeringParams,
    IngestionParams,
    ModellingParams,
)
from trip_duration.pipelines.backtest.card import write_card
from trip_duration.tlc.provenance import require_provenance, require_same_files

log = logging.getLogger(__name__)


def gather_backtest_recipe(
    zones: pd.DataFrame, features: FeatureEngineeringParams, modelling: ModellingParams
) -> Recipe:
    """Put together how training goes, apart from the trips.

    Args:
        zones: Geometry of the zones.
        features: Settings of validation and features; its months are not used.
        modelling: Settings of the families; the family is that of the candidate.
    """
    return Recipe(zones, features, modelling)


def plan_backtest(
    trips: dict[str, MonthPart],
    passed_months: list[str],
    raw_manifest: dict[str, Any],
    recipe: Recipe,
    ingestion: IngestionParams,
    params: BacktestParams,
) -> dict[str, Any]:
    """Plan what is trained on which months and tested on which.

    Args:
        trips: Processed months; their rows are not read.
        passed_months: Months that may be learnt from.
        raw_manifest: Records of the ingested months.
        recipe: How training goes.
        ingestion: Source and service that the parameters of this run name.
        params: Months to test on, window, delay, families.

    Returns:
        Under ``source`` the kind of source of the months, under ``tasks`` what is to be known, each
        under the name of its outcome, under ``skipped`` the months that cannot be tested, with the
        reason.

    Raises:
        DataError: If nothing can be tested, or if the parameters name another source or service
            than the records of the data.
    """
    provenance = require_provenance(raw_manifest, ingestion)
    require_same_files(raw_manifest, trips, set(passed_months) & set(trips))
    folds, skipped = plan_known_folds(trips, passed_months, params, params.stale_months)
    candidates = backtest.make_candidates(params, recipe.features.selection)
    several = [candidate for candidate in candidates if candidate.presentation == BOTH]
    single = [candidate for candidate in candidates if candidate.presentation != BOTH]
    code = describe_code()
    tasks = name_tasks(folds, several, trips, recipe, code)
    tasks += name_tasks(backtest.keep_first_months(folds), single, trips, recipe, code)
    log.info("%d folds, %d months cannot be tested", len(folds), len(skipped))
    return {"source": provenance.source, **write_plan(tasks, skipped)}


def run_backtest(
    plan: dict[str, Any],
    trips: dict[str, MonthPart],
    recipe: Recipe,
    finished: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """Train and test what was not before.

    Args:
        plan: What is to be known.
        trips: Processed months.
        recipe: How training goes.
        finished: Outcomes of earlier runs, by name.

    Yields:
        Each outcome as soon as it is known, so that a run that is killed leaves what it has done.
    """
    yield from run_tasks(read_tasks(plan), trips, recipe, finished)


def report_backtest(
    plan: dict[str, Any],
    results: dict[str, Any],
    params: BacktestParams,
    modelling: ModellingParams,
) -> dict[str, Any]:
    """Put together what was found, with a few lines for the model card.

    Args:
        plan: What was to be known.
        results: All outcomes by name, of this run and of others.
        params: Window, delay, and how far coverage may stray.
        modelling: The coverage that was asked for.
    """
    outcome = backtest.summarise(read_tasks(plan), results, plan["skipped"], params, modelling)
    report = {"source": plan.get("source"), **outcome}
    for line in report["drift"]:
        log.warning(line)
    return {**report, "card": write_card(report)}
