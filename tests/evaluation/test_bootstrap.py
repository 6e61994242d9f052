"""Differences are bounded by days that are drawn again."""

from __future__ import annotations

import numpy as np
import pytest

from trip_duration.evaluation.bootstrap import Difference, bootstrap_difference, draw_days


def test_as_many_days_are_drawn_as_there_are_and_the_same_again() -> None:
    draws = draw_days(7, 50, seed=3)
    assert draws.shape == (50, 7)
    assert (draws.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(draws, draw_days(7, 50, seed=3))
    assert not np.array_equal(draws, draw_days(7, 50, seed=4))


def test_the_difference_and_its_interval_are_exact() -> None:
    trips = np.array([1.0, 3.0])
    first, second = np.array([4.0, 6.0]), np.array([3.0, 9.0])
    # the first day twice, the second day twice, each once
    draws = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    found = bootstrap_difference(trips, first, second, draws, confidence=0.5)
    # means of the draws: 1, -1 and -0.5
    assert found.estimate == pytest.approx(-0.5)
    assert (found.lower, found.upper) == pytest.approx((-0.75, 0.25))
    assert not found.is_told_from_zero


def test_a_model_differs_from_itself_by_nothing() -> None:
    errors, draws = np.array([3.0, 5.0, 7.0]), draw_days(3, 100, 0)
    assert bootstrap_difference(np.ones(3), errors, errors, draws, 0.95) == (0, 0, 0)


@pytest.mark.parametrize(
    ("lower", "upper", "told"), [(0.1, 0.3, True), (-0.3, -0.1, True), (-0.1, 0.1, False)]
)
def test_an_interval_without_zero_is_told_from_it(lower: float, upper: float, told: bool) -> None:
    assert Difference(0.0, lower, upper).is_told_from_zero is told


def test_a_constant_difference_is_sure_however_much_days_differ() -> None:
    random = np.random.default_rng(1)
    trips = random.integers(50, 200, 30).astype(float)
    second = trips * random.uniform(2, 6, 30)
    found = bootstrap_difference(trips, second + 0.2 * trips, second, draw_days(30, 500, 0), 0.95)
    assert found == pytest.approx((0.2, 0.2, 0.2))


def test_intervals_hold_the_true_difference_as_often_as_they_say() -> None:
    """Trips share the luck of their day; 300 worlds with a true difference of 0.1 minutes."""
    random, held = np.random.default_rng(0), 0
    trips, draws = np.full(60, 100.0), draw_days(60, 400, 1)
    for _ in range(300):
        of_day = random.normal(0.1, 0.3, 60)
        of_trips = random.normal(0, 1.0, (60, 100)).sum(axis=1)
        found = bootstrap_difference(
            trips, of_day * trips + of_trips, np.zeros(60), draws, confidence=0.9
        )
        held += found.lower <= 0.1 <= found.upper
    assert 0.86 <= held / 300 <= 0.94
