"""The families by the name that parameters give them. Adding one takes its file and a line here."""

from __future__ import annotations

from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.lookup import LookupTable
from trip_duration.models.random_forest import RandomForest
from trip_duration.models.xgboost import XGBoost
from trip_duration.params import ModellingParams

FAMILIES: dict[str, type[Estimator]] = {
    family.family: family for family in (LookupTable, Linear, RandomForest, XGBoost, LightGBM)
}


def make_estimator(params: ModellingParams) -> Estimator:
    """Return an unfitted estimator of the family and with the settings that parameters name."""
    return FAMILIES[params.model_type].from_params(params)
