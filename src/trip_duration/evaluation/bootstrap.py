"""How sure a difference between two models is, when the trips of a day are not independent.

A day's weather, traffic and events are common to its trips, so that whole days are drawn again, not
trips. Source: the block bootstrap, Künsch, The jackknife and the bootstrap for general stationary
observations, 1989; percentile intervals as in Efron and Tibshirani, An Introduction to the
Bootstrap, 1993.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Difference(NamedTuple):
    """A difference of mean absolute errors, minutes.

    Attributes:
        estimate: First less second, over all trips.
        lower: Lower end of its interval.
        upper: Upper end.
    """

    estimate: float
    lower: float
    upper: float

    @property
    def is_told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.lower > 0 or self.upper < 0


def draw_days(days: int, replicates: int, seed: int) -> Floats:
    """Draw days with replacement, as often as there are days.

    Returns:
        How often each day was drawn, shape ``(replicates, days)``.
    """
    random = np.random.default_rng(seed)
    return random.multinomial(days, np.full(days, 1 / days), size=replicates).astype(np.float64)


def bootstrap_difference(
    trips: Floats, first: Floats, second: Floats, draws: Floats, confidence: float
) -> Difference:
    """Bound the difference of two mean absolute errors on the same trips.

    Both are resampled by the same days: what makes a day hard is hard for both.

    Args:
        trips: Trips of each day, shape ``(days,)``.
        first: Sum of absolute errors of each day by the first model, minutes.
        second: By the second model.
        draws: What ``draw_days`` returned.
        confidence: Share of such intervals that hold the true difference.
    """
    lost = first - second
    means = (draws @ lost) / (draws @ trips)
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return Difference(float(lost.sum() / trips.sum()), float(lower), float(upper))
