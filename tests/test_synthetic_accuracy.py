"""Accuracy on the synthetic city: a bound that holds where there are no real months.

The figures of ``kedro run --env test`` with the seeds 0 to 4 are 3.873 to 3.883 minutes without
distance and 3.290 to 3.312 with it; the lookup table has 6.435. The bounds leave more than 1 % for
other machines. Without the features of the zones it is 3.958 without distance, without those of
history 3.398 with distance. Those of the calendar and of the request are in part told by history
again: without them it is 3.910 and 3.304, so that it is also asked whether each group is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trip_duration.features.transformer import FEATURES

MOST_MINUTES = {"request": 3.93, "request_with_distance": 3.355}
MOST_OF_TABLE = {"request": 0.611, "request_with_distance": 0.522}
GROUPS = {feature.source for feature in FEATURES}
UP_TO_METRICS = ["feature_engineering", "modelling", "reporting"]


def find_shortfalls(project: Path) -> set[str]:
    """Return every bound that the last run of a project breaks."""
    test = read(project, "08_reporting/metrics.json")["test"]
    kept = set(read(project, "04_feature/feature_selection.json")["kept"])
    table = test["baseline"]["mae"]
    checks = {
        **{f"minutes {kind}": test[kind]["mae"] <= most for kind, most in MOST_MINUTES.items()},
        **{f"share {kind}": test[kind]["mae"] / table <= s for kind, s in MOST_OF_TABLE.items()},
        **{
            f"group {group}": any(f.name in kept for f in FEATURES if f.source == group)
            for group in GROUPS
        },
    }
    return {name for name, kept_bound in checks.items() if not kept_bound}


def read(project: Path, name: str) -> Any:
    return json.loads((project / "data" / name).read_text())


def test_the_default_run_keeps_every_bound(finished_run: Path) -> None:
    assert {"calendar", "zones", "history", "request"} == GROUPS
    assert find_shortfalls(finished_run) == set()


@pytest.mark.parametrize(
    ("group", "shortfalls"),
    [
        ("zones", {"group zones", "minutes request", "share request"}),
        (
            "history",
            {"group history", "minutes request_with_distance", "share request_with_distance"},
        ),
        ("calendar", {"group calendar"}),
        ("request", {"group request"}),
    ],
)
def test_a_group_of_features_that_is_missing_breaks_a_bound(
    with_data: Callable[[], Path], run_kedro: Any, group: str, shortfalls: set[str]
) -> None:
    project = with_data()
    sources = " ".join(sorted(GROUPS - {group}))
    params = {
        "feature_engineering": {"selection": {"sources": sources}},
        "promotion": {"register_runs": False},
    }
    run_kedro(project, params, pipeline_names=UP_TO_METRICS, to_nodes=["compute_metrics"])
    assert find_shortfalls(project) == shortfalls
