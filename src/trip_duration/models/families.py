"""The families by the name that parameters give them. Adding one takes its file and a line here."""

from __future__ import annotations

from collections.abc import Callable

from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.lookup import LookupTable
from trip_duration.params import ModellingParams, ModelType

FAMILIES: dict[str, type[Estimator]] = {
    family.family: family for family in (LookupTable, Linear, LightGBM)
}
_MAKERS: dict[ModelType, Callable[[ModellingParams], Estimator]] = {
    "lookup": lambda p: LookupTable(p.lookup.min_trips),
    "linear": lambda p: Linear(p.linear, p.objective, p.seed),
    "lightgbm": lambda p: LightGBM(p.lightgbm, p.objective, p.seed, p.num_threads),
}


def make_estimator(params: ModellingParams) -> Estimator:
    """Return an unfitted estimator of the family and with the settings that parameters name."""
    return _MAKERS[params.model_type](params)
