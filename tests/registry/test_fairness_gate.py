"""Fairness in the gate, by a predictor of the synthetic city and its unfair twins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.unfair import be_unfair, judge_fairness, read_judged
from trip_duration.registry import Registered, Registry


@pytest.fixture(scope="module")
def registered(finished_run: Path) -> Registered:
    return Registry(f"sqlite:///{finished_run}/data/mlflow.db").load("challenger")


def test_a_good_model_passes_with_room(finished_run: Path, registered: Registered) -> None:
    found = judge_fairness(finished_run, registered)
    ratio, gain = found["fairness_ratio"], found["fairness_gain"]
    assert ratio.passed
    assert gain.passed
    assert ratio.figure is not None
    assert ratio.figure < 1.4 < ratio.bound
    assert gain.figure is not None
    assert gain.figure > 0.15 > gain.bound


@pytest.mark.parametrize("borough", ["Manhattan", "Brooklyn", "Queens"])
def test_noise_for_the_pickups_of_one_borough_does_not_pass(
    finished_run: Path, registered: Registered, borough: str
) -> None:
    trips, zones, _ = read_judged(finished_run)
    ratio = judge_fairness(finished_run, be_unfair(registered, trips, zones, borough))
    assert not ratio["fairness_ratio"].passed
    assert borough in ratio["fairness_ratio"].words
