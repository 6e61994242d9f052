"""Hyperparameters of a run, those that the code fixes included."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tracking.test_flatten import RAW

from trip_duration.models import Predictor
from trip_duration.params import ModellingParams, read_parameters
from trip_duration.pipeline_registry import register_pipelines
from trip_duration.tracking.description import trained_families
from trip_duration.tracking.hyperparameters import describe_rounds, describe_settings


def test_settings_are_named_by_family_and_by_the_names_of_its_library() -> None:
    modelling = ModellingParams(model_type="lightgbm", seed=4, objective="squared_error")
    settings = describe_settings(modelling, ["lightgbm", "xgboost"])
    assert settings["estimator.lightgbm.objective"] == "l2"
    assert settings["estimator.lightgbm.bagging_freq"] == "1"
    assert settings["estimator.lightgbm.deterministic"] == "True"
    assert settings["estimator.xgboost.tree_method"] == "hist"
    assert settings["estimator.xgboost.seed"] == "4"
    assert settings["interval_estimator.lower.objective"] == "quantile"
    alphas = [float(settings[f"interval_estimator.{end}.alpha"]) for end in ("lower", "upper")]
    assert alphas == pytest.approx([0.025, 0.925])
    assert not [name for name in settings if "linear" in name]


def test_families_are_those_that_the_nodes_of_a_run_train() -> None:
    raw = {
        **RAW,
        "backtest": {"families": "lightgbm xgboost"},
        "comparison": {"families": "random_forest", "sources": {"all": "calendar zones"}},
    }
    parameters, pipelines = read_parameters(raw), register_pipelines()
    families = {name: trained_families(parameters, pipelines[name]) for name in pipelines}
    assert families["__default__"] == families["modelling"] == families["tuning"] == ["linear"]
    assert families["backtest"] == ["lightgbm", "xgboost"]
    assert families["comparison"] == ["random_forest"]
    assert families["ingestion"] == []


def test_rounds_are_the_trees_of_the_saved_model(finished_run: Path) -> None:
    folder = finished_run / "data/06_models/predictor"
    trees = {
        name: str((folder / f"{file}lightgbm.txt").read_text().count("Tree="))
        for name, file in (("estimator.lightgbm", ""), ("interval_estimator.lower", "lower_"))
    }
    rounds = describe_rounds(Predictor.load(folder))
    for name, count in trees.items():
        assert rounds[f"{name}.rounds_used"] == count
    table = Predictor.load(finished_run / "data/06_models/baseline")
    assert describe_rounds(table) == {}
