"""Nodes that train candidates on the same folds, and compare them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from trip_duration.evaluation.comparison import compare, make_candidates
from trip_duration.evaluation.folds import plan_known_folds, read_tasks, write_plan
from trip_duration.evaluation.identity import describe_code, name_tasks
from trip_duration.evaluation.measuring import run_tasks
from trip_duration.evaluation.recipe import Recipe
from trip_duration.months import MonthPart
from trip_duration.params import (
    ComparisonParams,
    FeatureEngineeringParams,
    IngestionParams,
    ModellingParams,
)
from trip_duration.pipelines.comparison.card import write_card, write_page
from trip_duration.tlc.provenance import require_provenance, require_same_files

log = logging.getLogger(__name__)


def gather_comparison_recipe(
    zones: pd.DataFrame, features: FeatureEngineeringParams, modelling: ModellingParams
) -> Recipe:
    """Put together how training goes, apart from the trips.

    Args:
        zones: Geometry of the zones.
        features: Settings of validation and features; its months and sources are not used.
        modelling: Settings of the families; the family is that of the candidate.
    """
    return Recipe(zones, features, modelling)


def plan_comparison(
    trips: dict[str, MonthPart],
    passed_months: list[str],
    raw_manifest: dict[str, Any],
    recipe: Recipe,
    ingestion: IngestionParams,
    params: ComparisonParams,
) -> dict[str, Any]:
    """Plan the folds, the same for each candidate, each of its models in its first month.

    Args:
        trips: Processed months; their rows are not read.
        passed_months: Months that may be learnt from.
        raw_manifest: Records of the ingested months.
        recipe: How training goes.
        ingestion: Source and service that the parameters of this run name.
        params: Months to test on, window, delay, families and feature sets.

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
    folds, skipped = plan_known_folds(trips, passed_months, params)
    tasks = name_tasks(folds, make_candidates(params), trips, recipe, describe_code())
    return {"source": provenance.source, **write_plan(tasks, skipped)}


def run_comparison(
    plan: dict[str, Any],
    trips: dict[str, MonthPart],
    recipe: Recipe,
    finished: dict[str, Any],
) -> Iterator[dict[str, Any]]:
    """Train and test what was not before, by a backtest or an earlier comparison.

    Args:
        plan: What is to be known.
        trips: Processed months.
        recipe: How training goes.
        finished: Outcomes of earlier runs, by name.

    Yields:
        Each outcome as soon as it is known.
    """
    yield from run_tasks(read_tasks(plan), trips, recipe, finished)


def report_comparison(
    plan: dict[str, Any], results: dict[str, Any], params: ComparisonParams
) -> tuple[dict[str, Any], str]:
    """Compare the candidates, and recommend one.

    Args:
        plan: What was to be known.
        results: All outcomes by name, of this run and of others.
        params: Tolerance, and how differences are bounded.

    Returns:
        The report, with a few lines for the model card, and the same as a page to read.
    """
    found = compare(read_tasks(plan), results, params)
    report = {"source": plan.get("source"), **found, "skipped": plan["skipped"]}
    log.info(report["recommendation"])
    card = write_card(report)
    return {**report, "card": card}, write_page(card, report)
