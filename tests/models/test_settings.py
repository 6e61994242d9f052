"""Settings that an estimator names are those that its library has trained with."""

from __future__ import annotations

import re
from typing import Any

import pytest
import xgboost as xgb

from tests.models.small_families import LIGHTGBM, NAMES, XGBOOST, make_families, make_rows
from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.random_forest import RandomForest
from trip_duration.models.xgboost import XGBoost
from trip_duration.params import LinearParams, RandomForestParams

# names by which LightGBM's model file has them
SPELT = {"num_boost_round": "num_iterations"}


def fit(estimator: Estimator) -> Estimator:
    matrix, minutes = make_rows()
    return estimator.fit(matrix, minutes, eval_set=make_rows(seed=1), feature_names=NAMES)


@pytest.mark.parametrize("quantile", [None, 0.05])
def test_lightgbm_writes_the_same_settings_into_its_model(quantile: float | None) -> None:
    model = fit(LightGBM(LIGHTGBM, seed=3, quantile=quantile))
    assert isinstance(model, LightGBM)
    written = dict(re.findall(r"^\[(\w+): (.*)\]$", model.text_, re.MULTILINE))
    settings = model.settings()
    assert {"objective", "metric", "bagging_freq", "deterministic", "num_threads"} <= set(settings)
    # that is a callback, which the model file does not have
    assert settings.pop("early_stopping_rounds") == LIGHTGBM.early_stopping_rounds
    for name, value in settings.items():
        found = written[SPELT.get(name, name)]
        if name in {"objective", "metric"}:
            assert found in {"l1": {"regression_l1", "l1"}}.get(value, {value}), name
        else:
            assert float(found) == float(value), name


def test_xgboost_is_given_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    train = xgb.train

    def noted(params: dict[str, Any], *rest: Any, **more: Any) -> Any:
        given.update(params)
        given["num_boost_round"] = more["num_boost_round"]
        given["early_stopping_rounds"] = more["early_stopping_rounds"]
        return train(params, *rest, **more)

    monkeypatch.setattr(xgb, "train", noted)
    model = fit(XGBoost(XGBOOST, seed=3))
    assert model.settings() == given
    assert {"objective", "eval_metric", "tree_method", "grow_policy"} <= set(given)


def test_scikit_learns_families_name_what_the_code_fixes() -> None:
    forest = fit(RandomForest(RandomForestParams(n_estimators=3), seed=5))
    assert isinstance(forest, RandomForest)
    learnt = forest.forest_.get_params()
    settings = {k: v for k, v in forest.settings().items() if k not in {"target", "n_jobs"}}
    assert settings == {name: learnt[name] for name in settings}
    assert forest.settings()["target"] == "log_minutes"
    linear = Linear(LinearParams(alpha=1e-3), objective="squared_error").settings()
    assert (linear["loss"], linear["average"], linear["n_iter_no_change"]) == (
        "squared_error",
        True,
        3,
    )


@pytest.mark.parametrize("estimator", make_families(), ids=lambda estimator: estimator.family)
def test_every_parameter_of_a_family_is_among_its_settings(estimator: Estimator) -> None:
    own = estimator.get_params()
    params = own["params"].model_dump() if "params" in own else own
    values = list(estimator.settings().values())
    assert all(value in values for value in params.values())
