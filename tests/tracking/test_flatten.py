"""Nested values by leaf."""

from __future__ import annotations

from trip_duration.params import read_parameters
from trip_duration.params.flat import flatten
from trip_duration.tracking.description import run_name
from trip_duration.tracking.flatten import flat_parameters

MONTHS = {"train_months": "2023-01", "test_months": "2023-03..2023-04"}
RAW = {
    "ingestion": {"service": "yellow", "source_root": "synthetic", **MONTHS},
    "data_processing": {"service": "yellow", **MONTHS},
    "feature_engineering": MONTHS,
    "modelling": {"model_type": "linear"},
    "reporting": {},
    "tuning": {"spaces": {"linear": {"alpha": {"choices": [1.0]}}}},
    "explanation": {},
    "behaviour": {},
    "backtest": {},
    "comparison": {"sources": {"all": "calendar zones"}},
    "recalibration": {},
    "promotion": {},
    "inference": {},
    "experiment_name": "mine",
}


def test_leaves_are_named_by_their_path() -> None:
    assert flatten({"a": {"b": {"c": 1}, "d": None}, "e": 2.5}) == {
        "a.b.c": 1,
        "a.d": None,
        "e": 2.5,
    }


def test_parameters_are_texts_and_months_are_joined() -> None:
    flat = flat_parameters(read_parameters(RAW))
    assert flat["ingestion.service"] == "yellow"
    assert flat["ingestion.test_months"] == "2023-03,2023-04"
    assert flat["ingestion.months"] == ""
    assert flat["modelling.linear.max_iter"] == "40"
    assert "experiment_name" not in flat
    assert flat["tuning.trials"] == "30"
    assert not [name for name in flat if "spaces" in name]


def test_a_run_is_named_by_what_it_does() -> None:
    names = {
        "train_predictor": "linear real yellow 2023-01 -> 2023-03..2023-04",
        "search_settings": "tuning linear real yellow 2023-01",
        "run_backtest": "backtest real yellow",
    }
    for node, name in names.items():
        assert run_name(read_parameters(RAW), {node}, "real") == name
