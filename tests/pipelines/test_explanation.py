from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.plotly import JSONDataset

from tests.features.small_city import fitted, make_trips, trips, zones
from trip_duration.features import FeatureTransformer, requests_of
from trip_duration.models import Predictor
from trip_duration.models.lightgbm import LightGBM
from trip_duration.params import ExplanationParams, LightGBMParams
from trip_duration.pipelines.explanation import create_pipeline
from trip_duration.pipelines.explanation.figures import (
    draw_dependence,
    draw_importance,
    draw_shap_summary,
    spread_dots,
)
from trip_duration.pipelines.explanation.nodes import explain_predictions, measure_importance
from trip_duration.schemas import Contributions

__all__ = ["fitted", "trips", "zones"]
PARAMS = ExplanationParams(explained_rows=40, permuted_rows=50)


@pytest.fixture
def predictor(fitted: FeatureTransformer, trips: pd.DataFrame) -> Predictor:
    matrix = fitted.transform(trips)
    estimator = LightGBM(LightGBMParams(num_trees=20, num_leaves=7, min_data_in_leaf=5))
    estimator.fit(matrix, trips["duration_minutes"], feature_names=fitted.selected_)
    return Predictor(fitted, estimator, 1.0)


@pytest.fixture
def later() -> pd.DataFrame:
    drawn = make_trips(100, seed=1, first_day="2023-02-06")
    return drawn.rename(columns={"route_distance": "trip_distance"})


@pytest.fixture
def contributions(later: pd.DataFrame, predictor: Predictor) -> pd.DataFrame:
    return explain_predictions(later, predictor, PARAMS)


def test_every_explained_request_has_a_row_for_each_feature(
    contributions: pd.DataFrame, predictor: Predictor
) -> None:
    Contributions.validate(contributions)
    names = list(predictor.transformer.selected_)
    assert contributions["request"].nunique() == 34
    for _, rows in contributions.groupby("request"):
        assert rows["feature"].tolist() == names


def test_every_other_request_has_its_distance(
    contributions: pd.DataFrame, later: pd.DataFrame
) -> None:
    miles = contributions[contributions["feature"] == "route_distance"]
    assert miles["with_distance"].tolist() == [False, True] * 17
    given = miles["value"].to_numpy()
    assert np.isnan(given[::2]).all()
    assert given[1::2] == pytest.approx(later["trip_distance"].iloc[3::6], rel=1e-6)


def test_contributions_with_the_expected_duration_are_the_prediction(
    contributions: pd.DataFrame, later: pd.DataFrame, predictor: Predictor
) -> None:
    known = requests_of(later.iloc[::3])
    explanation = predictor.explain(known)
    parts = contributions.groupby("request")["contribution"].sum().to_numpy()
    minutes = contributions.groupby("request")["minutes"].first().to_numpy()
    assert minutes[1::2] == pytest.approx(predictor.predict(known).minutes[1::2])
    assert (minutes - parts)[1::2] == pytest.approx(explanation.base[1::2])


def test_importance_is_measured_in_three_ways(
    contributions: pd.DataFrame, later: pd.DataFrame, predictor: Predictor
) -> None:
    explanation = measure_importance(later, predictor, contributions, PARAMS)
    assert (explanation["explained"], explanation["permuted"]) == (34, 50)
    assert explanation["sha256"] == predictor.sha256
    importance = explanation["importance"]
    assert list(importance) == [
        "gain",
        "permutation",
        "permutation_with_distance",
        "contribution",
        "contribution_with_distance",
    ]
    assert importance["gain"] == predictor.estimator.importance()
    assert set(importance["permutation"]) == set(predictor.transformer.selected_)
    assert set(explanation["strongest"]) == set(predictor.transformer.selected_)
    assert json.loads(json.dumps(explanation)) == explanation


SMALL = pd.DataFrame(
    {
        "request": [0, 0, 1, 1],
        "pickup_datetime": pd.Timestamp("2023-02-06"),
        "with_distance": [False, False, True, True],
        "minutes": [12.0, 12.0, 20.0, 20.0],
        "feature": ["hour", "route_distance"] * 2,
        "value": [7.0, np.nan, 9.0, 4.0],
        "contribution": [1.0, 0.5, -2.0, 8.0],
    }
)


def test_summary_sets_the_strongest_feature_on_top_and_unknown_values_in_grey() -> None:
    figure = draw_shap_summary(SMALL)
    unknown, known = figure.data
    assert figure.layout.yaxis.ticktext == ("route_distance", "hour")
    assert (list(unknown.x), unknown.marker.color) == ([0.5], "#9A9A9A")
    assert list(known.x) == [8.0, 1.0, -2.0]
    # ranks among the known values of the same feature
    assert list(known.marker.color) == [1.0, 0.5, 1.0]
    assert unknown.customdata[0][1] == "not known"
    assert figure.layout.title.text == (
        "route_distance moves predictions most, by 4.2 minutes on average"
    )


def test_dots_of_one_value_are_set_aside_and_stay_in_their_row() -> None:
    assert spread_dots(pd.Series([0.0] * 5)).tolist() == pytest.approx([0, 0.2, -0.2, 0.4, -0.4])
    assert spread_dots(pd.Series([1.0, 2.0, 3.0])).tolist() == [0, 0, 0]


def test_dependence_has_a_panel_for_each_feature_without_unknown_values() -> None:
    figure = draw_dependence(SMALL)
    distance, known_distance, hour, known_hour = figure.data
    assert (list(distance.x), list(known_distance.x)) == ([], [4.0])
    assert (list(hour.x), list(hour.y)) == ([7.0], [1.0])
    assert (list(known_hour.x), known_hour.xaxis) == ([9.0], "x2")
    assert figure.layout.xaxis.title.text == "route_distance"
    assert figure.layout.yaxis2.title.text == ""
    assert figure.layout.title.text == (
        "route_distance, the strongest feature, adds +0.5 to +8.0 minutes to a prediction"
    )


def _explanation(**importance: dict[str, float]) -> dict[str, Any]:
    kinds = {
        "gain": {"hour": 0.25, "miles": 0.75},
        "permutation": {"hour": 0.5, "miles": 1.5},
        "contribution": {"hour": 1.0, "miles": 2.0},
    }
    return {"strongest": ["miles", "hour"], "importance": {**kinds, **importance}}


def test_importance_is_drawn_in_three_panels() -> None:
    figure = draw_importance(_explanation(permutation_with_distance={"hour": 0.1, "miles": 3.0}))
    assert [(bars.name, bars.xaxis, bars.x) for bars in figure.data] == [
        ("model as a whole", "x", (75.0, 25.0)),
        ("request", "x2", (1.5, 0.5)),
        ("request with distance", "x2", (3.0, 0.1)),
        ("request", "x3", (2.0, 1.0)),
    ]
    assert figure.layout.title.text == "miles is the strongest feature by all 4 measures"


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        (
            {"gain": {"hour": 0.75, "miles": 0.25}},
            "hour by gain; miles by permutation without distance, contribution without distance",
        ),
        # as on real months: what is drawn for requests with distance has another leader
        (
            {"permutation_with_distance": {"hour": 3.0, "miles": 1.0}},
            "miles by gain, permutation without distance, contribution without distance; "
            "hour by permutation with distance",
        ),
    ],
)
def test_title_looks_at_every_measure_that_is_drawn(
    changed: dict[str, dict[str, float]], title: str
) -> None:
    figure = draw_importance(_explanation(**changed))
    assert figure.layout.title.text == f"Strongest feature: {title}"


def test_pipeline_explains_in_memory(
    tmp_path: Path, later: pd.DataFrame, predictor: Predictor
) -> None:
    given = {"test_trips": later, "predictor": predictor, "params:explanation": PARAMS}
    pipeline = create_pipeline()
    assert pipeline.inputs() == set(given)
    catalog = DataCatalog({name: MemoryDataset(data) for name, data in given.items()})
    assert pipeline.outputs() == {"report_shap_summary", "report_dependence", "report_importance"}
    for name in pipeline.outputs():
        catalog[name] = JSONDataset(filepath=f"{tmp_path}/{name}.json")
    SequentialRunner().run(pipeline, catalog)
    assert all(catalog.load(name).layout.title.text for name in pipeline.outputs())


def test_plotly_is_not_imported_before_a_figure_is_drawn() -> None:
    code = (
        "import sys, typing; from trip_duration.pipelines import explanation; "
        "hints = [typing.get_type_hints(n.func) for n in explanation.create_pipeline().nodes]; "
        "print('plotly' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
