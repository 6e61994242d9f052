"""What plain scripts would have as constants, taken from the configuration of the measured run."""

from __future__ import annotations

from typing import Any

import yaml

from tests.benchmarks.projects import Project
from trip_duration.features.transformer import FEATURE_NAMES

# LightGBM's settings that ours fixes in code
FIXED = {
    "objective": "l1",
    "metric": "l1",
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
}


def read_parameters(project: Project, group: str) -> dict[str, Any]:
    """Read a group of parameters as they stand in the base configuration."""
    path = project.folder / f"conf/base/parameters_{group}.yml"
    settings: dict[str, Any] = yaml.safe_load(path.read_text())[group]
    return settings


def describe_training(project: Project, seed: int) -> dict[str, Any]:
    """Settings of the trees and of the intervals."""
    modelling = read_parameters(project, "modelling")
    fixed = {**FIXED, "seed": seed, "num_threads": modelling["num_threads"]}
    lightgbm, intervals = dict(modelling["lightgbm"]), dict(modelling["intervals"])
    counts = {name: lightgbm.pop(name) for name in ("num_trees", "early_stopping_rounds")}
    trees = dict(intervals.pop("quantiles"))
    stops = {name: trees.pop(name) for name in ("num_trees", "early_stopping_rounds")}
    return {
        **counts,
        "train_rows": modelling["train_rows"],
        "lightgbm": {**lightgbm, **fixed},
        **intervals,
        "quantiles": {**stops, "lightgbm": {**trees, **fixed}},
    }


def describe_study(project: Project, seed: int) -> dict[str, Any]:
    """Settings of trainings that choose their features themselves, each from all there are."""
    chosen = ("min_share", "rows", "trees")
    engineering = read_parameters(project, "feature_engineering")
    return {
        **describe_training(project, seed),
        "validation_days": engineering["validation_days"],
        "features": list(FEATURE_NAMES),
        "selection": {name: engineering["selection"][name] for name in chosen},
    }
