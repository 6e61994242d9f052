"""The backtest as Kedro runs it: planned, resumed, reported and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from tests.evaluation.months import month_of, months_of, recipe_of
from tests.features.small_city import zones
from tests.manifests import INGESTION, manifest_of
from trip_duration.datasets import RecordsDataset
from trip_duration.errors import DataError
from trip_duration.evaluation import measuring
from trip_duration.params import BacktestParams
from trip_duration.pipelines.backtest import create_pipeline, figures, nodes

__all__ = ["zones"]
MONTHS = ("2023-01", "2023-02", "2023-03")
PARAMS = BacktestParams(window=1, stale_months=2, tolerance=0.0)


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, ...]]]:
    """Notes the months of every training that takes place."""
    months: list[tuple[str, ...]] = []
    train = measuring.train_months

    def noted(trips: Any, given: tuple[str, ...], recipe: Any) -> Any:
        months.append(given)
        if len(months) in killed_at:
            raise Killed
        return train(trips, given, recipe)

    killed_at.clear()
    monkeypatch.setattr(measuring, "train_months", noted)
    return months


killed_at: set[int] = set()


def run(folder: Path, zones: pd.DataFrame, **given: Any) -> dict[str, Any]:
    """Run the pipeline with results kept in a folder, and return what it has made."""
    recipe = recipe_of(zones)
    folds = {name: RecordsDataset(str(folder)) for name in FOLDS}
    entries = {
        "zones": zones,
        "trips": months_of(*MONTHS),
        "passed_months": list(MONTHS),
        "raw_manifest": manifest_of(given.get("trips", months_of(*MONTHS))),
        "params:ingestion": INGESTION,
        "params:feature_engineering": recipe.features,
        "params:modelling": recipe.modelling,
        "params:backtest": PARAMS,
        **given,
    }
    memory = {name: MemoryDataset(data, copy_mode="assign") for name, data in entries.items()}
    catalog = DataCatalog({**memory, **folds, "backtest_recipe": MemoryDataset(copy_mode="assign")})
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    return {name: dataset.load() for name, dataset in outputs.items() if name not in FOLDS}


def plan_of(trips: Any, passed: list[str], recipe: Any, params: BacktestParams) -> dict[str, Any]:
    return nodes.plan_backtest(trips, passed, manifest_of(trips), recipe, INGESTION, params)


FOLDS = ("finished_backtest_folds", "backtest_folds")


def test_each_month_is_tested_and_models_grow_old(
    zones: pd.DataFrame, tmp_path: Path, trained: list[Any]
) -> None:
    made = run(tmp_path, zones)
    assert trained == [("2023-01",), ("2023-02",)]
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert set(made) == {"report_backtest", "report_stale_champion"}
    first = made["report_backtest"].to_plotly_json()["data"][0]
    assert list(first["x"]) == ["2023-02", "2023-03"]


def test_a_second_run_computes_nothing_and_a_change_computes_again(
    zones: pd.DataFrame, tmp_path: Path, trained: list[Any]
) -> None:
    run(tmp_path, zones)
    trained.clear()
    run(tmp_path, zones)
    assert trained == []
    other = recipe_of(zones, lightgbm={"num_trees": 3}).modelling
    run(tmp_path, zones, **{"params:modelling": other})
    assert trained == [("2023-01",), ("2023-02",)]
    trained.clear()
    # a month is published anew: it is learnt from by one model and tests or calibrates the other
    again = {**months_of(*MONTHS), "2023-03": month_of("2023-03", "republished")}
    run(tmp_path, zones, trips=again)
    assert trained == [("2023-01",), ("2023-02",)]
    assert len(list(tmp_path.glob("*.json"))) == 3 + 3 + 2


def test_a_run_that_is_killed_keeps_what_it_has_done(
    zones: pd.DataFrame, tmp_path: Path, trained: list[Any]
) -> None:
    killed_at.add(2)
    with pytest.raises(Killed):
        run(tmp_path, zones)
    assert len(list(tmp_path.glob("*.json"))) == 2
    trained.clear()
    killed_at.clear()
    run(tmp_path, zones)
    assert trained == [("2023-02",)]
    assert len(list(tmp_path.glob("*.json"))) == 3


@pytest.fixture
def report(zones: pd.DataFrame) -> dict[str, Any]:
    """What a backtest of three months reports."""
    return reported(zones, PARAMS)


def reported(zones: pd.DataFrame, params: BacktestParams) -> dict[str, Any]:
    recipe, trips = recipe_of(zones), months_of(*MONTHS)
    plan = plan_of(trips, list(MONTHS), recipe, params)
    results: dict[str, Any] = {}
    for outcome in nodes.run_backtest(plan, trips, recipe, {}):
        results |= outcome
    return nodes.report_backtest(plan, results, params, recipe.modelling)


def test_the_report_has_errors_gains_ages_and_what_was_skipped(report: dict[str, Any]) -> None:
    assert [row["month"] for row in report["months"]] == ["2023-02", "2023-03"]
    assert [(row["month"], row["age"]) for row in report["stale"]] == [
        ("2023-02", 1),
        ("2023-03", 2),
        ("2023-03", 1),
    ]
    assert all(0 < row["request"]["mae"] < row["request"]["rmse"] for row in report["months"])
    assert report["skipped"] == {"2023-01": "its history lacks 2022-12"}
    assert report["stale_mean"]["lightgbm"]["2"]["models"] == 1
    assert report["drift"]  # no tolerance at all


def test_the_card_has_a_short_table_and_words(report: dict[str, Any]) -> None:
    card = report["card"]
    assert set(card) == {"title", "lines", "head", "rows"}
    assert all(isinstance(line, str) for line in card["lines"])
    assert all(len(row) == len(card["head"]) for row in card["rows"])
    assert [row[0] for row in card["rows"]] == ["2023-02", "2023-03"]
    assert card["lines"][-1] == "Not tested: 2023-01 for want of history."


def test_specialists_add_what_serving_both_kinds_costs(zones: pd.DataFrame) -> None:
    report = reported(zones, BacktestParams(window=1, stale_months=1, specialists=True))
    assert len(report["months"]) == 2
    for row in report["months"]:
        assert set(row["lost_by_serving_both"]) == {"request", "request_with_distance"}
    assert any(
        line.startswith("Against models for a single kind") for line in report["card"]["lines"]
    )


def test_months_that_cannot_be_tested_are_left_empty_in_the_figure(report: dict[str, Any]) -> None:
    rows = [
        {**row, "month": month}
        for row, month in zip(report["months"], ("2022-11", "2023-02"), strict=True)
    ]
    figure = figures.draw_backtest({**report, "months": rows}).to_plotly_json()
    errors = figure["data"][0]
    assert list(errors["x"]) == ["2022-11", "2022-12", "2023-01", "2023-02"]
    assert [value is None for value in errors["y"]] == [False, True, True, False]
    assert {trace["yaxis"] for trace in figure["data"]} == {"y", "y2", "y3", "y4", "y5"}


def test_the_curve_of_stale_champions_has_a_line_a_model_and_a_mean(report: dict[str, Any]) -> None:
    figure = figures.draw_stale_champion(report).to_plotly_json()
    names = [trace["name"] for trace in figure["data"]]
    assert names == [
        "lightgbm, learnt up to 2023-01",
        "lightgbm, learnt up to 2023-02",
        "mean of lightgbm",
    ]
    assert [list(trace["x"]) for trace in figure["data"]] == [[1, 2], [1], [1, 2]]
    assert "lightgbm errs most in month 2 of service" in figure["layout"]["title"]["text"]


def test_figures_of_nothing_say_so(report: dict[str, Any]) -> None:
    empty = {**report, "months": [], "stale": [], "stale_mean": {}}
    for draw in (figures.draw_backtest, figures.draw_stale_champion):
        assert draw(empty).to_plotly_json()["data"] in ([], ())


def test_a_backtest_of_nothing_names_what_is_lacking(zones: pd.DataFrame) -> None:
    params = BacktestParams(window=3)
    with pytest.raises(DataError, match="2023-02: its history lacks 2022-11, 2022-12"):
        plan_of(months_of(*MONTHS), list(MONTHS), recipe_of(zones), params)


def test_a_month_that_did_not_pass_is_not_there(zones: pd.DataFrame) -> None:
    params = BacktestParams(window=1, months="2023-02..2023-03")
    plan = plan_of(months_of(*MONTHS), list(MONTHS[:2]), recipe_of(zones), params)
    assert plan["skipped"] == {"2023-03": "2023-03 is not there"}
    assert len(plan["tasks"]) == 1
