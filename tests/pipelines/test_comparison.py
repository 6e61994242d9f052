"""The comparison as Kedro runs it, on the folds that a backtest has left."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.evaluation.months import months_of, recipe_of
from tests.features.small_city import zones
from tests.manifests import INGESTION, manifest_of
from trip_duration.errors import DataError
from trip_duration.evaluation import measuring
from trip_duration.params import BacktestParams, ComparisonParams
from trip_duration.pipelines.backtest import nodes as backtest_nodes
from trip_duration.pipelines.comparison import figures, nodes

__all__ = ["zones"]
MONTHS = ("2023-01", "2023-02", "2023-03")
SOURCES = {"all": "calendar zones history request", "plain": "calendar request"}
PARAMS = ComparisonParams(
    window=1, families="lightgbm", feature_sets="all plain", sources=SOURCES, replicates=200
)


def plan_of(trips: Any, recipe: Any) -> dict[str, Any]:
    return nodes.plan_comparison(trips, list(trips), manifest_of(trips), recipe, INGESTION, PARAMS)


def carry_out(run: Any, plan: dict[str, Any], recipe: Any, finished: Any) -> dict[str, Any]:
    results = dict(finished)
    for outcome in run(plan, months_of(*MONTHS), recipe, finished):
        results |= outcome
    return results


def test_a_comparison_takes_over_the_folds_of_a_backtest(
    zones: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, trips = recipe_of(zones), months_of(*MONTHS)
    plan = backtest_nodes.plan_backtest(
        trips, list(MONTHS), manifest_of(trips), recipe, INGESTION, BacktestParams(window=1)
    )
    there = carry_out(backtest_nodes.run_backtest, plan, recipe, {})
    trained = []
    train = measuring.train_months
    monkeypatch.setattr(
        measuring, "train_months", lambda *given: (trained.append(given[1]), train(*given))[1]
    )
    plan = plan_of(trips, recipe)
    first = [task["name"] for task in plan["tasks"] if task["candidate"]["feature_set"] == "all"]
    assert set(first) <= set(there)
    results = carry_out(nodes.run_comparison, plan, recipe, there)
    assert trained == [("2023-01",), ("2023-02",)]  # of the other feature set alone
    assert {task["name"] for task in plan["tasks"]} <= set(results)


@pytest.fixture
def reported(zones: pd.DataFrame) -> tuple[dict[str, Any], str]:
    recipe = recipe_of(zones)
    plan = plan_of(months_of(*MONTHS), recipe)
    results = carry_out(nodes.run_comparison, plan, recipe, {})
    return nodes.report_comparison(plan, results, PARAMS)


def test_the_report_recommends_and_says_why(reported: tuple[dict[str, Any], str]) -> None:
    report, page = reported
    names = {row["candidate"] for row in report["candidates"]}
    assert names == {"lightgbm", "lightgbm, plain"}
    assert report["recommended"] in names
    assert report["days"] == 28
    card = report["card"]
    assert all(len(row) == len(card["head"]) for row in card["rows"])
    assert card["rows"][0][3] == "best"
    assert report["recommendation"] in page
    assert page.startswith("# Comparison\n")
    assert page.count("| lightgbm") == 2
    assert page.endswith("- 2023-01: its history lacks 2022-12\n")


def test_the_figure_has_intervals_and_costs(reported: tuple[dict[str, Any], str]) -> None:
    report, _ = reported
    figure = figures.draw_comparison(report).to_plotly_json()
    without, given, costs = figure["data"]
    assert (without["name"], given["name"]) == ("request", "request with distance")
    assert min(without["error_x"]["array"]) >= 0
    assert min(without["error_x"]["arrayminus"]) >= 0
    assert list(costs["text"]) == [row["candidate"] for row in report["candidates"]]
    assert report["recommended"] in figure["layout"]["title"]["text"]


def test_a_comparison_of_nothing_is_refused(zones: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"passed: 2023-01.\n- 2023-01: its history lacks 2022-1"):
        plan_of(months_of("2023-01"), recipe_of(zones))


def test_unknown_feature_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="feature_sets names other"):
        ComparisonParams(feature_sets="other", sources=SOURCES)
