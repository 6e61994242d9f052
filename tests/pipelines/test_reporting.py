from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.plotly import JSONDataset

from tests.manifests import record_of
from trip_duration.errors import DataError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.lookup import COLUMNS, LookupTable
from trip_duration.params import (
    DataProcessingParams,
    FeatureEngineeringParams,
    IngestionParams,
    ModellingParams,
    ReportingParams,
)
from trip_duration.pipelines.reporting import create_pipeline
from trip_duration.pipelines.reporting.facts import describe_run
from trip_duration.pipelines.reporting.nodes import (
    compute_metrics,
    find_worst_slices,
    measure_fairness,
    measure_slices,
)

MONTHS = {"train_months": "2023-01..2023-02", "test_months": "2023-03"}
ZONES = pd.DataFrame(
    {
        "zone": [1, 2],
        "name": ["Park", "Square"],
        "borough": ["Bronx", "Queens"],
        "airport": [False, False],
        "x": [0.0, 5280.0],
        "y": [0.0, 0.0],
        "longitude": [-74.0, -73.9],
        "latitude": [40.7, 40.7],
        "area": [1.0, 1.0],
    }
)
RING = [[-74.0, 40.7], [-74.0, 40.8], [-73.9, 40.8], [-74.0, 40.7]]
OUTLINES = {
    "type": "FeatureCollection",
    "features": [
        {"id": 1, "geometry": {"type": "Polygon", "coordinates": [RING]}},
        {"id": 2, "geometry": {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}},
    ],
}
QUALITY = {
    "service": "green",
    "months": {
        month: {
            "rows_read": 10,
            "rows_kept": 8,
            "rejected": {"too_short": 2, "refund": 0},
            "distance_made_null": 1,
            "median_duration": 12.0,
        }
        for month in ("2023-01", "2023-02", "2023-03")
    },
    "failures": [],
}
MANIFEST = {
    "service": "green",
    "months": {
        f"2023-0{n}": record_of(f"2023-0{n}", f"{n}" * 64, "https://example.org/tlc")
        for n in (1, 2, 3)
    },
    "zones": {"taxi_zones.zip": {"sha256": "f" * 64}},
}


@pytest.fixture
def predictions() -> pd.DataFrame:
    rows = [
        ("train", "2023-01-02 08:00", 1, 2, 10.0, 11.0, 10.0, 14.0),
        ("train", "2023-01-03 09:00", 2, 1, 20.0, 18.0, 20.0, 14.0),
        ("validation", "2023-02-25 10:00", 1, 1, 10.0, 12.0, 11.0, 13.0),
        ("validation", "2023-02-26 10:00", 1, 2, 12.0, 12.0, 11.0, 16.0),
        ("test", "2023-03-06 08:00", 1, 2, 10.0, 13.0, 11.0, 15.0),
        ("test", "2023-03-06 08:30", 1, 2, 20.0, 19.0, 20.0, 15.0),
        ("test", "2023-03-07 17:00", 2, 1, 30.0, 22.0, 27.0, 14.0),
    ]
    columns = ["split", "pickup_datetime", "pickup_zone", "dropoff_zone", "duration_minutes"]
    frame = pd.DataFrame(
        rows, columns=[*columns, "request", "request_with_distance", "baseline"]
    ).assign(trip_distance=1.0)
    # half a minute to either side without a distance, five minutes with one
    ends = {
        f"{name}_{end}": frame[name] + side * wide
        for name, wide in (("request", 0.5), ("request_with_distance", 5.0))
        for end, side in (("lower", -1), ("upper", 1))
    }
    return frame.assign(**ends).astype({"pickup_datetime": "datetime64[us]"})


@pytest.fixture
def predictor(predictions: pd.DataFrame) -> Predictor:
    requests = predictions.rename(columns={"trip_distance": "route_distance"})
    minutes = predictions["duration_minutes"].to_numpy()
    transformer = FeatureTransformer(ZONES, folds=2).fit(requests, minutes).select(COLUMNS)
    table = LookupTable().fit(
        transformer.transform(requests), minutes, feature_names=transformer.selected_
    )
    facts = {
        "source": "real",
        "service": "green",
        "train_months": ["2023-01", "2023-02"],
        "test_months": ["2023-03"],
        "validation_days": 7,
        "presentation": "both",
        "refit": True,
        "data_digest": "d1" * 32,
        "seed": 3,
        "objective": "absolute_error",
    }
    return Predictor(transformer, table, 1.0, facts)


def _groups(**modelling: Any) -> dict[str, Any]:
    months = {"service": "green", **MONTHS}
    return {
        "ingestion": IngestionParams.model_validate(
            {**months, "source_root": "https://example.org/tlc"}
        ),
        "data_processing": DataProcessingParams.model_validate(months),
        "feature_engineering": FeatureEngineeringParams.model_validate(MONTHS),
        "modelling": ModellingParams.model_validate({"model_type": "lightgbm", **modelling}),
    }


def test_metrics_have_every_split_and_presentation(predictions: pd.DataFrame) -> None:
    metrics = compute_metrics(predictions)
    assert list(metrics) == ["test", "validation", "train"]
    assert {tuple(block) for block in metrics.values()} == {
        ("request", "request_with_distance", "baseline")
    }
    test = metrics["test"]
    assert [test[name]["mae"] for name in test] == pytest.approx([4.0, 4 / 3, 26 / 3])
    assert [block["request"]["n"] for block in metrics.values()] == [3, 2, 2]
    assert metrics["validation"]["request"]["bias"] == pytest.approx(1.0)
    assert (test["request"]["coverage"], test["request"]["mean_width"]) == (0.0, 1.0)
    assert test["request_with_distance"]["coverage"] == 1.0
    assert "coverage" not in test["baseline"]


def test_slices_are_of_test_trips_alone(predictions: pd.DataFrame) -> None:
    slices = measure_slices(predictions, ZONES, ReportingParams(min_slice=2))
    assert [(s["pickup_name"], s["trips"], s["mae"]) for s in slices["pickup_zone"]] == [
        ("Park", 2, 2.0)
    ]
    assert [(s["weekday"], s["hour"]) for s in slices["weekday_hour"]] == [(0, 8)]
    assert slices["duration"] == []
    assert slices["airport"][0]["coverage_with_distance"] == 1.0


def test_worst_slices_come_with_examples(predictions: pd.DataFrame) -> None:
    params = ReportingParams(min_slice=1, worst_min_trips=1)
    slices = measure_slices(predictions, ZONES, params)
    metrics = compute_metrics(predictions)
    worst = find_worst_slices(predictions, ZONES, slices, metrics, params)
    assert worst["min_trips"] == 1
    # all that sets the trip of Tuesday apart loses the same four minutes
    assert {record["lost"] for record in worst["slices"]} == {4.0}
    assert worst["slices"][0]["name"] == "Tuesday 17:00"
    assert [e["pickup_datetime"] for e in worst["slices"][0]["examples"]] == [
        "2023-03-07 17:00"
    ] * 3
    assert json.loads(json.dumps(worst)) == worst


def test_fairness_is_between_boroughs_of_pickup(predictions: pd.DataFrame) -> None:
    params = ReportingParams(min_slice=1, worst_min_trips=1)
    fairness = measure_fairness(measure_slices(predictions, ZONES, params), params)
    gap = fairness["disparity"]["mae"]
    assert (gap["best"]["borough"], gap["worst"]["borough"], gap["gap"]) == ("Bronx", "Queens", 6.0)
    assert json.loads(json.dumps(fairness)) == fairness


def test_run_facts_come_from_the_predictor(predictor: Predictor) -> None:
    facts = describe_run(predictor, MANIFEST, **_groups())
    assert facts["sha256"] == predictor.sha256
    assert (facts["family"], facts["floor"], facts["ceiling"]) == ("lookup", 1.0, None)
    assert [feature["name"] for feature in facts["features"]] == list(
        predictor.transformer.selected_
    )
    assert facts["facts"]["data_digest"] == "d1" * 32
    assert facts["rules"]["max_duration"] == 180.0
    assert facts["coverage"] is None
    assert json.loads(json.dumps(facts)) == facts


def test_command_names_choices_of_the_predictor_and_what_differs_from_the_defaults(
    predictor: Predictor,
) -> None:
    groups = _groups(lightgbm={"num_trees": 300}, objective="squared_error")
    assert describe_run(predictor, MANIFEST, **groups)["command"] == (
        'kedro run --params "source_root=https://example.org/tlc,service=green,'
        "train_months=2023-01..2023-02,test_months=2023-03,model_type=lookup,seed=3,"
        'modelling.objective=squared_error,modelling.lightgbm.num_trees=300"'
    )


def test_command_names_the_city_where_trips_are_made_up(predictor: Predictor) -> None:
    city = {"source_root": "synthetic", "city": {"trips": 500, "seed": 7}, "attempts": 2}
    groups = _groups()
    groups["ingestion"] = IngestionParams.model_validate({"service": "green", **MONTHS, **city})
    months = {month: record_of(month, "a" * 64) for month in MANIFEST["months"]}
    made_up = replace(predictor, facts={**predictor.facts, "source": "synthetic"})
    command = describe_run(made_up, {**MANIFEST, "months": months}, **groups)["command"]
    assert "ingestion.city.trips=500,ingestion.city.seed=7" in command
    assert "attempts" not in command


def test_facts_of_a_run_carry_the_source_of_the_records(predictor: Predictor) -> None:
    facts = describe_run(predictor, MANIFEST, **_groups())
    assert (facts["source"], facts["source_root"]) == ("real", "https://example.org/tlc")
    assert facts["facts"]["source"] == "real"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_root": "synthetic"}, "source_root: the parameters say synthetic"),
        ({"service": "yellow"}, "service: the parameters say yellow"),
    ],
)
def test_a_run_is_not_described_by_parameters_of_other_data(
    predictor: Predictor, changes: dict[str, str], words: str
) -> None:
    groups = _groups()
    values = {**groups["ingestion"].model_dump(), **changes}
    groups["ingestion"] = IngestionParams.model_validate(values)
    with pytest.raises(DataError, match=words):
        describe_run(predictor, MANIFEST, **groups)


def test_a_run_is_not_described_by_months_that_its_predictor_has_not_learnt_from(
    predictor: Predictor,
) -> None:
    groups = _groups()
    other = {**MONTHS, "test_months": "2023-04"}
    groups["feature_engineering"] = FeatureEngineeringParams.model_validate(other)
    with pytest.raises(DataError, match="test_months: the parameters say 2023-04"):
        describe_run(predictor, MANIFEST, **groups)


def test_a_predictor_of_made_up_trips_is_not_described_with_real_months(
    predictor: Predictor,
) -> None:
    made_up = replace(predictor, facts={**predictor.facts, "source": "synthetic"})
    with pytest.raises(
        DataError, match="learnt from synthetic months, the months at hand are real"
    ):
        describe_run(made_up, MANIFEST, **_groups())
    older = {name: fact for name, fact in predictor.facts.items() if name != "source"}
    assert describe_run(replace(predictor, facts=older), MANIFEST, **_groups())["source"] == "real"


@pytest.mark.parametrize("min_slice", [1, 1000])
def test_pipeline_makes_every_report_in_memory(
    tmp_path: Path, predictions: pd.DataFrame, predictor: Predictor, min_slice: int
) -> None:
    given: dict[str, Any] = {
        "predictions": predictions,
        "predictor": predictor,
        "zones": ZONES,
        "zone_outlines": OUTLINES,
        "learning_curve": {
            "loss": "absolute_error",
            "train": [],
            "validation": [],
            "best_round": 0,
        },
        "data_quality": QUALITY,
        "raw_manifest": MANIFEST,
        "explanation": {
            "sha256": predictor.sha256,
            "explained": 4,
            "permuted": 5,
            "strongest": ["hour"],
            "importance": {"gain": {"hour": 1.0}, "contribution": {"hour": 2.0}},
        },
        **{f"{name}_report": {} for name in ("behaviour", "tuning", "backtest", "comparison")},
        "params:reporting": ReportingParams(min_slice=min_slice),
        **{f"params:{name}": group for name, group in _groups().items()},
    }
    pipeline = create_pipeline()
    assert pipeline.inputs() == set(given)
    catalog = DataCatalog({name: MemoryDataset(data) for name, data in given.items()})
    reports = {name for name in pipeline.outputs() if name.startswith("report_")}
    for name in reports:
        catalog[name] = JSONDataset(filepath=f"{tmp_path}/{name}.json")
    SequentialRunner().run(pipeline, catalog)
    assert {path.stem for path in tmp_path.iterdir()} == reports
    assert len(reports) == 9
    assert all(catalog.load(name).layout.title.text for name in reports)


def test_pipeline_s_names_and_outputs() -> None:
    pipeline = create_pipeline()
    assert all(node.name == node.func.__name__ for node in pipeline.nodes)
    assert pipeline.outputs() == {
        "model_card",
        "report_predicted_against_actual",
        "report_error_distribution",
        "report_error_by_hour",
        "report_error_by_borough_pair",
        "report_error_map",
        "report_interval_coverage",
        "report_feature_importance",
        "report_learning_curve",
        "report_data_quality",
    }


def test_plotly_is_not_imported_before_a_figure_is_drawn() -> None:
    code = (
        "import sys, typing; from trip_duration.pipelines import reporting; "
        "hints = [typing.get_type_hints(n.func) for n in reporting.create_pipeline().nodes]; "
        "print('plotly' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
