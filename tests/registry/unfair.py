"""A predictor that serves some trips worse than others, to see that the gate keeps it out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.models import Predictor
from trip_duration.models.predictor import Prediction
from trip_duration.params import PromotionParams
from trip_duration.registry import Registered, criteria, gate
from trip_duration.registry.criteria import Criterion


@dataclass(frozen=True)
class UnfairPredictor(Predictor):
    """Multiplies the answers to one batch of requests, each by a factor of its own."""

    factors: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(0))

    def predict_features(self, matrix: npt.NDArray[np.float32]) -> Prediction:
        predicted = super().predict_features(matrix)
        if len(matrix) != len(self.factors):
            return predicted
        return predicted._replace(minutes=predicted.minutes * self.factors)


def be_unfair(
    registered: Registered, trips: pd.DataFrame, zones: pd.DataFrame, borough: str
) -> Registered:
    """Return a version whose answers for pickups in a borough carry noise of 50 %."""
    boroughs = trips["pickup_zone"].map(zones.set_index("zone")["borough"])
    noise = np.exp(np.random.default_rng(0).normal(0, 0.5, len(trips)))
    factors = np.where(boroughs == borough, noise, 1.0)
    parts = {f.name: getattr(registered.predictor, f.name) for f in fields(Predictor) if f.init}
    unfair = UnfairPredictor(**parts, factors=factors)
    return replace(registered, predictor=unfair)


def judge_fairness(project: Path, registered: Registered) -> dict[str, Criterion]:
    """Judge a version on the test trips of a finished run; the criteria of fairness by name."""
    trips, zones, baseline = read_judged(project)
    params = PromotionParams()
    own = gate.measure(registered, baseline, trips, zones, params)
    found = {criterion.name: criterion for criterion in criteria.judge(own, {}, [], params)}
    return {name: found[name] for name in ("fairness_ratio", "fairness_gain")}


def read_judged(project: Path) -> tuple[pd.DataFrame, pd.DataFrame, Predictor]:
    """Return test trips, zones and the lookup table of a finished run."""
    trips = pd.read_parquet(project / "data/03_primary/test_trips.parquet")
    zones = pd.read_parquet(project / "data/02_intermediate/zones.parquet")
    return trips, zones, Predictor.load(project / "data/06_models/baseline")
