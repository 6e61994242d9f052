"""The families by the name that parameters give them. Adding one takes its file and a line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from trip_duration.models.estimator import Estimator
from trip_duration.params import ModellingParams


class _Families(Mapping[str, type[Estimator]]):
    """Classes by name, each imported when it is first asked for: its library may take seconds."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> type[Estimator]:
        module, _, of_class = self._places[name].partition(":")
        family: type[Estimator] = getattr(import_module(f"trip_duration.models.{module}"), of_class)
        return family

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


FAMILIES = _Families(
    {
        "lookup": "lookup:LookupTable",
        "linear": "linear:Linear",
        "random_forest": "random_forest:RandomForest",
        "xgboost": "xgboost:XGBoost",
        "lightgbm": "lightgbm:LightGBM",
    }
)


def make_estimator(params: ModellingParams) -> Estimator:
    """Return an unfitted estimator of the family and with the settings that parameters name."""
    return FAMILIES[params.model_type].from_params(params)
